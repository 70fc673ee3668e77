"""What an experiment runs: conditions, often one for each choice of some options."""

import itertools
from typing import Any, Callable, Iterable, NamedTuple

from tf1_dnn.config import Config
from tf1_dnn.experiments.stepped import Settings


class Condition(NamedTuple):
    """What is run once per seed."""

    label: str
    config: Config  # its seed is replaced by the cell's
    settings: Settings


def grid(
    label: Callable[..., str], base: Config, settings: Settings, **options: Iterable[Any]
) -> list[Condition]:
    """A condition for each choice of one value of every option; the last varies fastest.

    `label` makes a condition's name of its values.
    """
    return [
        Condition(label(*choice), base.replace(**dict(zip(options, choice))), settings)
        for choice in itertools.product(*options.values())
    ]

"""What an experiment is made of: conditions, a measure, a table, claims with their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Sequence

from tf1_dnn.experiments.conditions import Condition, Settings
from tf1_dnn.experiments.tables import Row
from tf1_dnn.experiments.verdicts import Verdict

if TYPE_CHECKING:  # it imports TensorFlow
    from tf1_dnn.experiments.stepped import SteppedRun

Measured = dict[str, Any]  # what one cell gave: quantity → number, or list of numbers
Values = Mapping[str, Mapping[str, Sequence[Any]]]  # condition → quantity → one entry per seed


class Claim(NamedTuple):
    """Something that the post says, and the rule that decides on it, made before any figure."""

    sentence: str
    rule: str
    judge: Callable[[Values], Verdict]  # the rule as a function


class Experiment(NamedTuple):
    """One module of this package makes one of these."""

    name: str
    title: str
    setup: str  # network, data and steps, in a sentence or two
    conditions: Callable[[bool], list[Condition]]  # of the quick form, or of the full one
    measure: Callable[[SteppedRun, Settings], Measured]  # of one cell, from its first step
    rows: Callable[[Values], list[Row]]
    claims: tuple[Claim, ...]
    draw: Callable[[Values], Any]  # a matplotlib figure


class Result(NamedTuple):
    """An experiment's figures, and what follows from them by its rules."""

    experiment: Experiment
    values: Values
    rows: list[Row]
    verdicts: list[Verdict]  # one per claim, in their order

    @property
    def name(self) -> str:
        """The experiment's."""
        return self.experiment.name


def conclude(experiment: Experiment, values: Values) -> Result:
    """Rows and verdicts of the values measured."""
    verdicts = [claim.judge(values) for claim in experiment.claims]
    return Result(experiment, values, experiment.rows(values), verdicts)

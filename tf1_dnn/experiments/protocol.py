"""What an experiment is made of: conditions, a measure, rows to print, claims with their rules."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Sequence

from tf1_dnn.config import Config
from tf1_dnn.data import Splits
from tf1_dnn.experiments.estimates import Estimate, difference, estimate

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"

Measured = dict[str, Any]  # what one cell gave: quantity → number, or list of numbers
Values = Mapping[str, Mapping[str, Sequence[Any]]]  # condition → quantity → one entry per seed


class Condition(NamedTuple):
    """What is run once per seed."""

    label: str
    config: Config  # its seed is replaced by the cell's
    settings: Mapping[str, Any]  # n_train (images drawn by the seed), and what `measure` needs


class Verdict(NamedTuple):
    word: str  # HOLDS, FAILS or UNDECIDED
    because: str  # the figures that decided


class Claim(NamedTuple):
    """Something that the post says, and the rule that decides on it, made before any figure."""

    sentence: str
    rule: str
    judge: Callable[[Values], Verdict]  # the rule as a function


class Row(NamedTuple):
    """A line of the table: a quantity under a condition, beside its control where it has one."""

    quantity: str  # with its unit
    form: str  # of its numbers
    condition: str
    value: Estimate
    control: str = ""
    control_value: Estimate | None = None
    difference: Estimate | None = None  # paired by seed: value − control


class Experiment(NamedTuple):
    """One module of this package makes one of these."""

    name: str
    title: str
    setup: str  # network, data and steps, in a sentence or two
    conditions: Callable[[bool], list[Condition]]  # of the quick form, or of the full one
    measure: Callable[[Config, Splits, Mapping[str, Any]], Measured]  # runs one cell
    rows: Callable[[Values], list[Row]]
    claims: tuple[Claim, ...]
    draw: Callable[[Values], Any]  # a matplotlib figure


class Result(NamedTuple):
    """An experiment's figures, and what follows from them by its rules."""

    name: str
    values: Values
    rows: list[Row]
    verdicts: list[Verdict]  # one per claim, in their order

    @property
    def experiment(self) -> Experiment:
        """What was run: title, setup, claims with sentence and rule."""
        from tf1_dnn.experiments import EXPERIMENTS

        return EXPERIMENTS[self.name]


def conclude(experiment: Experiment, values: Values) -> Result:
    """Rows and verdicts of the values measured."""
    verdicts = [claim.judge(values) for claim in experiment.claims]
    return Result(experiment.name, values, experiment.rows(values), verdicts)


def make_row(
    quantity: tuple[str, str],
    condition: str,
    values: Sequence[float],
    control: str = "",
    control_values: Sequence[float] | None = None,
) -> Row:
    """A row of values, one per seed; `quantity` is its name with the unit, and its format."""
    if control_values is None:
        return Row(*quantity, condition, estimate(values))
    compared = estimate(control_values), difference(values, control_values)
    return Row(*quantity, condition, estimate(values), control, *compared)


def exceeds(value: Estimate, bound: float = 0.0) -> str:
    """HOLDS if the interval lies above the bound, FAILS if nothing of it does, else UNDECIDED."""
    if value.low > bound:
        return HOLDS
    return UNDECIDED if value.high > bound else FAILS


def all_of(*words: str) -> str:
    """FAILS if one does, HOLDS if all do, else UNDECIDED."""
    if FAILS in words:
        return FAILS
    return UNDECIDED if UNDECIDED in words else HOLDS

"""What an experiment is made of: conditions, a measure, rows to print, claims with their rules."""

from typing import Any, Callable, Iterable, Mapping, NamedTuple, Sequence

from tf1_dnn.experiments.conditions import Condition
from tf1_dnn.experiments.estimates import Estimate, Numbers, difference, estimate
from tf1_dnn.experiments.stepped import Measured, Settings, SteppedRun

Values = Mapping[str, Mapping[str, Sequence[Any]]]  # condition → quantity → one entry per seed


QUICK = "quick: not a verdict"  # too few seeds, steps and conditions for the rules


class Verdict(NamedTuple):
    word: str  # HOLDS, FAILS or UNDECIDED; QUICK
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
    measure: Callable[[SteppedRun, Settings], Measured]  # of one cell, from its first step
    rows: Callable[[Values], Iterable[Row]]
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


def conclude(experiment: Experiment, values: Values, *, quick: bool = False) -> Result:
    """Rows and verdicts of the values measured; the quick form decides nothing."""
    verdicts = [claim.judge(values) for claim in experiment.claims]
    if quick:
        verdicts = [verdict._replace(word=QUICK) for verdict in verdicts]
    return Result(experiment, values, list(experiment.rows(values)), verdicts)


def make_row(quantity: tuple[str, str], sides: Mapping[str, Numbers]) -> Row:
    """A row of values, one per seed.

    Args:
      quantity: its name with the unit, and its format.
      sides: the condition's name and values, then its control's, unless it is the control.
    """
    (condition, values), *controls = sides.items()
    row = Row(*quantity, condition, estimate(values))
    for name, beside in controls:
        row = row._replace(
            control=name, control_value=estimate(beside), difference=difference(values, beside)
        )
    return row

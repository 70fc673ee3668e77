"""Section 1.3, third point: with batch norm, gradient descent converges at high learning rates."""

from typing import Any, Iterator

import numpy as np

from tf1_dnn.config import Config
from tf1_dnn.experiments import figures, pairs
from tf1_dnn.experiments.conditions import Condition, grid
from tf1_dnn.experiments.estimates import difference, estimate, exceeds
from tf1_dnn.experiments.pairs import BOTH, LEGEND, WITH, WITHOUT, WORD
from tf1_dnn.experiments.protocol import Claim, Experiment, Row, Values, Verdict, make_row
from tf1_dnn.experiments.stepped import final_accuracy

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
QUICK = (0.01, 0.1, 1.0, 10.0)
CONVERGED = 0.9  # validation accuracy

ACCURACY = ("validation accuracy", ".4f")
HIGHEST = ("highest rate that converges (log₁₀)", ".2f")
WIDTH = ("rates that converge (number of those tried)", ".1f")


def label(rate: float, batch_norm: bool) -> str:
    return f"rate {rate:g}, {WORD[batch_norm]}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(loss_reduction="mean", shuffle_offset=0)
    settings = dict(n_train=5_000, n_steps=200) if quick else dict(n_train=10_000, n_steps=400)
    return grid(label, base, settings, learning_rate=QUICK if quick else RATES, batch_norm=BOTH)


def rates(values: Values) -> list[float]:
    """Those that were tried, rising."""
    return [rate for rate in RATES if label(rate, WITH) in values]


def converge(values: Values, batch_norm: bool) -> np.ndarray:
    """Which of the rates tried converge, bool `[rates, seeds]`."""
    accuracies = [values[label(rate, batch_norm)]["accuracy"] for rate in rates(values)]
    return np.array(accuracies) >= CONVERGED


def highest(values: Values, batch_norm: bool) -> np.ndarray:
    """log₁₀ of the highest rate that converges, per seed; half a decade below all if none does."""
    tried = np.array(rates(values))[:, np.newaxis]
    found = np.where(converge(values, batch_norm), tried, tried[0] / 10**0.5)
    return np.log10(found.max(axis=0))


def width(values: Values, batch_norm: bool) -> np.ndarray:
    """How many of the rates tried converge, per seed."""
    return converge(values, batch_norm).sum(axis=0)


def rows(values: Values) -> Iterator[Row]:
    for both in pairs.labels(values):
        yield make_row(ACCURACY, {name: values[name]["accuracy"] for name in both})
    for quantity, count in ((HIGHEST, highest), (WIDTH, width)):
        yield make_row(quantity, {WORD[each]: count(values, each) for each in BOTH})


def judge(values: Values) -> Verdict:
    """The rule below."""
    gain = difference(highest(values, WITH), highest(values, WITHOUT))
    both = [10 ** estimate(highest(values, each)).mean for each in BOTH]
    told = f"up to {both[0]:.2g} with batch norm and {both[1]:.2g} without (geometric means)"
    return Verdict(exceeds(gain), f"{told}, {gain.text('.2f')} decades more")


def draw(values: Values) -> Any:
    figure, (axes,) = figures.panels(1, width=6.4, height=4.2)
    tried = rates(values)
    accuracies = {
        LEGEND[each]: [values[label(rate, each)]["accuracy"] for rate in tried] for each in BOTH
    }
    figures.lines(axes, tried, accuracies)
    figures.level(axes, CONVERGED, "converged")
    x = "learning rate of SGD on the mean loss"
    figures.name_axes(axes, x=x, y="validation accuracy", log="x")
    figures.legend(figure, axes, columns=2)
    return figure


EXPERIMENT = Experiment(
    name="learning_rates",
    title="High learning rates",
    setup="The post's network (300 and 100 units, elu) with and without batch norm, mean loss, "
    "SGD, 400 steps of 50 on 10,000 images (quick: 200 on 5,000). A run whose loss becomes NaN or "
    "infinite counts as guessing.",
    conditions=conditions,
    measure=final_accuracy,
    rows=rows,
    claims=(
        Claim(
            "With batch norm gradient descent converges at higher learning rates (section 1.3).",
            f"A run converges if its validation accuracy ends at {CONVERGED} or more. Holds if the "
            "highest rate that converges is higher with batch norm beyond the 95% interval (of the "
            "difference of logarithms); does not hold if nothing of the interval says so; "
            "undecided otherwise.",
            judge,
        ),
    ),
    draw=draw,
)

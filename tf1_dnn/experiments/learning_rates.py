"""Section 1.3, third point: with batch norm, gradient descent converges at high learning rates."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from tf1_dnn.config import Config
from tf1_dnn.data import Splits
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.estimates import difference, estimate
from tf1_dnn.experiments.protocol import (
    Claim,
    Condition,
    Experiment,
    Measured,
    Row,
    Values,
    Verdict,
    exceeds,
    make_row,
)

RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
QUICK = (0.01, 0.1, 1.0, 10.0)
WITH, WITHOUT = "batch norm", "none"
CONVERGED = 0.9  # validation accuracy

ACCURACY = ("validation accuracy", ".4f")
HIGHEST = ("highest rate that converges (log₁₀)", ".2f")
WIDTH = ("rates that converge (number of those tried)", ".1f")


def label(rate: float, normalization: str) -> str:
    return f"rate {rate:g}, {normalization}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(loss_reduction="mean", shuffle_offset=0)
    settings = dict(n_train=5_000, n_steps=200) if quick else dict(n_train=10_000, n_steps=400)
    return [
        Condition(
            label(rate, normalization),
            base.replace(learning_rate=rate, batch_norm=normalization == WITH),
            settings,
        )
        for rate in (QUICK if quick else RATES)
        for normalization in (WITH, WITHOUT)
    ]


def measure(config: Config, splits: Splits, settings: Mapping[str, Any]) -> Measured:
    from tf1_dnn.experiments import training

    return training.final_accuracy(config, splits, settings)


def rates(values: Values) -> list[float]:
    """Those that were tried, rising."""
    return [rate for rate in RATES if label(rate, WITH) in values]


def highest(values: Values, normalization: str) -> list[float]:
    """log₁₀ of the highest rate that converges, per seed; half a decade below all if none does."""
    lowest = rates(values)[0] / 10**0.5
    return [
        float(np.log10(max([lowest, *converging])))
        for converging in _converging(values, normalization)
    ]


def width(values: Values, normalization: str) -> list[float]:
    """How many of the rates tried converge, per seed."""
    return [float(len(converging)) for converging in _converging(values, normalization)]


def _converging(values: Values, normalization: str) -> list[list[float]]:
    tried = rates(values)
    by_seed = zip(*(values[label(rate, normalization)]["accuracy"] for rate in tried))
    return [
        [rate for rate, accuracy in zip(tried, accuracies) if accuracy >= CONVERGED]
        for accuracies in by_seed
    ]


def rows(values: Values) -> list[Row]:
    made = []
    for rate in rates(values):
        names = [label(rate, normalization) for normalization in (WITH, WITHOUT)]
        ours, control = (values[name]["accuracy"] for name in names)
        made.append(make_row(ACCURACY, names[0], ours, names[1], control))
    for quantity, count in ((HIGHEST, highest), (WIDTH, width)):
        made.append(make_row(quantity, WITH, count(values, WITH), WITHOUT, count(values, WITHOUT)))
    return made


def judge(values: Values) -> Verdict:
    """The rule below."""
    gain = difference(highest(values, WITH), highest(values, WITHOUT))
    both = [10 ** estimate(highest(values, how)).mean for how in (WITH, WITHOUT)]
    told = f"up to {both[0]:.2g} with batch norm and {both[1]:.2g} without (geometric means)"
    return Verdict(exceeds(gain), f"{told}, {gain.text('.2f')} decades more")


def draw(values: Values) -> Any:
    figure = figures.figure(width=6.4, height=4.2)
    axes = figure.subplots()
    for index, how in enumerate((WITH, WITHOUT)):
        accuracies = [values[label(rate, how)]["accuracy"] for rate in rates(values)]
        name = how if how == WITH else "no batch norm"
        figures.line(axes, index, name, rates(values), [estimate(each) for each in accuracies])
    figures.level(axes, CONVERGED, "converged")
    x = "learning rate of SGD on the mean loss"
    figures.label(axes, x=x, y="validation accuracy", log="x")
    figures.legend(figure, axes, columns=2)
    return figure


EXPERIMENT = Experiment(
    name="learning_rates",
    title="High learning rates",
    setup="The post's network (300 and 100 units, elu) with and without batch norm, mean loss, "
    "SGD, 400 steps of 50 on 10,000 images (quick: 200 on 5,000). A run whose loss becomes NaN or "
    "infinite counts as guessing.",
    conditions=conditions,
    measure=measure,
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

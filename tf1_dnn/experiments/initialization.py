"""Section 1.3, second point: batch norm makes training less sensitive to the initial weights."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from tf1_dnn.config import KERNEL_INITIALIZERS, Config
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

STDDEVS = (0.001, 0.01, 0.1, 1.0, 10.0)
QUICK = ("normal:0.001", "normal:0.1", "normal:10", "glorot_uniform")
WITH, WITHOUT = "batch norm", "none"
NEGLIGIBLE = 0.02  # of accuracy: less between the best and the worst start is no worry

ACCURACY = ("validation accuracy", ".4f")
SPREAD = ("best minus worst initializer (accuracy)", ".4f")


def label(initializer: str, normalization: str) -> str:
    return f"{initializer}, {normalization}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(loss_reduction="mean", learning_rate=0.1, shuffle_offset=0)
    settings = dict(n_train=2_000, n_steps=80) if quick else dict(n_train=10_000, n_steps=400)
    normals = tuple(f"normal:{stddev:g}" for stddev in STDDEVS)
    return [
        Condition(
            label(initializer, normalization),
            base.replace(kernel_initializer=initializer, batch_norm=normalization == WITH),
            settings,
        )
        for initializer in (QUICK if quick else normals + KERNEL_INITIALIZERS)
        for normalization in (WITH, WITHOUT)
    ]


def measure(config: Config, splits: Splits, settings: Mapping[str, Any]) -> Measured:
    from tf1_dnn.experiments import training

    return training.final_accuracy(config, splits, settings)


def initializers(values: Values) -> list[str]:
    """Those that were tried, in order."""
    suffix = f", {WITH}"
    return [name.removesuffix(suffix) for name in values if name.endswith(suffix)]


def spread(values: Values, normalization: str) -> list[float]:
    """Accuracy of the best initializer minus that of the worst, per seed."""
    tried = [values[label(each, normalization)]["accuracy"] for each in initializers(values)]
    return np.ptp(np.array(tried), axis=0).tolist()


def rows(values: Values) -> list[Row]:
    made = []
    for each in initializers(values):
        names = [label(each, normalization) for normalization in (WITH, WITHOUT)]
        ours, control = (values[name]["accuracy"] for name in names)
        made.append(make_row(ACCURACY, names[0], ours, names[1], control))
    spreads = spread(values, WITH), spread(values, WITHOUT)
    made.append(make_row(SPREAD, WITH, spreads[0], WITHOUT, spreads[1]))
    return made


def judge_sensitivity(values: Values) -> Verdict:
    """Less spread than without."""
    less = difference(spread(values, WITHOUT), spread(values, WITH))
    return Verdict(exceeds(less), f"the spread is smaller by {less.text('.4f')}")


def judge_carelessness(values: Values) -> Verdict:
    """Hardly any spread left."""
    left = estimate(spread(values, WITH))
    spare = estimate([NEGLIGIBLE - each for each in spread(values, WITH)])
    return Verdict(exceeds(spare), f"the spread with batch norm is {left.text('.4f')}")


def draw(values: Values) -> Any:
    figure = figures.figure(width=9.0, height=4.0)
    panels = figure.subplots(1, 2, sharey=True)
    tried = initializers(values)
    normals = [each for each in tried if each.startswith("normal:")]
    named = [each for each in tried if each not in normals]
    for index, how in enumerate((WITH, WITHOUT)):
        name = how if how == WITH else "no batch norm"
        for panel, group, put in zip(panels, (normals, named), (figures.line, figures.points)):
            estimates = [estimate(values[label(each, how)]["accuracy"]) for each in group]
            stddevs = [float(each.partition(":")[2] or "nan") for each in group]
            positions = (
                stddevs if put is figures.line else [i + 0.1 * index for i in range(len(group))]
            )
            put(panel, index, name, positions, estimates)
    x = "standard deviation of the initial weights"
    figures.label(panels[0], x=x, y="validation accuracy", title="normal:STDDEV", log="x")
    figures.label(panels[1], x="initializer", y="", title="standard initializers")
    figures.categories(panels[1], named)
    figures.legend(figure, panels[0], columns=2)
    return figure


EXPERIMENT = Experiment(
    name="initialization",
    title="Sensitivity to the initial weights",
    setup="The post's network (300 and 100 units, elu) with and without batch norm, mean loss, "
    "SGD, learning rate 0.1, 400 steps of 50 on 10,000 images (quick: 80 on 2,000). A run whose "
    "loss becomes NaN or infinite counts as guessing.",
    conditions=conditions,
    measure=measure,
    rows=rows,
    claims=(
        Claim(
            "Batch norm makes training less sensitive to the initial weights (section 1.3).",
            "The spread is the validation accuracy of the best initializer minus that of the "
            "worst. Holds if it is smaller with batch norm beyond the 95% interval; does not hold "
            "if nothing of the interval says so; undecided otherwise.",
            judge_sensitivity,
        ),
        Claim(
            "With batch norm one need not mind how the weights are initialized (section 1.3).",
            f"Holds if the spread with batch norm is below {NEGLIGIBLE} of accuracy with its whole "
            "95% interval; does not hold if it is above with all of it; undecided otherwise.",
            judge_carelessness,
        ),
    ),
    draw=draw,
)

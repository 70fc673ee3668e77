"""Section 1.3, second point: batch norm makes training less sensitive to the initial weights."""

from typing import Any, Iterator

import numpy as np

from tf1_dnn.config import KERNEL_INITIALIZERS, Config
from tf1_dnn.experiments import figures, pairs
from tf1_dnn.experiments.conditions import Condition, grid
from tf1_dnn.experiments.estimates import difference, estimate, exceeds
from tf1_dnn.experiments.pairs import BOTH, LEGEND, WITH, WITHOUT, WORD
from tf1_dnn.experiments.protocol import Claim, Experiment, Row, Values, Verdict, make_row
from tf1_dnn.experiments.stepped import final_accuracy

STDDEVS = {f"normal:{stddev:g}": stddev for stddev in (0.001, 0.01, 0.1, 1.0, 10.0)}
QUICK = ("normal:0.001", "normal:0.1", "normal:10", "glorot_uniform")
NEGLIGIBLE = 0.02  # of accuracy: less between the best and the worst start is no worry

ACCURACY = ("validation accuracy", ".4f")
SPREAD = ("best minus worst initializer (accuracy)", ".4f")


def label(initializer: str, batch_norm: bool) -> str:
    return f"{initializer}, {WORD[batch_norm]}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(loss_reduction="mean", learning_rate=0.1, shuffle_offset=0)
    settings = dict(n_train=2_000, n_steps=80) if quick else dict(n_train=10_000, n_steps=400)
    tried = QUICK if quick else (*STDDEVS, *KERNEL_INITIALIZERS)
    return grid(label, base, settings, kernel_initializer=tried, batch_norm=BOTH)


def initializers(values: Values) -> list[str]:
    """Those that were tried, in order."""
    return [each for each in (*STDDEVS, *KERNEL_INITIALIZERS) if label(each, WITH) in values]


def spread(values: Values, batch_norm: bool) -> np.ndarray:
    """Accuracy of the best initializer minus that of the worst, per seed."""
    tried = [values[label(each, batch_norm)]["accuracy"] for each in initializers(values)]
    return np.ptp(np.array(tried), axis=0)


def rows(values: Values) -> Iterator[Row]:
    for both in pairs.labels(values):
        yield make_row(ACCURACY, {name: values[name]["accuracy"] for name in both})
    yield make_row(SPREAD, {WORD[each]: spread(values, each) for each in BOTH})


def judge_sensitivity(values: Values) -> Verdict:
    """Less spread than without."""
    less = difference(spread(values, WITHOUT), spread(values, WITH))
    return Verdict(exceeds(less), f"the spread is smaller by {less.text('.4f')}")


def judge_carelessness(values: Values) -> Verdict:
    """Hardly any spread left."""
    left = spread(values, WITH)
    word = exceeds(estimate(NEGLIGIBLE - left))
    return Verdict(word, f"the spread with batch norm is {estimate(left).text('.4f')}")


def draw(values: Values) -> Any:
    figure, panels = figures.panels(2, width=9.0, height=4.0, sharey=True)
    tried = initializers(values)
    normals = [each for each in tried if each in STDDEVS]
    standard = [each for each in tried if each not in STDDEVS]
    for index, how in enumerate(BOTH):
        accuracy = {each: values[label(each, how)]["accuracy"] for each in tried}
        x, beside = [STDDEVS[each] for each in normals], np.arange(len(standard)) + 0.1 * index
        figures.line(panels[0], index, LEGEND[how], x, [accuracy[each] for each in normals])
        figures.points(panels[1], index, LEGEND[how], beside, [accuracy[each] for each in standard])
    axis = "standard deviation of the initial weights"
    figures.name_axes(panels[0], x=axis, y="validation accuracy", title="normal:STDDEV", log="x")
    figures.name_axes(panels[1], x="initializer", y="", title="standard initializers")
    figures.categories(panels[1], standard)
    figures.legend(figure, panels[0], columns=2)
    return figure


EXPERIMENT = Experiment(
    name="initialization",
    title="Sensitivity to the initial weights",
    setup="The post's network (300 and 100 units, elu) with and without batch norm, mean loss, "
    "SGD, learning rate 0.1, 400 steps of 50 on 10,000 images (quick: 80 on 2,000). A run whose "
    "loss becomes NaN or infinite counts as guessing.",
    conditions=conditions,
    measure=final_accuracy,
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

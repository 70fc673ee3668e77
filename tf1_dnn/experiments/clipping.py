"""Section 2: gradient clipping against exploding gradients, by kind and threshold."""

import functools
from typing import Any, Iterator

import numpy as np

from tf1_dnn.config import CLIP_KINDS, Config
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.conditions import Condition, grid
from tf1_dnn.experiments.estimates import HOLDS, UNDECIDED, all_of, difference, estimate, exceeds
from tf1_dnn.experiments.protocol import Claim, Experiment, Row, Values, Verdict, make_row
from tf1_dnn.experiments.stepped import Measured, Settings, SteppedRun

DEPTH, UNITS = 10, 100
EXPLODING, HEALTHY = "normal:0.3", "he_normal"
THRESHOLDS = (0.01, 0.1, 1.0, 10.0, 100.0)
POST = 1.0  # the threshold of the post's code
EXPLODED = 10.0  # times the gradient norm of the healthy network

ACCURACY = ("validation accuracy after training", ".4f")
NORM = ("norm of all gradients before training (log₁₀)", ".2f")
FINITE = ("share of runs whose loss stays finite", ".2f")


def label(initializer: str, kind: str | None = None, threshold: float = POST) -> str:
    clip = "no clipping" if kind is None else f"{kind} {threshold:g}"
    return f"{initializer}, {clip}"


def conditions(quick: bool) -> list[Condition]:
    settings = dict(n_train=2_000, n_steps=80) if quick else dict(n_train=10_000, n_steps=400)
    base = Config(
        hidden_units=(UNITS,) * DEPTH,
        activation="relu",
        batch_norm=False,
        loss_reduction="mean",
        learning_rate=0.01,
        shuffle_offset=0,
    )
    made = grid(label, base, settings, kernel_initializer=(HEALTHY, EXPLODING))
    for initializer, tried in ((EXPLODING, (POST,) if quick else THRESHOLDS), (HEALTHY, (POST,))):
        start = base.replace(kernel_initializer=initializer)
        for kind in CLIP_KINDS:
            made += grid(
                functools.partial(label, initializer, kind), start, settings, **{kind: tried}
            )
    return made


def measure(run: SteppedRun, settings: Settings) -> Measured:
    """The norm of all gradients at the start, and what training comes to."""
    from tf1_dnn.compat import tf

    with run.model.graph.as_default():
        norm = tf.global_norm(run.model.tower.grads)
    first = float(run.mean_over_batches(norm, 1))
    run.run_steps(settings["n_steps"])
    accuracy = run.accuracy(run.splits.valid)
    return {"norm": first, "is_finite": run.is_finite, "accuracy": accuracy}


def norms(values: Values, initializer: str) -> np.ndarray:
    """log₁₀ of the norm of all gradients before training, per seed."""
    return np.log10(values[label(initializer)]["norm"])


def rows(values: Values) -> Iterator[Row]:
    yield make_row(NORM, {label(each): norms(values, each) for each in (EXPLODING, HEALTHY)})
    for quantity, key in ((FINITE, "is_finite"), (ACCURACY, "accuracy")):
        for name in values:
            without = label(name.partition(",")[0])
            yield make_row(quantity, {each: values[each][key] for each in (name, without)})


def judge(kind: str, values: Values) -> Verdict:
    """The rule below, for one kind of clipping."""
    growth = difference(norms(values, EXPLODING), norms(values, HEALTHY))
    clipped, unclipped, healthy = (
        values[name]["accuracy"]
        for name in (label(EXPLODING, kind), label(EXPLODING), label(HEALTHY))
    )
    loss, gain = difference(healthy, unclipped), difference(clipped, unclipped)
    explodes = all_of(exceeds(growth, np.log10(EXPLODED)), exceeds(loss))
    ours, control = (estimate(each).text(".4f") for each in (clipped, unclipped))
    return Verdict(
        exceeds(gain) if explodes == HOLDS else UNDECIDED,
        f"accuracy {ours} with, {control} without clipping, {gain.text('+.4f')} more; the gradient "
        f"starts {growth.text('.2f')} decades above the healthy network's",
    )


def draw(values: Values) -> Any:
    figure, (axes,) = figures.panels(1, width=6.4, height=4.4)
    for index, kind in enumerate(CLIP_KINDS):
        tried = [each for each in THRESHOLDS if label(EXPLODING, kind, each) in values]
        accuracies = [values[label(EXPLODING, kind, each)]["accuracy"] for each in tried]
        figures.line(axes, index, kind, tried, accuracies)
    for name in (label(EXPLODING), label(HEALTHY)):
        figures.level(axes, estimate(values[name]["accuracy"]).mean, name)
    figures.name_axes(axes, x="threshold", y=f"validation accuracy, {EXPLODING}", log="x")
    figures.legend(figure, axes, columns=3)
    return figure


_RULE = (
    f"Gradients explode if without clipping {EXPLODING} starts with a gradient norm more than "
    f"{EXPLODED:g} times that of {HEALTHY}, and trains to a lower validation accuracy. Then: holds "
    "if with clipping accuracy is higher; does not hold if nothing of the interval says so. "
    "Undecided otherwise, or if they do not explode. Each beyond the 95% interval."
)
EXPERIMENT = Experiment(
    name="clipping",
    title="Exploding gradients and clipping",
    setup=f"{DEPTH} hidden layers of {UNITS} units, relu, no batch norm, with initial weights that "
    f"make gradients grow from layer to layer ({EXPLODING}) and, for comparison, with weights that "
    f"do not ({HEALTHY}). Mean loss, SGD, learning rate 0.01, 400 steps of 50 on 10,000 images "
    "(quick: 80 on 2,000). A run whose loss becomes NaN or infinite counts as guessing.",
    conditions=conditions,
    measure=measure,
    rows=rows,
    claims=tuple(
        Claim(
            f"Clipping {words} at {POST} lessens exploding gradients (section 2{note}).",
            _RULE,
            functools.partial(judge, kind),
        )
        for kind, words, note in (
            ("clip_value", "by value", ", its code"),
            ("clip_norm", "by norm", ""),
            ("clip_global_norm", "by global norm", ""),
        )
    ),
    draw=draw,
)

"""Section 2: gradient clipping against exploding gradients, by kind and threshold."""

from __future__ import annotations

import functools
from typing import Any, Mapping

import numpy as np

from tf1_dnn.config import CLIP_KINDS, Config
from tf1_dnn.data import Splits
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.estimates import difference, estimate
from tf1_dnn.experiments.protocol import (
    HOLDS,
    UNDECIDED,
    Claim,
    Condition,
    Experiment,
    Measured,
    Row,
    Values,
    Verdict,
    all_of,
    exceeds,
    make_row,
)

DEPTH, UNITS = 10, 100
EXPLODING, HEALTHY = "normal:0.3", "he_normal"
THRESHOLDS = (0.01, 0.1, 1.0, 10.0, 100.0)
POST = 1.0  # the threshold of the post's code
NONE = "no clipping"
EXPLODED = 10.0  # times the gradient norm of the healthy network

ACCURACY = ("validation accuracy after training", ".4f")
NORM = ("norm of all gradients before training (log₁₀)", ".2f")
FINITE = ("share of runs whose loss stays finite", ".2f")


def label(initializer: str, kind: str | None, threshold: float = POST) -> str:
    clip = NONE if kind is None else f"{kind} {threshold:g}"
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
    thresholds = (POST,) if quick else THRESHOLDS
    choices: list[tuple[str, str | None, float]] = [(HEALTHY, None, POST), (EXPLODING, None, POST)]
    choices += [(EXPLODING, kind, each) for kind in CLIP_KINDS for each in thresholds]
    choices += [(HEALTHY, kind, POST) for kind in CLIP_KINDS]
    return [
        Condition(
            label(initializer, kind, threshold),
            base.replace(
                kernel_initializer=initializer, **({kind: threshold} if kind is not None else {})
            ),
            settings,
        )
        for initializer, kind, threshold in choices
    ]


def measure(config: Config, splits: Splits, settings: Mapping[str, Any]) -> Measured:
    """The norm of all gradients at the start, and what training comes to."""
    from tf1_dnn.compat import tf
    from tf1_dnn.experiments import training

    with training.started(config, splits) as run:
        with run.model.graph.as_default():
            norm = tf.global_norm([grad for grad, _ in run.model.tower.step.grads_and_vars])
        first = float(run.mean_over_batches(norm, 1))
        run.run_steps(settings["n_steps"])
        return {
            "norm": first,
            "is_finite": run.is_finite,
            "accuracy": run.accuracy(splits.valid),
        }


def norms(values: Values, initializer: str) -> list[float]:
    """log₁₀ of the norm of all gradients before training, per seed."""
    return np.log10(values[label(initializer, None)]["norm"]).tolist()


def rows(values: Values) -> list[Row]:
    names = [label(initializer, None) for initializer in (EXPLODING, HEALTHY)]
    made = [make_row(NORM, names[0], norms(values, EXPLODING), names[1], norms(values, HEALTHY))]
    for quantity, key in ((FINITE, "is_finite"), (ACCURACY, "accuracy")):
        for name in values:
            ours = [float(each) for each in values[name][key]]
            without = label(name.partition(",")[0], None)
            control = [float(each) for each in values[without][key]]
            made.append(
                make_row(quantity, name, ours, *((without, control) if name != without else ()))
            )
    return made


def judge(kind: str, values: Values) -> Verdict:
    """The rule below, for one kind of clipping."""
    growth = difference(norms(values, EXPLODING), norms(values, HEALTHY))
    accuracies = [
        values[label(*each)]["accuracy"] for each in ((EXPLODING, kind), (EXPLODING, None))
    ]
    healthy = values[label(HEALTHY, None)]["accuracy"]
    loss, gain = difference(healthy, accuracies[1]), difference(*accuracies)
    explodes = all_of(exceeds(growth, np.log10(EXPLODED)), exceeds(loss))
    word = exceeds(gain) if explodes == HOLDS else UNDECIDED
    ours, control = (estimate(each).text(".4f") for each in accuracies)
    return Verdict(
        word,
        f"accuracy {ours} with, {control} without clipping, {gain.text('+.4f')} more; the gradient "
        f"starts {growth.text('.2f')} decades above the healthy network's",
    )


def draw(values: Values) -> Any:
    figure = figures.figure(width=6.4, height=4.4)
    axes = figure.subplots()
    for index, kind in enumerate(CLIP_KINDS):
        tried = [each for each in THRESHOLDS if label(EXPLODING, kind, each) in values]
        accuracies = [values[label(EXPLODING, kind, each)]["accuracy"] for each in tried]
        figures.line(axes, index, kind, tried, [estimate(each) for each in accuracies])
    for initializer in (EXPLODING, HEALTHY):
        accuracy = estimate(values[label(initializer, None)]["accuracy"]).mean
        figures.level(axes, accuracy, label(initializer, None))
    figures.label(axes, x="threshold", y=f"validation accuracy, {EXPLODING}", log="x")
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

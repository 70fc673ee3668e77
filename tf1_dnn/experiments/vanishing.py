"""Section 1.3, first point: batch norm against vanishing gradients, with tanh and sigmoid."""

from __future__ import annotations

import functools
from typing import Any, Mapping, Sequence

import numpy as np

from tf1_dnn.config import Config
from tf1_dnn.data import Splits
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.estimates import difference, estimate
from tf1_dnn.experiments.protocol import (
    FAILS,
    HOLDS,
    UNDECIDED,
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

DEPTH, UNITS = 10, 100
ACTIVATIONS = ("tanh", "sigmoid")
INITIALIZERS = ("glorot_uniform", "normal:0.05")
WITH, WITHOUT = "batch norm", "none"
N_BATCHES = 10  # over which a gradient's norm is averaged

FALL = ("fall of the backpropagated gradient, layer 10 to 1 (decades)", ".2f")
KERNELS = ("fall of the kernels' gradients, layer 10 to 1 (decades)", ".2f")
ACCURACY = ("validation accuracy after training", ".4f")


def label(activation: str, initializer: str, normalization: str) -> str:
    return f"{activation}, {initializer}, {normalization}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(
        hidden_units=(UNITS,) * DEPTH, loss_reduction="mean", learning_rate=0.1, shuffle_offset=0
    )
    settings = dict(n_train=2_000, n_steps=40) if quick else dict(n_train=20_000, n_steps=800)
    return [
        Condition(
            label(activation, initializer, normalization),
            base.replace(
                activation=activation,
                kernel_initializer=initializer,
                batch_norm=normalization == WITH,
            ),
            settings,
        )
        for activation in ACTIVATIONS
        for initializer in INITIALIZERS
        for normalization in (WITH, WITHOUT)
    ]


def measure(config: Config, splits: Splits, settings: Mapping[str, Any]) -> Measured:
    """Gradient norms of each hidden layer before training, and what training comes to."""
    from tf1_dnn.compat import tf
    from tf1_dnn.experiments import training

    with training.started(config, splits) as run:
        tower = run.model.tower
        with run.model.graph.as_default():
            stages = [hidden.normalized for hidden in tower.network.hidden]
            backpropagated = tf.gradients(tower.losses.loss, stages)
            kernels = [
                grad for grad, var in tower.step.grads_and_vars if _is_hidden_kernel(var.op.name)
            ]
            norms = [[tf.norm(grad) for grad in grads] for grads in (backpropagated, kernels)]
        before = run.mean_over_batches(
            norms, min(N_BATCHES, splits.train.n_examples // config.batch_size)
        )
        run.run_steps(settings["n_steps"])
        return {
            "backpropagated": before[0].tolist(),
            "kernels": before[1].tolist(),
            "accuracy": run.accuracy(splits.valid),
        }


def _is_hidden_kernel(name: str) -> bool:
    return name.startswith("hidden") and name.endswith("/kernel")


def fall(norms: Sequence[Sequence[float]]) -> list[float]:
    """By how many powers of ten the norm shrinks from the last layer to the first, per seed."""
    return [float(np.log10(layers[-1] / layers[0])) for layers in norms]


def rows(values: Values) -> list[Row]:
    made = []
    for activation in ACTIVATIONS:
        for initializer in INITIALIZERS:
            names = [label(activation, initializer, each) for each in (WITH, WITHOUT)]
            for quantity, key in ((FALL, "backpropagated"), (KERNELS, "kernels")):
                ours, control = (fall(values[name][key]) for name in names)
                made.append(make_row(quantity, names[0], ours, names[1], control))
            accuracies = [values[name]["accuracy"] for name in names]
            made.append(make_row(ACCURACY, names[0], accuracies[0], names[1], accuracies[1]))
    return made


def judge(activation: str, values: Values) -> Verdict:
    """The rule below, for one activation."""
    words, told = [], []
    for initializer in INITIALIZERS:
        ours, control = (
            fall(values[label(activation, initializer, each)]["backpropagated"])
            for each in (WITH, WITHOUT)
        )
        without, reduction = estimate(control), difference(control, ours)
        counts = exceeds(without, 1.0)
        told.append(
            f"{initializer}: without batch norm {without.text('.2f')} decades, reduced by "
            f"{reduction.text('.2f')}" + ("" if counts == HOLDS else ", which does not count")
        )
        if counts == HOLDS:
            words.append(exceeds(reduction))
    word = FAILS if FAILS in words else HOLDS if words and set(words) == {HOLDS} else UNDECIDED
    return Verdict(word, "; ".join(told))


def draw(values: Values) -> Any:
    figure = figures.figure(width=9.0, height=4.2)
    panels = figure.subplots(1, 2, sharey=True)
    for panel, activation in zip(panels, ACTIVATIONS):
        choices = [(each, how) for each in INITIALIZERS for how in (WITH, WITHOUT)]
        for index, (initializer, how) in enumerate(choices):
            norms = np.log10(values[label(activation, initializer, how)]["backpropagated"])
            estimates = [estimate(column) for column in norms.T]
            name = f"{initializer}, {how if how == WITH else 'no batch norm'}"
            figures.line(panel, index, name, range(1, DEPTH + 1), estimates)
        figures.label(panel, x="hidden layer", y="", title=activation)
    panels[0].set_ylabel("log₁₀ of the loss's gradient norm\nat each activation's input")
    figures.legend(figure, panels[0], columns=2)
    return figure


EXPERIMENT = Experiment(
    name="vanishing",
    title="Vanishing gradients with tanh and sigmoid",
    setup=f"{DEPTH} hidden layers of {UNITS} units. Norms of the gradient of the mean loss with "
    "respect to what each activation takes in (after batch norm, where there is one), and of the "
    f"kernels' gradients, before training, over {N_BATCHES} mini-batches of 50. Then SGD, learning "
    "rate 0.1, 800 steps on 20,000 images (quick: 40 on 2,000).",
    conditions=conditions,
    measure=measure,
    rows=rows,
    claims=tuple(
        Claim(
            f"With {activation}, batch norm lessens vanishing gradients (section 1.3).",
            "An initializer counts if without batch norm the backpropagated gradient's norm falls "
            "by more than one decade from the last hidden layer to the first. Holds if one counts "
            "and in all that count batch norm makes the fall smaller; does not hold if in one that "
            "counts it does not; undecided otherwise. Each beyond the 95% interval.",
            functools.partial(judge, activation),
        )
        for activation in ACTIVATIONS
    ),
    draw=draw,
)

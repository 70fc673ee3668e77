"""Section 1.3, first point: batch norm against vanishing gradients, with tanh and sigmoid."""

import functools
import re
from typing import Any, Iterator

import numpy as np

from tf1_dnn.config import Config
from tf1_dnn.experiments import figures, pairs
from tf1_dnn.experiments.conditions import Condition, grid
from tf1_dnn.experiments.estimates import HOLDS, Numbers, all_of, difference, estimate, exceeds
from tf1_dnn.experiments.pairs import BOTH, LEGEND, WORD
from tf1_dnn.experiments.protocol import Claim, Experiment, Row, Values, Verdict, make_row
from tf1_dnn.experiments.stepped import Measured, Settings, SteppedRun

DEPTH, UNITS = 10, 100
ACTIVATIONS = ("tanh", "sigmoid")
INITIALIZERS = ("glorot_uniform", "normal:0.05")
N_BATCHES = 10  # over which a gradient's norm is averaged

FALL = ("fall of the backpropagated gradient, layer 10 to 1 (decades)", ".2f")
KERNELS = ("fall of the kernels' gradients, layer 10 to 1 (decades)", ".2f")
ACCURACY = ("validation accuracy after training", ".4f")


def label(activation: str, initializer: str, batch_norm: bool) -> str:
    return f"{activation}, {initializer}, {WORD[batch_norm]}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(
        hidden_units=(UNITS,) * DEPTH, loss_reduction="mean", learning_rate=0.1, shuffle_offset=0
    )
    settings = dict(n_train=2_000, n_steps=40) if quick else dict(n_train=20_000, n_steps=800)
    tried = dict(activation=ACTIVATIONS, kernel_initializer=INITIALIZERS, batch_norm=BOTH)
    return grid(label, base, settings, **tried)


def measure(run: SteppedRun, settings: Settings) -> Measured:
    """Gradient norms of each hidden layer before training, and what training comes to."""
    from tf1_dnn.compat import tf

    tower, train = run.model.tower, run.splits.train
    with run.model.graph.as_default():
        stages = [hidden.normalized for hidden in tower.network.hidden]
        backpropagated = tf.gradients(tower.losses.loss, stages)
        of = {variable.op.name: grad for grad, variable in tower.step.grads_and_vars}
        kernels = [of[name] for name in of if re.fullmatch("hidden.*/kernel", name)]
        norms = [[tf.norm(grad) for grad in grads] for grads in (backpropagated, kernels)]
    n_batches = min(N_BATCHES, train.n_examples // run.model.config.batch_size)
    before = run.mean_over_batches(norms, n_batches).tolist()
    run.run_steps(settings["n_steps"])
    accuracy = run.accuracy(run.splits.valid)
    return {"backpropagated": before[0], "kernels": before[1], "accuracy": accuracy}


def fall(norms: Numbers) -> np.ndarray:
    """By how many powers of ten the norm shrinks from the last layer to the first, per seed."""
    layers = np.asarray(norms)
    return np.log10(layers[:, -1] / layers[:, 0])


def rows(values: Values) -> Iterator[Row]:
    for both in pairs.labels(values):
        for quantity, key in ((FALL, "backpropagated"), (KERNELS, "kernels")):
            yield make_row(quantity, {name: fall(values[name][key]) for name in both})
        yield make_row(ACCURACY, {name: values[name]["accuracy"] for name in both})


def judge(activation: str, values: Values) -> Verdict:
    """The rule below, for one activation."""
    words, told = [], []
    for initializer in INITIALIZERS:
        both = [values[label(activation, initializer, each)] for each in BOTH]
        ours, control = (fall(of["backpropagated"]) for of in both)
        without, reduction = estimate(control), difference(control, ours)
        counts = exceeds(without, 1.0) == HOLDS
        words += [exceeds(reduction)] if counts else []
        told.append(
            f"{initializer}: without batch norm {without.text('.2f')} decades, reduced by "
            f"{reduction.text('.2f')}" + ("" if counts else ", which does not count")
        )
    return Verdict(all_of(*words), "; ".join(told))


def draw(values: Values) -> Any:
    figure, panels = figures.panels(2, width=9.0, height=4.2, sharey=True)
    for panel, activation in zip(panels, ACTIVATIONS):
        norms = {
            f"{initializer}, {LEGEND[how]}": np.log10(
                values[label(activation, initializer, how)]["backpropagated"]
            ).T
            for initializer in INITIALIZERS
            for how in BOTH
        }
        under = f"{INITIALIZERS[0]}, {LEGEND[BOTH[0]]}"  # both with batch norm coincide
        figures.lines(panel, range(1, DEPTH + 1), norms, wide=[under])
        figures.name_axes(panel, x="hidden layer", y="", title=activation)
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

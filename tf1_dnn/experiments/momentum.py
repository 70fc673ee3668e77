"""Section 1.2: moving averages in the place of averages over mini-batches, and their momentum."""

from typing import Any, Iterator

import numpy as np

from tf1_dnn.config import PRESETS
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.conditions import Condition, grid
from tf1_dnn.experiments.estimates import all_of, estimate, exceeds, geometric
from tf1_dnn.experiments.protocol import Claim, Experiment, Row, Values, Verdict, make_row
from tf1_dnn.experiments.stepped import Measured, Settings, SteppedRun

MOMENTA = (0.9, 0.99, 0.999)
FIRST_EPOCH = 1_100  # steps of the post's first epoch: 55,000 examples in batches of 50
LOOKS = (10, 20, 50, 100, 200, 500, 1_100, 2_000, 3_000, 4_000, 5_000)
QUICK_LOOKS = (10, 100, 500, 1_100)
TOLERANCE = 0.01  # of accuracy: moving averages serve if they are not worse by more
NEAR = 0.005  # of accuracy: at the end of training they should agree this closely

STEPS = ("steps until moving averages serve (geometric mean)", ",.0f")
MOVING = ("validation accuracy at the end, moving against population averages", ".4f")
AFTER_EPOCH = (f"validation accuracy after {FIRST_EPOCH:,} steps, moving against population", ".4f")


def label(momentum: float) -> str:
    return f"momentum {momentum:g}"


def conditions(quick: bool) -> list[Condition]:
    looks = list(QUICK_LOOKS if quick else LOOKS)
    settings = dict(n_train=5_000 if quick else 10_000, looks=looks)
    base = PRESETS["batch_norm"].replace(shuffle_offset=0)
    return grid(label, base, settings, batch_norm_momentum=MOMENTA)


def measure(run: SteppedRun, settings: Settings) -> Measured:
    """Validation accuracy at each look, with moving averages and with population statistics."""
    looks, valid = settings["looks"], run.splits.valid
    measured: Measured = {"looks": looks, "moving": [], "population": []}
    for before, look in zip([0, *looks], looks):
        run.run_steps(look - before)
        measured["moving"].append(run.accuracy(valid))
        measured["population"].append(run.population_accuracy(valid))
    return measured


def serving_steps(values: Values, momentum: float) -> list[float]:
    """The first look from which on moving averages serve, per seed; the last if they never do."""
    of = values[label(momentum)]
    serves = np.array(of["moving"]) >= np.array(of["population"]) - TOLERANCE
    n_looks = serves.shape[1]
    n_good = np.logical_and.accumulate(serves[:, ::-1], axis=1).sum(axis=1)  # at the end, unbroken
    first = np.minimum(n_looks - n_good, n_looks - 1)
    return np.array(of["looks"][0])[first].tolist()


def accuracies(values: Values, momentum: float, step: int = -1) -> np.ndarray:
    """With moving and with population averages, `[2, seeds]`, at a look (by default the last)."""
    of = values[label(momentum)]
    index = list(of["looks"][0]).index(step) if step >= 0 else -1
    return np.array([of["moving"], of["population"]])[:, :, index]


def rows(values: Values) -> Iterator[Row]:
    for momentum in MOMENTA:
        yield Row(*STEPS, label(momentum), geometric(serving_steps(values, momentum)))
    for quantity, step in ((AFTER_EPOCH, FIRST_EPOCH), (MOVING, -1)):
        for momentum in MOMENTA:
            moving, population = accuracies(values, momentum, step)
            yield make_row(quantity, {label(momentum): moving, "population averages": population})


def judge_replacement(values: Values) -> Verdict:
    """At the end, both kinds of statistics give nearly the same accuracy, whatever the momentum."""
    words, told = [], []
    for momentum in MOMENTA:
        moving, population = accuracies(values, momentum)
        apart = moving - population
        words += [exceeds(estimate(NEAR - apart)), exceeds(estimate(NEAR + apart))]
        told.append(f"{label(momentum)}: {estimate(apart).text('+.4f')}")
    because = "accuracy with moving minus population averages, " + ", ".join(told)
    return Verdict(all_of(*words), because)


def judge_usual_values(values: Values) -> Verdict:
    """By the end of the post's first epoch the moving averages are worse by TOLERANCE at most."""
    words, told = [], []
    for momentum in MOMENTA:
        moving, population = accuracies(values, momentum, FIRST_EPOCH)
        behind = population - moving
        words.append(exceeds(estimate(TOLERANCE - behind)))
        told.append(f"{label(momentum)}: {estimate(behind).text('+.4f')}")
    return Verdict(all_of(*words), f"accuracy lost after {FIRST_EPOCH:,} steps, " + ", ".join(told))


def draw(values: Values) -> Any:
    figure, (axes,) = figures.panels(1, width=6.4, height=4.4)
    shown = {
        f"moving averages, {label(momentum)}": np.transpose(values[label(momentum)]["moving"])
        for momentum in MOMENTA
    }
    # Statistics have no part in training: with every momentum the weights are the same.
    one = values[label(MOMENTA[0])]
    shown["averages over mini-batches"] = np.transpose(one["population"])
    figures.lines(axes, one["looks"][0], shown)
    figures.mark(axes, FIRST_EPOCH, "the post's first epoch")
    figures.name_axes(axes, x="training steps", y="validation accuracy", log="x")
    figures.legend(figure, axes, columns=2)
    return figure


EXPERIMENT = Experiment(
    name="momentum",
    title="Moving averages and their momentum",
    setup="The post's batch-norm cell (summed loss, SGD, learning rate 0.01, batches of 50) on "
    "10,000 images for 5,000 steps (quick: 5,000 images, 1,100 steps). At each look the validation "
    "set is classified twice with the same weights: with the moving averages, and with mini-batch "
    "statistics averaged over the training images.",
    conditions=conditions,
    measure=measure,
    rows=rows,
    claims=(
        Claim(
            "Moving averages can take the place of averages over mini-batches (section 1.2).",
            f"Holds if at the end of training, for each momentum, accuracy with moving averages is "
            f"within {NEAR} of that with averages over mini-batches, with the whole 95% interval; "
            "does not hold if for one momentum it is outside with all of it; undecided otherwise.",
            judge_replacement,
        ),
        Claim(
            "A momentum of 0.9, 0.99 or 0.999 is a fit choice (section 1.2).",
            f"Holds if for each of the three, after the {FIRST_EPOCH:,} steps of the post's first "
            f"epoch, moving averages lose less than {TOLERANCE} of accuracy, with the whole 95% "
            "interval; does not hold if one loses more with all of it; undecided otherwise.",
            judge_usual_values,
        ),
    ),
    draw=draw,
)

"""Section 1.2: moving averages in the place of averages over mini-batches, and their momentum."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from tf1_dnn.config import PRESETS, Config
from tf1_dnn.data import Splits
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.estimates import estimate, geometric
from tf1_dnn.experiments.protocol import (
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
    return [
        Condition(label(momentum), base.replace(batch_norm_momentum=momentum), settings)
        for momentum in MOMENTA
    ]


def measure(config: Config, splits: Splits, settings: Mapping[str, Any]) -> Measured:
    """Validation accuracy at each look, with moving averages and with population statistics."""
    from tf1_dnn.experiments import training

    with training.started(config, splits) as run:
        measured: Measured = {"looks": settings["looks"], "moving": [], "population": []}
        n_steps = 0
        for look in settings["looks"]:
            run.run_steps(look - n_steps)
            n_steps = look
            measured["moving"].append(run.accuracy(splits.valid))
            measured["population"].append(training.population_accuracy(run, splits.valid))
        return measured


def serving_steps(values: Values, momentum: float) -> list[float]:
    """The first look from which on moving averages serve, per seed; the last if they never do."""
    of = values[label(momentum)]
    return [_serving_step(*each) for each in zip(of["looks"], of["moving"], of["population"])]


def _serving_step(
    looks: Sequence[int], moving: Sequence[float], population: Sequence[float]
) -> float:
    serves = np.array(moving) >= np.array(population) - TOLERANCE
    n_good = len(serves) if serves.all() else int(serves[::-1].argmin())  # at the end, unbroken
    return float(looks[min(len(looks) - n_good, len(looks) - 1)])


def at(values: Values, momentum: float, kind: str, step: int = -1) -> list[float]:
    """Accuracy with "moving" or "population" statistics at a look (the last: -1), per seed."""
    of = values[label(momentum)]
    index = list(of["looks"][0]).index(step) if step >= 0 else -1
    return [accuracies[index] for accuracies in of[kind]]


def rows(values: Values) -> list[Row]:
    made = []
    for momentum in MOMENTA:
        made.append(Row(*STEPS, label(momentum), geometric(serving_steps(values, momentum))))
    for quantity, step in ((AFTER_EPOCH, FIRST_EPOCH), (MOVING, -1)):
        for momentum in MOMENTA:
            pair = (at(values, momentum, kind, step) for kind in ("moving", "population"))
            moving, population = pair
            made.append(
                make_row(quantity, label(momentum), moving, "population averages", population)
            )
    return made


def judge_replacement(values: Values) -> Verdict:
    """At the end, both kinds of statistics give nearly the same accuracy, whatever the momentum."""
    words, told = [], []
    for momentum in MOMENTA:
        moving, population = (at(values, momentum, kind) for kind in ("moving", "population"))
        apart = np.array(moving) - np.array(population)
        words += [exceeds(estimate(NEAR - apart)), exceeds(estimate(NEAR + apart))]
        told.append(f"{label(momentum)}: {estimate(apart).text('+.4f')}")
    return Verdict(
        all_of(*words), "accuracy with moving minus population averages, " + ", ".join(told)
    )


def judge_usual_values(values: Values) -> Verdict:
    """By the end of the post's first epoch the moving averages are worse by TOLERANCE at most."""
    words, told = [], []
    for momentum in MOMENTA:
        moving, population = (
            at(values, momentum, kind, FIRST_EPOCH) for kind in ("moving", "population")
        )
        behind = np.array(population) - np.array(moving)
        words.append(exceeds(estimate(TOLERANCE - behind)))
        told.append(f"{label(momentum)}: {estimate(behind).text('+.4f')}")
    return Verdict(all_of(*words), f"accuracy lost after {FIRST_EPOCH:,} steps, " + ", ".join(told))


def draw(values: Values) -> Any:
    figure = figures.figure(width=6.4, height=4.4)
    axes = figure.subplots()
    for index, momentum in enumerate(MOMENTA):
        of = values[label(momentum)]
        estimates = [estimate(column) for column in np.array(of["moving"]).T]
        figures.line(axes, index, f"moving averages, {label(momentum)}", of["looks"][0], estimates)
    # Statistics have no part in training: with every momentum the weights are the same.
    of = values[label(MOMENTA[0])]
    estimates = [estimate(column) for column in np.array(of["population"]).T]
    figures.line(axes, 3, "averages over mini-batches", of["looks"][0], estimates)
    figures.mark(axes, FIRST_EPOCH, "the post's first epoch")
    figures.label(axes, x="training steps", y="validation accuracy", log="x")
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

"""The introduction: optimizers that make training faster than plain gradient descent."""

from __future__ import annotations

import functools
from typing import Any, Mapping

import numpy as np

from tf1_dnn.config import OPTIMIZERS, PRESETS, Config
from tf1_dnn.data import Splits
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.estimates import difference, estimate
from tf1_dnn.experiments.protocol import (
    FAILS,
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

RATES = {  # around the best of a few runs with other seeds; the quick form takes the third
    "sgd": (0.03, 0.1, 0.3, 1.0),
    "momentum": (0.01, 0.03, 0.1, 0.3),
    "nesterov": (0.01, 0.03, 0.1, 0.3),
    "adagrad": (0.03, 0.1, 0.3, 1.0),
    "rmsprop": (0.0003, 0.001, 0.003, 0.01),
    "adam": (0.0003, 0.001, 0.003, 0.01),
}
CONTROL = "sgd"
TARGET, QUICK_TARGET = 0.95, 0.85  # validation accuracy
CHUNK = 20  # steps between two looks
N_VALID = 2_000  # examples looked at

STEPS = ("steps to the target accuracy", ",.0f")
REACHED = ("share of runs that reach it", ".2f")


def label(optimizer: str, rate: float) -> str:
    return f"{optimizer}, rate {rate:g}"


def conditions(quick: bool) -> list[Condition]:
    settings = dict(n_train=20_000, n_steps=2_000, target=TARGET)
    if quick:
        settings = dict(n_train=5_000, n_steps=300, target=QUICK_TARGET)
    base = PRESETS["gradient_clipping"].replace(clip_value=None, shuffle_offset=0)
    return [
        Condition(label(each, rate), base.replace(optimizer=each, learning_rate=rate), settings)
        for each in OPTIMIZERS
        for rate in (RATES[each][2:3] if quick else RATES[each])
    ]


def measure(config: Config, splits: Splits, settings: Mapping[str, Any]) -> Measured:
    """Train until the target is reached or the steps are used up; accuracy at every look."""
    from tf1_dnn.experiments import training

    valid = splits.valid.first(N_VALID)
    with training.started(config, splits) as run:
        curve: list[float] = []
        while run.is_finite and len(curve) * CHUNK < settings["n_steps"]:
            run.run_steps(CHUNK)
            curve.append(run.accuracy(valid))
            if curve[-1] >= settings["target"]:
                return {"steps": len(curve) * CHUNK, "reached": True, "curve": curve}
        return {"steps": settings["n_steps"], "reached": False, "curve": curve}


def tried(values: Values, optimizer: str) -> list[float]:
    """The learning rates tried, rising."""
    return [rate for rate in RATES[optimizer] if label(optimizer, rate) in values]


def best(values: Values, optimizer: str) -> str:
    """The condition with the rate of the fewest steps (geometric mean over the seeds)."""
    names = [label(optimizer, rate) for rate in tried(values, optimizer)]
    return min(names, key=lambda name: float(np.log(values[name]["steps"]).mean()))


def rows(values: Values) -> list[Row]:
    made = []
    control = best(values, CONTROL)
    for optimizer in OPTIMIZERS:
        for rate in tried(values, optimizer):
            name, steps = label(optimizer, rate), values[label(optimizer, rate)]["steps"]
            beside = () if name == control else (control, values[control]["steps"])
            made.append(make_row(STEPS, name, steps, *beside))
    for name in (best(values, optimizer) for optimizer in OPTIMIZERS):
        made.append(make_row(REACHED, name, [float(each) for each in values[name]["reached"]]))
    return made


def judge(optimizer: str, values: Values) -> Verdict:
    """The rule below, for one optimizer."""
    ours, control = (values[best(values, each)] for each in (optimizer, CONTROL))
    saved = difference(np.log(control["steps"]), np.log(ours["steps"]))
    word = exceeds(saved) if all(ours["reached"]) else FAILS
    low, mean, high = (float(np.exp(each)) for each in (saved.low, saved.mean, saved.high))
    names = best(values, optimizer), best(values, CONTROL)
    steps = [float(np.mean(each["steps"])) for each in (ours, control)]
    return Verdict(
        word,
        f"{steps[0]:,.0f} steps ({names[0]}) against {steps[1]:,.0f} ({names[1]}): "
        f"{mean:.2f} [{low:.2f}, {high:.2f}] times as fast",
    )


def draw(values: Values) -> Any:
    figure = figures.figure(width=9.0, height=4.4)
    panels = figure.subplots(1, 2)
    for index, optimizer in enumerate(OPTIMIZERS):
        names = [label(optimizer, rate) for rate in tried(values, optimizer)]
        steps = [estimate(values[name]["steps"]) for name in names]
        figures.line(panels[0], index, optimizer, tried(values, optimizer), steps)
        fastest = values[best(values, optimizer)]["steps"]
        figures.points(panels[1], index, optimizer, [index], [estimate(fastest)])
    figures.label(panels[0], x="learning rate", y="steps to the target", log="xy")
    figures.label(panels[1], x="optimizer, at its best rate", y="steps to the target")
    figures.categories(panels[1], OPTIMIZERS)
    panels[1].set_ylim(bottom=0)
    figures.legend(figure, panels[0], columns=6)
    return figure


EXPERIMENT = Experiment(
    name="optimizers",
    title="Optimizers",
    setup="The post's network (300 and 100 units, relu, no batch norm, no clipping), mean loss, "
    f"batches of 50 of 20,000 images. Steps until {N_VALID:,} validation images are classified "
    f"with an accuracy of {TARGET} (looked at every {CHUNK} steps), counted as 2,000 where that "
    f"is not reached in 2,000 (quick: {QUICK_TARGET} and 300 on 5,000 images, one rate each). "
    "Each optimizer, SGD too, is taken at the best of four learning rates, chosen on these runs; "
    "the rates tried were laid around the best of a few runs with other seeds.",
    conditions=conditions,
    measure=measure,
    rows=rows,
    claims=tuple(
        Claim(
            f"{optimizer} trains faster than plain SGD (introduction).",
            "Each at its best rate: holds if all its runs reach the target, in fewer steps than "
            "SGD beyond the 95% interval (of the difference of logarithms); does not hold if a run "
            "does not reach it or nothing of the interval says so; undecided otherwise.",
            functools.partial(judge, optimizer),
        )
        for optimizer in OPTIMIZERS
        if optimizer != CONTROL
    ),
    draw=draw,
)

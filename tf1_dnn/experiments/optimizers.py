"""The introduction: optimizers that make training faster than plain gradient descent."""

import functools
from typing import Any, Iterator

import numpy as np

from tf1_dnn.config import OPTIMIZERS, PRESETS
from tf1_dnn.experiments import figures
from tf1_dnn.experiments.conditions import Condition, grid
from tf1_dnn.experiments.estimates import FAILS, difference, exceeds
from tf1_dnn.experiments.protocol import Claim, Experiment, Row, Values, Verdict, make_row
from tf1_dnn.experiments.stepped import Measured, Settings, SteppedRun

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
    made = []
    for optimizer in OPTIMIZERS:
        rates = RATES[optimizer][2:3] if quick else RATES[optimizer]
        made += grid(label, base, settings, optimizer=[optimizer], learning_rate=rates)
    return made


def measure(run: SteppedRun, settings: Settings) -> Measured:
    """Train until the target is reached or the steps are used up; accuracy at every look."""
    valid = run.splits.valid.first(N_VALID)
    curve: list[float] = []
    while run.is_finite and len(curve) * CHUNK < settings["n_steps"]:
        run.run_steps(CHUNK)
        curve.append(run.accuracy(valid))
        if curve[-1] >= settings["target"]:
            return {"steps": len(curve) * CHUNK, "reached": True, "curve": curve}
    return {"steps": settings["n_steps"], "reached": False, "curve": curve}


def tried(values: Values, optimizer: str) -> dict[float, str]:
    """The learning rates tried, rising, and their conditions."""
    names = {rate: label(optimizer, rate) for rate in RATES[optimizer]}
    return {rate: name for rate, name in names.items() if name in values}


def best(values: Values, optimizer: str) -> str:
    """The condition with the rate of the fewest steps (geometric mean over the seeds)."""
    names = tried(values, optimizer).values()
    return min(names, key=lambda name: float(np.log(values[name]["steps"]).mean()))


def rows(values: Values) -> Iterator[Row]:
    control = best(values, CONTROL)
    for name in values:
        yield make_row(STEPS, {each: values[each]["steps"] for each in (name, control)})
    for name in (best(values, each) for each in OPTIMIZERS):
        yield make_row(REACHED, {name: values[name]["reached"]})


def judge(optimizer: str, values: Values) -> Verdict:
    """The rule below, for one optimizer."""
    names = best(values, optimizer), best(values, CONTROL)
    ours, control = (values[name]["steps"] for name in names)
    saved = difference(np.log(control), np.log(ours))
    low, mean, high = (float(np.exp(each)) for each in (saved.low, saved.mean, saved.high))
    return Verdict(
        exceeds(saved) if all(values[names[0]]["reached"]) else FAILS,
        f"{np.mean(ours):,.0f} steps ({names[0]}) against {np.mean(control):,.0f} ({names[1]}): "
        f"{mean:.2f} [{low:.2f}, {high:.2f}] times as fast",
    )


def draw(values: Values) -> Any:
    figure, panels = figures.panels(2, width=9.0, height=4.4)
    for index, optimizer in enumerate(OPTIMIZERS):
        names = tried(values, optimizer)
        steps = [values[name]["steps"] for name in names.values()]
        fastest = values[best(values, optimizer)]["steps"]
        figures.line(panels[0], index, optimizer, names, steps)
        figures.points(panels[1], index, optimizer, [index], [fastest])
    figures.name_axes(panels[0], x="learning rate", y="steps to the target", log="xy")
    figures.name_axes(panels[1], x="optimizer, at its best rate", y="steps to the target")
    figures.categories(panels[1], OPTIMIZERS)
    given_up = {max(each["steps"]) for each in values.values() if not all(each["reached"])}
    for steps in given_up:
        figures.level(panels[0], steps, f"{steps:,}: not reached by then")
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

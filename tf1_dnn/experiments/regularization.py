"""Section 1.3, fourth point: batch norm against overfitting, without and with dropout."""

import functools
import itertools
from typing import Any, Iterator, Mapping, Sequence

import numpy as np

from tf1_dnn.config import Config
from tf1_dnn.experiments import figures, pairs
from tf1_dnn.experiments.conditions import Condition, grid
from tf1_dnn.experiments.estimates import HOLDS, all_of, difference, estimate, exceeds
from tf1_dnn.experiments.pairs import BOTH, LEGEND, WITH, WORD
from tf1_dnn.experiments.protocol import Claim, Experiment, Row, Values, Verdict, make_row
from tf1_dnn.experiments.stepped import Measured, Settings, SteppedRun

SIZES = (500, 1_000, 2_000)  # training images
RATES = (0.0, 0.2, 0.5)
MAIN = 0.5  # the dropout rate that the rules look at

GAP = ("training minus test accuracy", ".4f")
TRAIN = ("training accuracy", ".4f")
TEST = ("test accuracy", ".4f")


def label(size: int, rate: float, batch_norm: bool) -> str:
    return f"{size:,} images, dropout {rate:g}, {WORD[batch_norm]}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(loss_reduction="mean", learning_rate=0.1, shuffle_offset=0)
    rates = (0.0, MAIN) if quick else RATES
    made = []
    for size in SIZES[:2] if quick else SIZES:
        settings = dict(n_train=size, n_steps=300 if quick else 1_200)
        named = functools.partial(label, size)
        made += grid(named, base, settings, dropout_rate=rates, batch_norm=BOTH)
    return made


def measure(run: SteppedRun, settings: Settings) -> Measured:
    """Accuracy on the few examples trained on, and on the test set."""
    run.run_steps(settings["n_steps"])
    return {"train": run.accuracy(run.splits.train), "test": run.accuracy(run.splits.test)}


def gap(of: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Training minus test accuracy under a condition, per seed."""
    return np.array(of["train"]) - np.array(of["test"])


def benefit(values: Values, size: int, batch_norm: bool) -> np.ndarray:
    """What dropout adds to test accuracy, per seed."""
    dropped, kept = (values[label(size, rate, batch_norm)]["test"] for rate in (MAIN, 0.0))
    return np.array(dropped) - np.array(kept)


def sizes(values: Values) -> list[int]:
    """Those that were tried, rising."""
    return [size for size in SIZES if label(size, 0.0, WITH) in values]


def rows(values: Values) -> Iterator[Row]:
    for both in pairs.labels(values):
        yield make_row(GAP, {name: gap(values[name]) for name in both})
        yield make_row(TRAIN, {name: values[name]["train"] for name in both})
        yield make_row(TEST, {name: values[name]["test"] for name in both})
    for size, rate, how in itertools.product(SIZES, RATES[1:], BOTH):
        names = [label(size, each, how) for each in (rate, 0.0)]
        if names[0] in values:
            yield make_row(TEST, {name: values[name]["test"] for name in names})


def judge_overfitting(values: Values) -> Verdict:
    """A smaller gap, and better on the test set, whatever the number of images."""
    words, told = [], []
    for size in sizes(values):
        ours, control = (values[label(size, 0.0, each)] for each in BOTH)
        less = difference(gap(control), gap(ours))
        better = difference(ours["test"], control["test"])
        words += [exceeds(less), exceeds(better)]
        told.append(f"{size:,} images: {less.text('+.4f')} and {better.text('+.4f')}")
    return Verdict(all_of(*words), f"gap less by, test accuracy more by: {'; '.join(told)}")


def judge_need(values: Values) -> Verdict:
    """Dropout brings something without batch norm, and less with it."""
    words, told = [], []
    for size in sizes(values):
        beside, without = (benefit(values, size, each) for each in BOTH)
        if exceeds(estimate(without)) == HOLDS:
            words.append(exceeds(difference(without, beside)))
        texts = [estimate(each).text("+.4f") for each in (without, beside)]
        told.append(f"{size:,} images: {' and '.join(texts)}")
    return Verdict(all_of(*words), f"dropout adds without, with batch norm: {'; '.join(told)}")


def judge_together(values: Values) -> Verdict:
    """Dropout still helps, whatever the number of images."""
    added = {size: estimate(benefit(values, size, WITH)) for size in sizes(values)}
    told = [f"{size:,} images: {each.text('+.4f')}" for size, each in added.items()]
    words = [exceeds(each) for each in added.values()]
    return Verdict(all_of(*words), f"with batch norm dropout adds: {'; '.join(told)}")


def draw(values: Values) -> Any:
    figure, panels = figures.panels(2, width=9.0, height=4.0)
    tried = sizes(values)
    gaps = {LEGEND[how]: [gap(values[label(size, 0.0, how)]) for size in tried] for how in BOTH}
    benefits = {LEGEND[how]: [benefit(values, size, how) for size in tried] for how in BOTH}
    figures.lines(panels[0], tried, gaps)
    figures.lines(panels[1], tried, benefits)
    x = "training images"
    figures.name_axes(panels[0], x=x, y="training minus test accuracy, no dropout")
    figures.name_axes(panels[1], x=x, y=f"test accuracy added by dropout {MAIN:g}")
    panels[1].axhline(0, color="0.4", linewidth=0.8)
    figures.legend(figure, panels[0], columns=2)
    return figure


EXPERIMENT = Experiment(
    name="regularization",
    title="Overfitting with few examples",
    setup="The post's network (300 and 100 units, elu), mean loss, SGD, learning rate 0.1, 1,200 "
    "steps of 50 (quick: 300), with and without batch norm and dropout after each hidden layer; "
    "accuracy on the images trained on and on the whole test set. The rules ask for "
    "three sizes of the training set, since first runs with 500 and with 1,000 images had "
    "contradicted each other.",
    conditions=conditions,
    measure=measure,
    rows=rows,
    claims=(
        Claim(
            "Batch norm holds back overfitting (section 1.3).",
            "Without dropout: holds if at each size the gap between training and test accuracy is "
            "smaller with batch norm and test accuracy higher, all beyond the 95% interval; does "
            "not hold if for one of these nothing of the interval says so; undecided otherwise.",
            judge_overfitting,
        ),
        Claim(
            "With batch norm there is less need of dropout (section 1.3).",
            f"A size counts if dropout {MAIN} adds to test accuracy without batch norm. Holds if "
            "one counts and in all that count it adds less with batch norm; does not hold if in "
            "one that counts nothing of the interval says so; undecided otherwise. Each beyond the "
            "95% interval.",
            judge_need,
        ),
        Claim(
            "It is good to use dropout beside batch norm (section 1.3).",
            f"Holds if with batch norm dropout {MAIN} adds to test accuracy at each size, beyond "
            "the 95% interval; does not hold if at one nothing of the interval says so; undecided "
            "otherwise.",
            judge_together,
        ),
    ),
    draw=draw,
)

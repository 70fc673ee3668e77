"""Section 1.3, fourth point: batch norm against overfitting, without and with dropout."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from tf1_dnn.config import Config
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

SIZES = (500, 1_000, 2_000)  # training images
RATES = (0.0, 0.2, 0.5)
MAIN = 0.5  # the dropout rate that the rules look at
WITH, WITHOUT = "batch norm", "none"

GAP = ("training minus test accuracy", ".4f")
TRAIN = ("training accuracy", ".4f")
TEST = ("test accuracy", ".4f")


def label(size: int, rate: float, normalization: str) -> str:
    return f"{size:,} images, dropout {rate:g}, {normalization}"


def conditions(quick: bool) -> list[Condition]:
    base = Config(loss_reduction="mean", learning_rate=0.1, shuffle_offset=0)
    return [
        Condition(
            label(size, rate, normalization),
            base.replace(dropout_rate=rate, batch_norm=normalization == WITH),
            dict(n_train=size, n_steps=300 if quick else 1_200),
        )
        for size in (SIZES[:2] if quick else SIZES)
        for rate in ((0.0, MAIN) if quick else RATES)
        for normalization in (WITH, WITHOUT)
    ]


def measure(config: Config, splits: Splits, settings: Mapping[str, Any]) -> Measured:
    """Accuracy on the few examples trained on, and on the test set."""
    from tf1_dnn.experiments import training

    with training.started(config, splits) as run:
        run.run_steps(settings["n_steps"])
        return {"train": run.accuracy(splits.train), "test": run.accuracy(splits.test)}


def gap(values: Values, size: int, rate: float, normalization: str) -> list[float]:
    """Training minus test accuracy, per seed."""
    of = values[label(size, rate, normalization)]
    return (np.array(of["train"]) - np.array(of["test"])).tolist()


def benefit(values: Values, size: int, normalization: str) -> list[float]:
    """What dropout adds to test accuracy, per seed."""
    dropped, kept = (values[label(size, rate, normalization)]["test"] for rate in (MAIN, 0.0))
    return (np.array(dropped) - np.array(kept)).tolist()


def sizes(values: Values) -> list[int]:
    """Those that were tried, rising."""
    return [size for size in SIZES if label(size, 0.0, WITH) in values]


def rows(values: Values) -> list[Row]:
    made = []
    tried = [(size, rate) for size in sizes(values) for rate in RATES]
    tried = [each for each in tried if label(*each, WITH) in values]
    for size, rate in tried:
        names = [label(size, rate, normalization) for normalization in (WITH, WITHOUT)]
        gaps = gap(values, size, rate, WITH), gap(values, size, rate, WITHOUT)
        made.append(make_row(GAP, names[0], gaps[0], names[1], gaps[1]))
        for quantity, key in ((TRAIN, "train"), (TEST, "test")):
            ours, control = (values[name][key] for name in names)
            made.append(make_row(quantity, names[0], ours, names[1], control))
    for size, rate in (each for each in tried if each[1] > 0):
        for how in (WITH, WITHOUT):
            names = [label(size, each, how) for each in (rate, 0.0)]
            ours, control = (values[name]["test"] for name in names)
            made.append(make_row(TEST, names[0], ours, names[1], control))
    return made


def judge_overfitting(values: Values) -> Verdict:
    """A smaller gap, and better on the test set, whatever the number of images."""
    words, told = [], []
    for size in sizes(values):
        less = difference(gap(values, size, 0.0, WITHOUT), gap(values, size, 0.0, WITH))
        better = difference(*(values[label(size, 0.0, how)]["test"] for how in (WITH, WITHOUT)))
        words += [exceeds(less), exceeds(better)]
        told.append(f"{size:,} images: {less.text('+.4f')} and {better.text('+.4f')}")
    return Verdict(all_of(*words), f"gap less by, test accuracy more by: {'; '.join(told)}")


def judge_need(values: Values) -> Verdict:
    """Dropout brings something without batch norm, and less with it."""
    words, told = [], []
    for size in sizes(values):
        without, beside = (estimate(benefit(values, size, how)) for how in (WITHOUT, WITH))
        less = difference(benefit(values, size, WITHOUT), benefit(values, size, WITH))
        words += [exceeds(less)] if exceeds(without) == HOLDS else []
        told.append(f"{size:,} images: {without.text('+.4f')} and {beside.text('+.4f')}")
    word = all_of(*words) if words else UNDECIDED
    return Verdict(word, f"dropout adds without, with batch norm: {'; '.join(told)}")


def judge_together(values: Values) -> Verdict:
    """Dropout still helps, whatever the number of images."""
    added = {size: estimate(benefit(values, size, WITH)) for size in sizes(values)}
    told = [f"{size:,} images: {each.text('+.4f')}" for size, each in added.items()]
    words = [exceeds(each) for each in added.values()]
    return Verdict(all_of(*words), f"with batch norm dropout adds: {'; '.join(told)}")


def draw(values: Values) -> Any:
    figure = figures.figure(width=9.0, height=4.0)
    panels = figure.subplots(1, 2)
    tried = sizes(values)
    for index, how in enumerate((WITH, WITHOUT)):
        name = how if how == WITH else "no batch norm"
        gaps = [estimate(gap(values, size, 0.0, how)) for size in tried]
        figures.line(panels[0], index, name, tried, gaps)
        benefits = [estimate(benefit(values, size, how)) for size in tried]
        figures.line(panels[1], index, name, tried, benefits)
    x = "training images"
    figures.label(panels[0], x=x, y="training minus test accuracy, no dropout")
    figures.label(panels[1], x=x, y=f"test accuracy added by dropout {MAIN:g}")
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

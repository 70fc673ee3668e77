"""A small experiment of two conditions, put in the place of the real ones."""

import contextlib
from types import SimpleNamespace

from tf1_dnn import experiments
from tf1_dnn.config import Config
from tf1_dnn.experiments import stepped
from tf1_dnn.experiments.conditions import Condition
from tf1_dnn.experiments.estimates import difference, exceeds
from tf1_dnn.experiments.protocol import Claim, Experiment, Verdict, make_row


class Counter:
    """The small experiment's measure: accuracy by a formula, and what was run."""

    def __init__(self):
        self.runs = []

    def __call__(self, run, settings):
        config = run.model.config
        self.runs.append((config.learning_rate, config.seed, run.splits.train.n_examples))
        return {"accuracy": config.learning_rate + 0.01 * config.seed}


@contextlib.contextmanager
def started(config, splits):
    """What the small experiment measures: no network is built."""
    yield SimpleNamespace(model=SimpleNamespace(config=config), splits=splits)


def judge(values):
    gain = difference(values["fast"]["accuracy"], values["slow"]["accuracy"])
    return Verdict(exceeds(gain), f"{gain.text('.2f')} more")


def rows(values):
    slow, fast = values["slow"]["accuracy"], values["fast"]["accuracy"]
    return [make_row(("accuracy", ".2f"), {"fast": fast, "slow": slow})]


def draw(values):
    from tf1_dnn.experiments import figures

    return figures.panels(1, width=2, height=2)[0]


def install(monkeypatch):
    """Put it in the place of the real ones; returns its measure, which counts."""
    counter = Counter()
    settings = {"n_train": 1_000}
    small = Experiment(
        name="small",
        title="Small",
        setup="A formula.",
        conditions=lambda quick: [
            Condition(name, Config(learning_rate=rate), settings)
            for name, rate in (("slow", 0.1), ("fast", 0.2 if quick else 0.3))
        ],
        measure=counter,
        rows=rows,
        claims=(Claim("Fast is more.", "Holds if it is more.", judge),),
        draw=draw,
    )
    monkeypatch.setitem(experiments.EXPERIMENTS, "small", small)
    monkeypatch.setattr(experiments, "NAMES", ("small",))
    monkeypatch.setattr(stepped, "started", started)
    return counter

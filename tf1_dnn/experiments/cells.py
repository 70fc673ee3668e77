"""One run of one condition with one seed, and the small file that keeps what it gave."""

import dataclasses
import hashlib
import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any, ContextManager, NamedTuple

import numpy as np

from tf1_dnn import __version__, data
from tf1_dnn.config import Config
from tf1_dnn.data import Dataset, Splits
from tf1_dnn.errors import RunError, told
from tf1_dnn.experiments.protocol import Experiment
from tf1_dnn.experiments.stepped import Measured, Settings
from tf1_dnn.runs import durable


class Cell(NamedTuple):
    """The unit of work: everything that decides its figures."""

    experiment: str
    condition: str
    config: Config  # with the cell's seed
    settings: Settings
    data_sha256: str

    def key(self) -> dict[str, Any]:
        """What a file must say of itself to be taken for this cell's."""
        whole = {**self._asdict(), "config": dataclasses.asdict(self.config)}
        versions = {"tf1_dnn": __version__, "tensorflow": version("tensorflow")}
        return json.loads(json.dumps({**whole, "versions": versions}))

    def path(self, folder: Path) -> Path:
        """Its file: names for people, and a hash of the key."""
        slug = re.sub(r"[^a-z0-9.]+", "-", self.condition.lower())
        text = json.dumps(self.key(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return folder / f"{self.experiment}-{slug}-{self.config.seed}-{digest}.json"


def make_folder(out: Path) -> Path:
    """The folder of a report's cells, which git ignores; RunError if it cannot be made."""
    folder = out / "cells"
    with writing(f"to {out}", "permit it, or name another."):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    return folder


def make_cells(experiment: Experiment, splits: Splits, seeds: int, *, quick: bool) -> list[Cell]:
    """Every condition with every seed from 0 on, condition by condition.

    Raises DataError for a training set smaller than a mini-batch.
    """
    sha256, most = splits.sha256(), splits.train.n_examples
    cells = []
    for condition in experiment.conditions(quick):
        settings = dict(condition.settings)
        settings["n_train"] = min(settings["n_train"], most)
        data.n_batches(settings["n_train"], condition.config.batch_size)
        for seed in range(seeds):
            config = condition.config.replace(seed=seed)
            cells.append(Cell(experiment.name, condition.label, config, settings, sha256))
    return cells


def read(folder: Path, cell: Cell) -> Measured | None:
    """What a finished cell gave; None if its file is missing, damaged or another cell's."""
    try:
        kept = json.loads(cell.path(folder).read_text(encoding="utf-8"))
        return kept["measured"] if kept["key"] == cell.key() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(folder: Path, cell: Cell, measured: Measured) -> None:
    """Keep what a cell gave, whole or not at all; RunError if it cannot be written."""
    text = json.dumps({"key": cell.key(), "measured": measured}, indent=1) + "\n"
    with writing(f"to {folder}", "make room; finished cells are kept."):
        durable.write_whole(cell.path(folder), text)


def writing(what: str, remedy: str) -> ContextManager[None]:
    """What the system has against it becomes a RunError."""
    return told(RunError, f"cannot write {what}", remedy, OSError)


def draw_examples(splits: Splits, n_train: int, seed: int) -> Splits:
    """The splits with `n_train` training examples only, drawn by the seed."""
    order = np.random.RandomState(seed).permutation(splits.train.n_examples)[:n_train]
    return splits._replace(train=Dataset(splits.train.images[order], splits.train.labels[order]))

"""The post's claims put to the test: what it says of batch norm, clipping and optimizers.

    from tf1_dnn import data, experiments

    result = experiments.run("vanishing", data.load(), seeds=3, quick=True)
    for claim, verdict in zip(result.experiment.claims, result.verdicts):
        print(claim.sentence, claim.rule, verdict.word, verdict.because, sep="\n")
    print(experiments.markdown(result))
    experiments.plot(result, "vanishing.png")

Each experiment is a module with its conditions, what a run of one measures, and its claims, each
with a rule in words and as a function, both written before the figures. `python -m
tf1_dnn.experiments` runs them and writes the report that `read_report` reads.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Sequence

from tf1_dnn.data import Splits
from tf1_dnn.errors import ConfigError, RunError
from tf1_dnn.experiments import (
    cells,
    clipping,
    initialization,
    learning_rates,
    momentum,
    optimizers,
    pool,
    regularization,
    vanishing,
)
from tf1_dnn.experiments.protocol import Experiment, Result, conclude
from tf1_dnn.experiments.report import markdown, plot, read_report, verdicts_markdown

__all__ = [
    "EXPERIMENTS",
    "NAMES",
    "Result",
    "markdown",
    "plot",
    "read_report",
    "run",
    "run_all",
    "verdicts_markdown",
]

_MODULES = (
    vanishing,
    initialization,
    learning_rates,
    regularization,
    momentum,
    clipping,
    optimizers,
)
EXPERIMENTS: dict[str, Experiment] = {each.EXPERIMENT.name: each.EXPERIMENT for each in _MODULES}
NAMES = tuple(EXPERIMENTS)
SEEDS, QUICK_SEEDS = 8, 3


def run(
    name: str,
    splits: Splits,
    *,
    seeds: int | None = None,
    quick: bool = False,
    out: str | os.PathLike[str] | None = None,
    workers: int = 0,
) -> Result:
    """One experiment; arguments as in `run_all`."""
    return run_all([name], splits, seeds=seeds, quick=quick, out=out, workers=workers)[0]


def run_all(
    names: Sequence[str],
    splits: Splits,
    *,
    seeds: int | None = None,
    quick: bool = False,
    out: str | os.PathLike[str] | None = None,
    workers: int = 0,
) -> list[Result]:
    """Run experiments cell by cell, a cell being one condition with one seed.

    Args:
      names: some of NAMES.
      splits: the data; each cell draws its training examples from them by its seed.
      seeds: how many, from 0 on; by default 8, or 3 if `quick`.
      quick: smaller training sets, fewer steps and conditions.
      out: finished cells are kept in its folder `cells`, and those found there not run again.
      workers: processes of one thread each; 0 runs all in this process.

    Raises:
      ConfigError: an unknown experiment, or fewer than 2 seeds, which give no interval.
      RunError: `out` cannot be written to.
    """
    check_names(names)
    seeds = seeds if seeds is not None else QUICK_SEEDS if quick else SEEDS
    check_seeds(seeds)
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_folder(out if out is not None else temporary) / cells.FOLDER
        wanted = [
            cell
            for name in names
            for cell in cells.make_cells(EXPERIMENTS[name], splits, seeds=seeds, quick=quick)
        ]
        measured = pool.measure_all(wanted, splits, folder, workers=workers)
    values: dict[str, dict[str, dict[str, list]]] = {name: {} for name in names}
    for cell, quantities in zip(wanted, measured):
        condition = values[cell.experiment].setdefault(cell.condition, {})
        for quantity, value in quantities.items():
            condition.setdefault(quantity, []).append(value)
    return [conclude(EXPERIMENTS[name], values[name]) for name in names]


def check_names(names: Sequence[str]) -> None:
    """Raise ConfigError for an unknown experiment."""
    for name in names:
        if name not in NAMES:
            known = ", ".join(NAMES)
            raise ConfigError(f"unknown experiment {name!r}: choose from {known}, or all.")


def check_seeds(seeds: int) -> None:
    """Raise ConfigError for too few."""
    if seeds < 2:
        raise ConfigError(f"--seeds must be at least 2, not {seeds}: an interval needs two runs.")


def make_folder(out: str | os.PathLike[str]) -> Path:
    """The folder of a report, with that of its cells, which git ignores; RunError if it cannot."""
    folder = Path(out)
    try:
        (folder / cells.FOLDER).mkdir(parents=True, exist_ok=True)
        (folder / cells.FOLDER / ".gitignore").write_text("*\n")
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(
            f"cannot write to {folder} ({reason}): permit it, or name another."
        ) from None
    return folder

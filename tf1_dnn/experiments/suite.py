"""Run experiments: every condition with every seed, and what follows from all of them."""

import tempfile
from pathlib import Path
from typing import Sequence

from tf1_dnn.data import Splits
from tf1_dnn.errors import ConfigError
from tf1_dnn.experiments import cells, pool
from tf1_dnn.experiments.protocol import Result, conclude
from tf1_dnn.experiments.registry import EXPERIMENTS
from tf1_dnn.spec import PathLike

SEEDS, QUICK_SEEDS = 8, 3


def run(
    name: str,
    splits: Splits,
    *,
    seeds: int | None = None,
    quick: bool = False,
    out: PathLike | None = None,
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
    out: PathLike | None = None,
    workers: int = 0,
) -> list[Result]:
    """Run experiments cell by cell, a cell being one condition with one seed.

    Args:
      names: some of NAMES.
      splits: the data; each cell draws its training examples from them by its seed.
      seeds: how many, from 0 on; by default 8, or 3 if `quick`.
      quick: smaller training sets, fewer steps and conditions; no verdicts.
      out: finished cells are kept in its folder `cells`, and those found there not run again.
      workers: processes of one thread each; 0 runs all in this process.

    Raises:
      ConfigError: an unknown experiment, or fewer than 2 seeds, which give no interval.
      RunError: `out` cannot be written to.
    """
    check_names(names)
    seeds = seeds if seeds is not None else QUICK_SEEDS if quick else SEEDS
    check_seeds(seeds)
    chosen = [EXPERIMENTS[name] for name in names]
    with tempfile.TemporaryDirectory() as temporary:
        folder = cells.make_folder(Path(out if out is not None else temporary))
        wanted = [
            cell for each in chosen for cell in cells.make_cells(each, splits, seeds, quick=quick)
        ]
        measured = pool.measure_all(wanted, splits, folder, workers=workers)
    values: dict[str, dict[str, dict[str, list]]] = {name: {} for name in names}
    for cell, quantities in zip(wanted, measured):
        condition = values[cell.experiment].setdefault(cell.condition, {})
        for quantity, value in quantities.items():
            condition.setdefault(quantity, []).append(value)
    return [conclude(each, values[each.name], quick=quick) for each in chosen]


def check_names(names: Sequence[str]) -> None:
    """Raise ConfigError for an unknown experiment."""
    for name in names:
        if name not in EXPERIMENTS:
            known = ", ".join(EXPERIMENTS)
            raise ConfigError(f"unknown experiment {name!r}: choose from {known}, or all.")


def check_seeds(seeds: int) -> None:
    """Raise ConfigError for too few."""
    if seeds < 2:
        raise ConfigError(f"--seeds must be at least 2, not {seeds}: an interval needs two runs.")

"""The evaluator of a cluster: validates and tests every checkpoint that the chief writes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Iterator

from tf1_dnn import cli, restore, runs
from tf1_dnn.data import Splits
from tf1_dnn.errors import ConfigError, RunError

_POLL_SECONDS, _SAY_SECONDS = 0.5, 60.0


def follow(run_dir: str | os.PathLike[str] | None, splits: Splits) -> None:
    """Print validation and test accuracy of each checkpoint in a run directory, until it is over.

    The directory must be the chief's, on a file system that both see. Checkpoints that the chief
    has deleted meanwhile are passed over.

    Raises ConfigError without a run directory.
    """
    if run_dir is None:
        raise ConfigError("the evaluator reads checkpoints: give it the chief's --run-dir.")
    folder = Path(run_dir)
    for n_epochs in _checkpoints(folder):
        try:
            valid, test = _accuracies(folder, n_epochs, splits)
        except RunError:
            continue
        print(
            f"epoch: {n_epochs - 1:03d}, valid. Acc: {valid:.4f}, test. Acc: {test:.4f}", flush=True
        )


def _checkpoints(folder: Path) -> Iterator[int]:
    """The numbers of epochs of checkpoints, as they come, until the run has been tested."""
    last, said = 0, time.monotonic()
    while True:
        is_over = _is_over(folder)  # before the look: the last checkpoint is older than the test
        names = [path.name[6:] for path in folder.glob(f"{runs.CHECKPOINTS}/epoch-*")]
        for number in sorted(int(name) for name in names if name.isdecimal()):
            if number > last:
                last, said = number, time.monotonic()
                yield number
        if is_over:
            return
        if time.monotonic() > said + _SAY_SECONDS:
            cli.say(f"the evaluator is waiting for a checkpoint in {folder}")
            said = time.monotonic()
        time.sleep(_POLL_SECONDS)


def _is_over(folder: Path) -> bool:
    try:
        lines = (folder / runs.METRICS).read_text(encoding="utf-8").splitlines()
        return bool(lines) and "test_accuracy" in json.loads(lines[-1])
    except (OSError, ValueError):
        return False


def _accuracies(folder: Path, n_epochs: int, splits: Splits) -> tuple[float, float]:
    prefix = folder / runs.CHECKPOINTS / f"epoch-{n_epochs:04d}" / "variables"
    with restore.restored(folder, str(prefix)) as run:
        from tf1_dnn import loops

        accuracies = [
            loops.evaluate(run.session, run.model, dataset)[0]
            for dataset in (splits.valid, splits.test)
        ]
    return accuracies[0], accuracies[1]

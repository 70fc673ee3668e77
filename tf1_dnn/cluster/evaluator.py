"""The evaluator of a cluster: validates and tests every checkpoint that the chief writes."""

import contextlib
import json
import time
from pathlib import Path
from typing import Iterator

from tf1_dnn import cli
from tf1_dnn.data import Splits
from tf1_dnn.errors import ConfigError, RunError
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.runs import directory, restore
from tf1_dnn.runs.checkpoint_folder import CheckpointFolder
from tf1_dnn.spec import PathLike

_POLL_SECONDS, _SAY_SECONDS = 0.5, 60.0


def follow(run_dir: PathLike | None, splits: Splits, network: NetworkSource | None = None) -> None:
    """Print validation and test accuracy of each checkpoint in a run directory, until it is over.

    The directory must be the chief's, on a file system that both see. Checkpoints that the chief
    has deleted meanwhile are passed over. `network` is the chief's, if it is of the user's own.

    Raises ConfigError without a run directory.
    """
    if run_dir is None:
        raise ConfigError("the evaluator reads checkpoints: give it the chief's --run-dir.")
    saved = CheckpointFolder(Path(run_dir, directory.CHECKPOINTS))
    for n_epochs in _as_they_come(saved, Path(run_dir)):
        with contextlib.suppress(RunError):
            with restore.restored(run_dir, saved.prefix(n_epochs), network=network) as run:
                valid, test = _accuracies(run, splits)
            words = f"valid. Acc: {valid:.4f}, test. Acc: {test:.4f}"
            cli.put(f"epoch: {n_epochs - 1:03d}, {words}")


def _as_they_come(saved: CheckpointFolder, run_dir: Path) -> Iterator[int]:
    """The numbers of epochs of new checkpoints, until the run has been tested."""
    last, said = 0, time.monotonic()
    while True:
        is_over = _is_over(run_dir)  # before the look: the last checkpoint is older than the test
        for number in saved.all():
            if number > last:
                last, said = number, time.monotonic()
                yield number
        if is_over:
            return
        if time.monotonic() > said + _SAY_SECONDS:
            cli.say(f"the evaluator is waiting for a checkpoint in {run_dir}")
            said = time.monotonic()
        time.sleep(_POLL_SECONDS)


def _is_over(run_dir: Path) -> bool:
    try:
        lines = (run_dir / directory.METRICS).read_text(encoding="utf-8").splitlines()
        return bool(lines) and "test_accuracy" in json.loads(lines[-1])
    except (OSError, ValueError):
        return False


def _accuracies(run: restore.Restored, splits: Splits) -> tuple[float, float]:
    from tf1_dnn.training.evaluation import evaluate

    valid = evaluate(run.session, run.model, splits.valid)
    return valid.accuracy, evaluate(run.session, run.model, splits.test).accuracy

"""Recorder: writes one training run into its directory, epoch by epoch, and takes it up again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from tf1_dnn import runs
from tf1_dnn.checkpoints import Checkpoints
from tf1_dnn.config import Keeping
from tf1_dnn.errors import Interrupted
from tf1_dnn.graph import ModelSpec


class EpochMetrics(NamedTuple):
    epoch: int  # from 0
    valid_accuracy: float
    valid_loss: float  # mean over the validation set
    seconds: float  # spent on training steps


class TestMetrics(NamedTuple):
    test_accuracy: float
    test_loss: float  # mean over the test set


class History(NamedTuple):
    epochs: tuple[EpochMetrics, ...]
    test: TestMetrics


class Recorder:
    """Keeps metrics.jsonl, times.jsonl and checkpoints of a run.

    metrics.jsonl holds no times, so that an interrupted and resumed run leaves the very bytes of
    one that ran through.
    """

    def __init__(self, folder: Path, model: ModelSpec, keeping: Keeping) -> None:
        self.folder, self.keeping = folder, keeping
        self.checkpoints = Checkpoints(folder / runs.CHECKPOINTS, model)

    def resume(self, session: Any) -> list[EpochMetrics]:
        """Restore the last whole checkpoint; the metrics up to it, [] if there is none."""
        saved = self.checkpoints.all()
        epochs: list[EpochMetrics] = []
        if saved:
            self.checkpoints.restore(session, saved[-1])
            state = self.checkpoints.state(saved[-1])
            epochs = [EpochMetrics(*values) for values in state["epochs"]]
        self._write(epochs)
        return epochs

    def record(self, session: Any, epochs: list[EpochMetrics], *, is_last: bool) -> None:
        """Write an epoch's metrics, and a checkpoint where one is due."""
        self._write(epochs)
        n_epochs = len(epochs)
        is_best = best_epoch(epochs) == n_epochs - 1
        if is_last or is_best or n_epochs % self.keeping.checkpoint_every == 0:
            self.checkpoints.save(session, n_epochs, {"epochs": epochs})
            self.checkpoints.prune(keep=self.keeping.keep, best=best_epoch(epochs) + 1)

    def finish(self, history: History) -> None:
        """Write the test's metrics."""
        self._write(history.epochs, history.test)

    def restore_best(self, session: Any, epochs: list[EpochMetrics]) -> None:
        """Load the variables of the epoch with the best validation accuracy."""
        self.checkpoints.restore(session, best_epoch(epochs) + 1)

    def _write(self, epochs: Any, test: TestMetrics | None = None) -> None:
        lines, times = [], []
        for metrics in epochs:
            values = metrics._asdict()
            times.append({"epoch": metrics.epoch, "seconds": values.pop("seconds")})
            lines.append(values)
        if test is not None:
            lines.append(test._asdict())
        for name, rows in [(runs.METRICS, lines), (runs.TIMES, times)]:
            runs.write_whole(self.folder / name, "".join(json.dumps(row) + "\n" for row in rows))


def best_epoch(epochs: Any) -> int:
    """The first epoch with the best validation accuracy."""
    return max(range(len(epochs)), key=lambda i: (epochs[i].valid_accuracy, -i))


def raise_if_noted(signals: list[int]) -> None:
    """Raise Interrupted for the first signal noted."""
    if signals:
        raise Interrupted(signals[0])

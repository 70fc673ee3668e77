"""Recorder: writes one training run into its directory, epoch by epoch, and takes it up again."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, Iterator

from tf1_dnn import loops, plots, runs
from tf1_dnn.checkpoints import Checkpoints
from tf1_dnn.config import Keeping
from tf1_dnn.data import Splits, n_batches
from tf1_dnn.errors import RunError, first_sentence
from tf1_dnn.events import Events
from tf1_dnn.graph import ModelSpec
from tf1_dnn.history import EpochMetrics, History, TestMetrics, best_epoch


class Recorder:
    """Keeps metrics.jsonl, times.jsonl and checkpoints of a run.

    metrics.jsonl holds no times, so that an interrupted and resumed run leaves the very bytes of
    one that ran through.
    """

    def __init__(self, folder: Path, model: ModelSpec, keeping: Keeping, splits: Splits) -> None:
        self.folder, self.keeping = folder, keeping
        self.checkpoints = Checkpoints(folder / runs.CHECKPOINTS, model)
        with _events_told(folder):
            self.events = Events(
                folder,
                model,
                splits.valid,
                histograms=keeping.histograms,
                n_steps=n_batches(splits.train.n_examples, model.config.batch_size),
            )

    def resume(self, session: Any) -> list[EpochMetrics]:
        """Restore the last whole checkpoint; the metrics up to it, [] if there is none."""
        saved = self.checkpoints.all()
        epochs: list[EpochMetrics] = []
        if saved:
            self.checkpoints.restore(session, saved[-1])
            epochs = _saved_epochs(self.checkpoints, saved[-1])
        with _events_told(self.folder):
            self.events.restart(len(epochs))
        self._write(epochs)
        return epochs

    def record(
        self, session: Any, epochs: list[EpochMetrics], steps: loops.Metrics, *, is_last: bool
    ) -> None:
        """Write an epoch's metrics and events, and a checkpoint where one is due."""
        self._write(epochs)
        with _events_told(self.folder):
            self.events.write(session, epochs[-1], steps)
        n_epochs = len(epochs)
        is_best = best_epoch(epochs) == n_epochs - 1
        if is_last or is_best or n_epochs % self.keeping.checkpoint_every == 0:
            self.checkpoints.save(session, n_epochs, {"epochs": epochs})
            self.checkpoints.prune(keep=self.keeping.keep, best=best_epoch(epochs) + 1)

    def finish(self, history: History) -> None:
        """Write the test's metrics and the picture of the curves."""
        self._write(history.epochs, history.test)
        plots.curves({self.folder.name: list(history.epochs)}, self.folder / runs.CURVES)
        with _events_told(self.folder):
            self.events.close()

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


@contextlib.contextmanager
def _events_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # TensorFlow's writer thread dies of IndexError on a full disk, say
        raise RunError(
            f"cannot write TensorBoard's events in {folder} ({first_sentence(error)}): make room "
            "or permit it and --resume; earlier checkpoints are intact."
        ) from error


def _saved_epochs(checkpoints: Checkpoints, n_epochs: int) -> list[EpochMetrics]:
    try:
        epochs = [EpochMetrics(*values) for values in checkpoints.state(n_epochs)["epochs"]]
    except (KeyError, TypeError):
        epochs = []
    if len(epochs) != n_epochs:
        prefix = checkpoints.prefix(n_epochs)
        raise RunError(f"the metrics beside the checkpoint {prefix} are damaged: take another one.")
    return epochs

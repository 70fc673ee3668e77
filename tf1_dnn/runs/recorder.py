"""Recorder: what a run keeps of its epochs, and takes up again: nothing, or a run directory."""

import contextlib
import json
from pathlib import Path
from typing import Any, ContextManager, Iterator, Sequence

from tf1_dnn.config import Keeping
from tf1_dnn.data import Splits, n_batches
from tf1_dnn.errors import RunError, told
from tf1_dnn.graph import CHEAP_METRICS, STEP_METRICS, ModelSpec
from tf1_dnn.runs import config_json, directory, durable, plots
from tf1_dnn.runs.checkpoints import Checkpoints
from tf1_dnn.runs.events import WINDOW, Events
from tf1_dnn.runs.history import EpochMetrics, History, StepMetrics, TestMetrics, best_epoch
from tf1_dnn.spec import TrainSpec


class Recorder:
    """Of a run without a directory: it keeps nothing."""

    metrics: Sequence[str] = CHEAP_METRICS  # the step metrics it wants
    metrics_every = 1  # steps between two looks at gradients

    def resume(self, session: Any) -> list[EpochMetrics]:
        """Restore the last whole checkpoint; the metrics up to it, [] if there is none."""
        return []

    def record(
        self, session: Any, epochs: list[EpochMetrics], steps: StepMetrics, *, is_last: bool
    ) -> None:
        """Write an epoch's metrics and events, and a checkpoint where one is due."""

    def restore_best(self, session: Any, epochs: list[EpochMetrics]) -> None:
        """Load the variables of the epoch with the best validation accuracy."""

    def finish(self, history: History) -> None:
        """Write the test's metrics and the picture of the curves."""


class RunRecorder(Recorder):
    """Keeps metrics.jsonl, times.jsonl, TensorBoard's events and checkpoints in a run directory.

    metrics.jsonl holds no times, so that an interrupted and resumed run leaves the very bytes of
    one that ran through.
    """

    metrics, metrics_every = STEP_METRICS, WINDOW

    def __init__(self, folder: Path, model: ModelSpec, keeping: Keeping, splits: Splits) -> None:
        self.folder, self.keeping = folder, keeping
        self.checkpoints = Checkpoints(folder / directory.CHECKPOINTS, model)
        with _events_told(folder):
            self.events = Events(
                folder,
                model,
                splits.valid,
                histograms=keeping.histograms,
                n_steps=n_batches(splits.train.n_examples, model.config.batch_size),
            )

    def resume(self, session: Any) -> list[EpochMetrics]:
        epochs = self._restore_newest(session)
        with _events_told(self.folder):
            self.events.restart(len(epochs))
        self._write(epochs)
        return epochs

    def _restore_newest(self, session: Any) -> list[EpochMetrics]:
        """Restore the newest whole checkpoint, if there are any; damaged ones are set aside."""
        self.checkpoints.wait()
        saved = self.checkpoints.all()
        if not saved:
            return []
        epochs = self.checkpoints.newest_whole()
        self.checkpoints.restore(session, len(epochs))
        for damaged in saved[saved.index(len(epochs)) + 1 :]:
            self.checkpoints.set_aside(damaged)
        # A kill may have come between a save and what it makes superfluous.
        self.checkpoints.prune(keep=self.keeping.keep, best=best_epoch(epochs) + 1)
        return epochs

    def record(
        self, session: Any, epochs: list[EpochMetrics], steps: StepMetrics, *, is_last: bool
    ) -> None:
        self._write(epochs)
        with _events_told(self.folder):
            self.events.write(session, epochs[-1], steps)
        n_epochs, n_best = len(epochs), best_epoch(epochs) + 1
        if is_last or n_best == n_epochs or n_epochs % self.keeping.checkpoint_every == 0:
            self.checkpoints.save(session, epochs, keep=self.keeping.keep, best=n_best)

    def restore_best(self, session: Any, epochs: list[EpochMetrics]) -> None:
        self.checkpoints.restore(session, best_epoch(epochs) + 1)

    def finish(self, history: History) -> None:
        self.checkpoints.wait()  # the test tells others that no checkpoint is to come
        self._write(history.epochs, history.test, synced=True)
        plots.curves({self.folder.name: list(history.epochs)}, self.folder / directory.CURVES)
        with _events_told(self.folder):
            self.events.close()

    def _write(
        self,
        epochs: Sequence[EpochMetrics],
        test: TestMetrics | None = None,
        *,
        synced: bool = False,  # a checkpoint holds the epochs as well
    ) -> None:
        lines, times = [], []
        for metrics in epochs:
            values = metrics._asdict()
            times.append({"epoch": metrics.epoch, "seconds": values.pop("seconds")})
            lines.append(values)
        if test is not None:
            lines.append(test._asdict())
        for name, rows in [(directory.METRICS, lines), (directory.TIMES, times)]:
            text = "".join(json.dumps(row) + "\n" for row in rows)
            durable.write_whole(self.folder / name, text, synced=synced)


@contextlib.contextmanager
def open_recorder(spec: TrainSpec, model: ModelSpec, splits: Splits) -> Iterator[Recorder]:
    """The recorder of the run directory that the spec names, claimed for this process.

    Raises RunError as `directory.open_run` does, and where events cannot be written.
    """
    if spec.run_dir is None:
        yield Recorder()
        return
    description = config_json.describe(spec, splits)
    claim = directory.open_run(
        spec.run_dir,
        description,
        network_text=spec.network.text if spec.network else None,
        resume=spec.resume,
        overwrite=spec.overwrite,
    )
    with claim as folder:
        recorder = RunRecorder(folder, model, spec.keeping, splits)
        try:
            yield recorder
        finally:
            recorder.checkpoints.wait()


def _events_told(folder: Path) -> ContextManager[None]:
    remedy = "make room or permit it and --resume; earlier checkpoints are intact"
    # TensorFlow's writer dies of whatever a full disk leads to.
    return told(RunError, f"cannot write TensorBoard's events in {folder}", remedy, Exception)

"""TensorBoard events of a run: curves of train and valid, statistics, histograms, the graph."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.data import Dataset
from tf1_dnn.graph import ModelSpec
from tf1_dnn.graph.learning_rate import rate_at
from tf1_dnn.runs.history import EpochMetrics, StepMetrics

WINDOW = 50  # steps that one point of a training curve stands for
_TAGS = {"global_norm": "gradients/global_norm", "clipped_fraction": "gradients/clipped_fraction"}


class EventFile:
    """One file of TensorBoard events, written by the caller.

    `tf.summary.FileWriter` writes in a thread of its own, where a full disk goes unnoticed.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"events.out.tfevents.{time.time_ns()}"  # TensorBoard reads by name
        self._writer = tf.python_io.TFRecordWriter(str(path))
        self.flush, self.close = self._writer.flush, self._writer.close
        self.write(file_version="brain.Event:2")

    def write(self, step: int = 0, **what: Any) -> None:
        """Write one of Event's fields: `summary`, `graph_def`, `session_log`."""
        event = tf.Event(wall_time=time.time(), step=step, **what)
        self._writer.write(event.SerializeToString())


class Events:
    """Writes `train/` and `valid/` under a run directory.

    A point of a training curve is the mean over WINDOW steps; gradients are looked at in the
    first step of each. Histograms are of one mini-batch of validation examples, in training mode.
    """

    def __init__(
        self, folder: Path, model: ModelSpec, examples: Dataset, *, histograms: int, n_steps: int
    ) -> None:
        self.model, self.examples = model, examples
        self.histograms, self.n_steps = histograms, n_steps
        with model.graph.as_default():
            moving = _moving_statistics()
            self.moving = tf.summary.merge(moving) if moving else None
            self.details = tf.summary.merge(_details(model)) if histograms else None
            meta_graph = tf.train.export_meta_graph()
            rate = rate_at(model.config, model.global_step)
            self.learning_rate = tf.convert_to_tensor(rate)
        self.train, self.valid = EventFile(folder / "train"), EventFile(folder / "valid")
        self.train.write(graph_def=meta_graph.graph_def.SerializeToString())
        self.train.write(meta_graph_def=meta_graph.SerializeToString())

    def restart(self, n_epochs: int) -> None:
        """Make TensorBoard drop what was written after the checkpoint that is resumed."""
        start = tf.SessionLog(status=tf.SessionLog.START)
        for file in (self.train, self.valid):
            file.write(n_epochs * self.n_steps + 1, session_log=start)

    def write(self, session: Any, metrics: EpochMetrics, steps: StepMetrics) -> None:
        """Write one epoch."""
        end = (metrics.epoch + 1) * self.n_steps
        for start in range(0, self.n_steps, WINDOW):
            parts = {name: values[start : start + WINDOW] for name, values in steps.items()}
            # Where batches come in two sizes, a window may lie between two looks at gradients.
            looked_at = {n: part[~np.isnan(part)] for n, part in parts.items()}
            window = {n: float(part.mean()) for n, part in looked_at.items() if part.size}
            step = end - self.n_steps + min(start + WINDOW, self.n_steps)
            self.train.write(step, summary=_scalars(window))
        rate = session.run(self.learning_rate)
        scalars = {"learning_rate": rate, "seconds": metrics.seconds}
        self.train.write(end, summary=_scalars(scalars))
        valid = {"loss": metrics.valid_loss, "accuracy": metrics.valid_accuracy}
        self.valid.write(end, summary=_scalars(valid))
        if self.moving is not None:
            self.train.write(end, summary=tf.Summary.FromString(session.run(self.moving)))
        if self.histograms and (metrics.epoch + 1) % self.histograms == 0:
            part = self.examples.examples(slice(self.model.config.batch_size))
            feed_dict = self.model.placeholders.feed_dict(part, training=True)
            details = session.run(self.details, feed_dict)
            self.train.write(end, summary=tf.Summary.FromString(details))
        for file in (self.train, self.valid):
            file.flush()

    def close(self) -> None:
        """Close the files."""
        self.train.close()
        self.valid.close()


def _scalars(values: dict[str, float]) -> Any:
    return tf.Summary(
        value=[
            tf.Summary.Value(tag=_TAGS.get(name, name), simple_value=float(value))
            for name, value in values.items()
        ]
    )


def _moving_statistics() -> list[Any]:
    return [
        tf.summary.histogram(f"statistics/{variable.op.name}", variable)
        for variable in tf.global_variables()
        if "/moving_" in variable.op.name
    ]


def _details(model: ModelSpec) -> list[Any]:
    """Histograms of every layer before and after batch norm, and of every gradient."""
    step, tensors = model.tower.step, dict(model.tower.network.tensors)
    for kind, pairs in [("raw", step.grads_and_vars), ("clipped", step.clipped_grads)]:
        tensors |= {f"gradients_{kind}/{var.op.name}": grad for grad, var in pairs}
    return [tf.summary.histogram(name, tensor) for name, tensor in tensors.items()]

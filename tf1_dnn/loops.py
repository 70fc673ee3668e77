"""The two ways through an epoch, both driven by session.run: step by step, or inside the graph.

Both build their steps with graph.build_tower, so network, loss and update exist once. Given the
same batches they print the same digits.
"""

from __future__ import annotations

import itertools
import logging
from typing import Any, Iterator, Protocol, Sequence

import numpy as np
from tqdm import tqdm

from tf1_dnn.compat import tf
from tf1_dnn.data import Dataset
from tf1_dnn.epoch import build_epoch_graph
from tf1_dnn.graph import ModelSpec
from tf1_dnn.optimizer import StepMetrics

MAX_RESIDENT_BYTES = 1 << 30
MAX_STEPS_PER_CALL = 2_000  # so that Ctrl-C is heard and the bar moves within seconds
EVALUATION_BATCH = 10_000  # examples fed at once; the post feeds its 5,000 whole

Batches = Sequence[np.ndarray]  # one array of indices into the training set per step
_logger = logging.getLogger("tf1_dnn")


class Loop(Protocol):
    """Runs the train op once per batch, in order."""

    def run_epoch(self, session: Any, batches: Batches) -> StepMetrics:
        """Loss, gradient norm and clipped fraction of every step, float32 `[n_batches]` each."""


class StepLoop:
    """The post's loop: one session.run(train_op, feed_dict) per mini-batch."""

    def __init__(self, model: ModelSpec, dataset: Dataset) -> None:
        self.model, self.dataset = model, dataset

    def run_epoch(self, session: Any, batches: Batches) -> StepMetrics:
        inputs, labels, training = self.model.placeholders
        step, dataset = self.model.tower.step, self.dataset
        metrics = np.empty((len(batches), len(StepMetrics._fields)), np.float32)
        for i, batch in enumerate(_progress(batches)):
            feed_dict = {inputs: dataset.inputs(batch), labels: dataset.labels[batch]}
            fetches = [step.metrics, step.train_op]
            metrics[i], _ = session.run(fetches, {**feed_dict, training: True})
        return StepMetrics(*metrics.T)


class EpochLoop:
    """Whole epochs inside the graph, through epoch.build_epoch_graph.

    The training set lies on the device as it is stored (uint8). One of more than
    `max_resident_bytes`, or that the device has no memory for, streams there in chunks of whole
    batches through the same loop. Where XLA cannot compile, the loop runs uncompiled.
    """

    def __init__(
        self,
        model: ModelSpec,
        dataset: Dataset,
        *,
        xla: bool = True,
        max_resident_bytes: int = MAX_RESIDENT_BYTES,
    ) -> None:
        self.model, self.max_bytes, self.xla = model, max_resident_bytes, xla
        self.images = dataset.images.reshape(dataset.n_examples, dataset.n_inputs)
        self.labels = dataset.labels
        self.is_resident = self._bytes(dataset.n_examples) <= max_resident_bytes
        self.graph = build_epoch_graph(model, dataset, xla=xla)
        self.prepared: set[tuple[int, ...]] = set()

    def run_epoch(self, session: Any, batches: Batches) -> StepMetrics:
        parts = []
        for indices, n_steps in _progress(list(self._calls(batches))):
            if indices.shape not in self.prepared:
                self._prepare(session, indices)
            metrics = session.run(self.graph.metrics, self._feed_dict(indices, n_steps))
            parts.append([values[:n_steps] for values in metrics])
        return StepMetrics(*map(np.concatenate, zip(*parts)))

    def _calls(self, batches: Batches) -> Iterator[tuple[np.ndarray, int]]:
        """Indices [max_steps, batch] and the number of steps, of one shape per batch size."""
        for size, group in itertools.groupby(batches, key=len):
            rows = np.stack(list(group)).astype(np.int32)
            max_steps = min(len(rows), MAX_STEPS_PER_CALL)
            if not self.is_resident:
                max_steps = max(1, min(max_steps, self.max_bytes // self._bytes(size)))
            for start in range(0, len(rows), max_steps):
                part = rows[start : start + max_steps]
                yield np.pad(part, [(0, max_steps - len(part)), (0, 0)]), len(part)

    def _feed_dict(self, indices: np.ndarray, n_steps: int) -> dict[Any, Any]:
        feed_dict = {self.graph.indices: indices, self.graph.n_steps: n_steps}
        if self.is_resident:
            return feed_dict
        rows = indices.ravel()
        streamed = {self.graph.images: self.images[rows], self.graph.labels: self.labels[rows]}
        order = np.arange(len(rows), dtype=np.int32).reshape(indices.shape)
        return feed_dict | streamed | {self.graph.indices: order}

    def _prepare(self, session: Any, indices: np.ndarray) -> None:
        """Load the data and compile for this shape, by running no step at all."""
        try:
            if self.is_resident and not self.prepared:
                feed_dict = dict(zip(self.graph.resident, [self.images, self.labels]))
                session.run(self.graph.load, feed_dict)
            session.run(self.graph.metrics, self._feed_dict(indices, 0))
        except tf.errors.ResourceExhaustedError:
            ...
        self.prepared.add(indices.shape)

    def _bytes(self, n_examples: int) -> int:
        return n_examples * (self.images[0].nbytes + self.labels.itemsize)

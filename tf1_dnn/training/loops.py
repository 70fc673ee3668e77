"""The two ways through an epoch, both driven by session.run: step by step, or inside the graph.

Both build their steps with graph.build's build_tower, so network, loss and update exist once. Given
the same batches they print the same digits.
"""

import itertools
import logging
from typing import Any, Iterator, Protocol, Sequence

import numpy as np
from tqdm import tqdm

from tf1_dnn.compat import tf
from tf1_dnn.config import Execution
from tf1_dnn.data import Dataset
from tf1_dnn.errors import first_sentence
from tf1_dnn.graph import CHEAP_METRICS, ModelSpec, step_metric
from tf1_dnn.graph.op_types import op_types
from tf1_dnn.runs.history import StepMetrics
from tf1_dnn.training.compiled_epoch import build_epoch_graph

# XLA's own loops over pixels take 70 times as long on a CPU as TensorFlow's convolutions.
SLOW_IN_XLA = {"Conv2D", "Conv3D", "DepthwiseConv2dNative"}
MAX_STEPS_PER_CALL = 2_000  # so that Ctrl-C is heard and the bar moves within seconds

Batches = Sequence[np.ndarray]  # one array of indices into the training set per step
_logger = logging.getLogger("tf1_dnn")


class Loop(Protocol):
    """Runs the train op once per batch, in order."""

    def run_epoch(self, batches: Batches) -> StepMetrics:
        """Every step's metrics, taken before its update."""


class StepLoop:
    """The post's loop: one session.run(train_op, feed_dict) per mini-batch."""

    def __init__(
        self, session: Any, model: ModelSpec, dataset: Dataset, metrics: Sequence[str], every: int
    ) -> None:
        self.session, self.model, self.dataset, self.every = session, model, dataset, every
        with model.graph.as_default():
            self.metrics = {
                name: step_metric(name, model.tower, model.config.clipping) for name in metrics
            }

    def run_epoch(self, batches: Batches) -> StepMetrics:
        placeholders, train_op = self.model.placeholders, self.model.tower.step.train_op
        cheap = {name: self.metrics[name] for name in CHEAP_METRICS if name in self.metrics}
        rows = {name: np.full(len(batches), np.nan, np.float32) for name in self.metrics}
        with _progress_bar(len(batches)) as bar:
            for i, batch in enumerate(batches):
                feed_dict = placeholders.feed_dict(self.dataset.examples(batch), training=True)
                fetched = cheap if i % self.every else self.metrics
                values, _ = self.session.run([fetched, train_op], feed_dict)
                for name, value in values.items():
                    rows[name][i] = value
                bar.update()
        return rows


class EpochLoop:
    """Whole epochs inside the graph, through compiled_epoch.build_epoch_graph.

    The training set lies on the device as it is stored (uint8). One of more than
    `execution.max_resident_bytes`, or that the device has no memory for, streams there in chunks
    of whole batches through the same loop. Where XLA cannot compile, or would make the loop slower,
    as it does with convolutions on a CPU, it runs uncompiled.
    """

    def __init__(
        self,
        session: Any,
        model: ModelSpec,
        dataset: Dataset,
        metrics: Sequence[str],
        every: int,
        execution: Execution,
    ) -> None:
        self.session, self.model, self.metrics, self.every = session, model, metrics, every
        self.xla, self.max_bytes = execution.xla, execution.max_resident_bytes
        images = dataset.images.reshape(dataset.n_examples, dataset.n_inputs)
        self.dataset = dataset._replace(images=images)
        self.is_resident = self._bytes(dataset.n_examples) <= self.max_bytes
        if self.xla and self._is_slow_in_xla():
            _logger.warning("XLA is slow at convolutions on a CPU: the epoch loop runs uncompiled")
            self.xla = False
        self._build()

    def run_epoch(self, batches: Batches) -> StepMetrics:
        parts = []
        with _progress_bar(len(batches)) as bar:
            for indices, n_steps in self._calls(batches):
                self._compile(indices)
                parts.append(
                    self.session.run(self.graph.metrics, self._feed_dict(indices, n_steps))
                )
                parts[-1] = {name: values[:n_steps] for name, values in parts[-1].items()}
                bar.update(n_steps)
        return {name: np.concatenate([part[name] for part in parts]) for name in self.metrics}

    def _build(self) -> None:
        """Build the loop, and bring the data to the device if they are to stay there."""
        self.graph = build_epoch_graph(
            self.model,
            self.dataset,
            xla=self.xla,
            resident=self.is_resident,
            metrics=self.metrics,
            metrics_every=self.every,
        )
        self.compiled: set[tuple[int, ...]] = set()
        if self.is_resident:
            images, labels = self.dataset
            try:
                feed_dict = {self.graph.images: images, self.graph.labels: labels}
                self.session.run(self.graph.load, feed_dict)
            except tf.errors.ResourceExhaustedError:
                _logger.warning("the device has no memory for the data set: streaming it")
                self.is_resident = False
                self._build()

    def _is_slow_in_xla(self) -> bool:
        has_gpu = any(each.device_type == "GPU" for each in self.session.list_devices())
        return not has_gpu and not SLOW_IN_XLA.isdisjoint(op_types(self.model.graph))

    def _compile(self, indices: np.ndarray) -> None:
        """Compile for this shape of indices, by running no step at all."""
        if not self.xla or indices.shape in self.compiled:
            return
        try:
            self.session.run(self.graph.metrics, self._feed_dict(indices, 0))
            self.compiled.add(indices.shape)
        except tf.errors.OpError as error:
            _logger.warning("XLA cannot compile, going on uncompiled: %s", first_sentence(error))
            self.xla = False
            self._build()

    def _calls(self, batches: Batches) -> Iterator[tuple[np.ndarray, int]]:
        """Indices [max_steps, batch], padded to one shape per batch size, and how many to run."""
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
        images, labels = (array[indices.ravel()] for array in self.dataset)
        order = np.arange(indices.size, dtype=np.int32).reshape(indices.shape)
        streamed = {self.graph.images: images, self.graph.labels: labels}
        return {**feed_dict, **streamed, self.graph.indices: order}

    def _bytes(self, n_examples: int) -> int:
        return n_examples * (self.dataset.images[0].nbytes + self.dataset.labels.itemsize)


def make_loop(
    session: Any,
    model: ModelSpec,
    dataset: Dataset,
    execution: Execution,
    *,
    metrics: Sequence[str] = ("loss",),
    metrics_every: int = 1,
) -> Loop:
    """The loop that `execution` asks for, on an initialized session.

    It collects the named graph.STEP_METRICS, those of gradients at every `metrics_every`-th step
    of a call only, with NaN in between.
    """
    if execution.loop == "step":
        return StepLoop(session, model, dataset, metrics, metrics_every)
    return EpochLoop(session, model, dataset, metrics, metrics_every, execution)


def _progress_bar(n_steps: int) -> tqdm:
    # disable=None: a bar only where stderr is a terminal
    return tqdm(total=n_steps, unit="step", leave=False, disable=None)

"""train(): epochs of mini-batches in a fresh Session, validation after each, a test at the end."""

from __future__ import annotations

import os
import time
from typing import Callable, NamedTuple

import numpy as np

from tf1_dnn import loops
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution
from tf1_dnn.data import Splits, batch_indices, shuffle_state
from tf1_dnn.errors import NonFiniteLossError
from tf1_dnn.graph import build_graph


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


def train(
    config: Config,
    splits: Splits,
    *,
    execution: Execution = Execution(),
    on_epoch: Callable[[EpochMetrics], None] = lambda metrics: None,
) -> History:
    """Train the post's network, as its sections 1.4 and 2.1 do.

    Args:
      config: network, loss, optimizer and schedule.
      splits: training, validation and test examples; inputs and outputs follow their shapes.
      execution: which loop runs the steps, and how.
      on_epoch: called after each epoch's validation.

    Returns:
      Accuracy and mean loss after each epoch, and on the test set after the last.

    Raises:
      NonFiniteLossError: the loss of a step is NaN or infinite.
      DataError: the training set is smaller than one mini-batch.
    """
    n_examples = splits.train.n_examples
    random_state = shuffle_state(config.seed, config.shuffle_offset, n_examples)
    model = build_graph(config, splits.n_inputs, splits.n_outputs)
    epochs = []
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        loop = loops.make_loop(session, model, splits.train, execution)
        for epoch in range(config.n_epochs):
            batches = batch_indices(n_examples, config.batch_size, random_state)
            start = time.perf_counter()
            steps = loop.run_epoch(batches)
            seconds = time.perf_counter() - start
            require_finite(steps["loss"], epoch)
            metrics = EpochMetrics(epoch, *loops.evaluate(session, model, splits.valid), seconds)
            epochs.append(metrics)
            on_epoch(metrics)
        return History(tuple(epochs), TestMetrics(*loops.evaluate(session, model, splits.test)))


def require_finite(losses: np.ndarray, epoch: int) -> None:
    """Raise NonFiniteLossError that names the first step whose loss is NaN or infinite."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if bad.size:
        raise NonFiniteLossError(
            f"the loss became {losses[bad[0]]} in epoch {epoch} at step {bad[0]}: lower the "
            "learning rate, clip the gradients (--clip-global-norm 1), or turn batch norm on."
        )


def device_name() -> str:
    """Where the graph will run, in words."""
    with tf.Graph().as_default(), tf.Session() as session:
        gpus = [device for device in session.list_devices() if device.device_type == "GPU"]
    return f"{len(gpus)} GPU" if gpus else f"CPU ({os.cpu_count()} cores)"

"""train(): epochs of mini-batches in a fresh Session, validation after each, a test at the end."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from typing import Any, Callable, Iterator

import numpy as np

from tf1_dnn import checkpoints, devices, loops, runs
from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.data import Splits, batch_indices, shuffle_state
from tf1_dnn.errors import ConfigError, NonFiniteLossError
from tf1_dnn.events import WINDOW
from tf1_dnn.graph import STEP_METRICS, ModelSpec, build_graph
from tf1_dnn.history import EpochMetrics, History, TestMetrics, best_epoch
from tf1_dnn.recorder import Recorder
from tf1_dnn.signals import raise_if_noted, signals_noted


def train(
    config: Config,
    splits: Splits,
    *,
    execution: Execution = Execution(),
    run_dir: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    keeping: Keeping = Keeping(),
    from_checkpoint: str | None = None,
    on_epoch: Callable[[EpochMetrics], None] = lambda metrics: None,
) -> History:
    """Train the post's network, as its sections 1.4 and 2.1 do.

    Args:
      config: network, loss, optimizer and schedule.
      splits: training, validation and test examples; inputs and outputs follow their shapes.
      execution: which loop runs the steps, and how.
      run_dir: where to keep configuration, metrics and checkpoints; nothing is kept without.
      resume: go on with the run in `run_dir` from its last checkpoint, if there is one.
      overwrite: delete the run in `run_dir` first.
      keeping: which checkpoints to keep, and when to stop early.
      from_checkpoint: prefix of a checkpoint to start from, instead of initial weights.
      on_epoch: called with each epoch's metrics, also with those of epochs resumed.

    Returns:
      Accuracy and mean loss after each epoch, and on the test set after the last (after the best
      one if `keeping.patience` stopped the run).

    Raises:
      NonFiniteLossError: the loss of a step is NaN or infinite.
      DataError: the training set is smaller than one mini-batch.
      DeviceError: `execution.device` is "gpu", and TensorFlow can use none.
      RunError: the run directory or a checkpoint cannot be used, or written to.
      Interrupted: SIGTERM or SIGINT came; the epoch was finished and saved (run_dir only).
    """
    if keeping.patience is not None and run_dir is None:
        raise ConfigError("patience needs a run directory, where the best checkpoint is kept.")
    model = build_graph(config, splits.n_inputs, splits.n_outputs)
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(devices.session(model.graph, execution))
        session.run(model.init)
        if from_checkpoint is not None:
            checkpoints.start_from(session, model, from_checkpoint)
        recorder = None
        if run_dir is not None:
            description = runs.describe(config, splits, execution, keeping, from_checkpoint)
            opened = runs.open_run(run_dir, description, resume=resume, overwrite=overwrite)
            recorder = Recorder(stack.enter_context(opened), model, keeping, splits)
        epochs = recorder.resume(session) if recorder else []
        for metrics in epochs:
            on_epoch(metrics)
        signals = stack.enter_context(signals_noted()) if recorder else []
        if not is_over(epochs, config, keeping):
            names = STEP_METRICS if recorder else ("loss",)
            loop = loops.make_loop(
                session, model, splits.train, execution, metrics=names, metrics_every=WINDOW
            )
            for metrics, steps in _epochs(session, model, splits, loop, first=len(epochs)):
                epochs.append(metrics)
                on_epoch(metrics)
                is_last = is_over(epochs, config, keeping)
                if recorder:
                    noted = list(signals)  # a signal during the save waits for the next epoch
                    recorder.record(session, epochs, steps, is_last=is_last or bool(noted))
                    raise_if_noted(noted)
                if is_last:
                    break
        if recorder and keeping.patience:
            recorder.restore_best(session, epochs)
        test = TestMetrics(*loops.evaluate(session, model, splits.test))
        history = History(tuple(epochs), test)
        if recorder:
            recorder.finish(history)
        return history


def _epochs(
    session: Any, model: ModelSpec, splits: Splits, loop: loops.Loop, *, first: int
) -> Iterator[tuple[EpochMetrics, loops.Metrics]]:
    """Train epoch after epoch, without end, yielding the metrics of each and of its steps."""
    config, n_examples = model.config, splits.train.n_examples
    random_state = shuffle_state(config.seed, config.shuffle_offset + first, n_examples)
    for epoch in itertools.count(first):
        batches = batch_indices(n_examples, config.batch_size, random_state)
        start = time.perf_counter()
        steps = loop.run_epoch(batches)
        seconds = time.perf_counter() - start
        require_finite(steps["loss"], epoch)
        valid = loops.evaluate(session, model, splits.valid)
        yield EpochMetrics(epoch, *valid, seconds), steps


def is_over(epochs: list[EpochMetrics], config: Config, keeping: Keeping) -> bool:
    """Whether all epochs are done, or `patience` of them went by without a new best."""
    if not epochs or len(epochs) >= config.n_epochs:
        return len(epochs) >= config.n_epochs
    without_best = len(epochs) - 1 - best_epoch(epochs)
    return keeping.patience is not None and without_best >= keeping.patience


def require_finite(losses: np.ndarray, epoch: int) -> None:
    """Raise NonFiniteLossError that names the first step whose loss is NaN or infinite."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if bad.size:
        raise NonFiniteLossError(
            f"the loss became {losses[bad[0]]} in epoch {epoch} at step {bad[0]}: lower the "
            "learning rate, clip the gradients (--clip-global-norm 1), or turn batch norm on."
        )

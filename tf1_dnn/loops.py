"""Loops that drive a graph over a data set through session.run: one epoch of steps, evaluation."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
from tqdm import tqdm

from tf1_dnn.data import Dataset
from tf1_dnn.graph import ModelSpec

EVALUATION_BATCH = 10_000  # examples fed at once; the post feeds its 5,000 whole


def step_loop(
    session: Any, model: ModelSpec, dataset: Dataset, batches: Sequence[np.ndarray]
) -> np.ndarray:
    """The post's loop: one session.run(train_op, feed_dict) per mini-batch.

    Args:
      session: holds initialized variables of `model.graph`.
      dataset: where the examples come from.
      batches: one array of indices into `dataset` per step.

    Returns:
      float32 `[n_batches]`, each step's mean loss before its update.
    """
    inputs, labels, training = model.placeholders
    losses = np.empty(len(batches), np.float32)
    # disable=None: a bar only where stderr is a terminal
    for step, batch in enumerate(tqdm(batches, unit="step", leave=False, disable=None)):
        feed_dict = {inputs: dataset.inputs(batch), labels: dataset.labels[batch], training: True}
        _, losses[step] = session.run(
            [model.tower.step.train_op, model.tower.losses.loss], feed_dict
        )
    return losses


def evaluate(session: Any, model: ModelSpec, dataset: Dataset) -> tuple[float, float]:
    """Accuracy and mean loss over a data set, with the moving averages; changes no variable."""
    inputs, labels, _ = model.placeholders
    n_correct, total_loss = 0, 0.0
    for start in range(0, dataset.n_examples, EVALUATION_BATCH):
        part = slice(start, start + EVALUATION_BATCH)
        feed_dict = {inputs: dataset.inputs(part), labels: dataset.labels[part]}
        correct, loss = session.run([model.evaluation.correct, model.tower.losses.loss], feed_dict)
        n_correct += int(correct.sum())
        total_loss += float(loss) * len(correct)
    return n_correct / dataset.n_examples, total_loss / dataset.n_examples

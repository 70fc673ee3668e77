"""What a run tells of itself, epoch by epoch."""

from typing import NamedTuple, Sequence

import numpy as np

StepMetrics = dict[str, np.ndarray]  # of graph.STEP_METRICS, float32 [n_steps] each


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


def best_epoch(epochs: Sequence[EpochMetrics]) -> int:
    """The first epoch with the best validation accuracy."""
    return max(range(len(epochs)), key=lambda i: (epochs[i].valid_accuracy, -i))

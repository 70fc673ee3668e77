"""What a run tells of itself, epoch by epoch."""

from typing import Annotated, NamedTuple, Sequence

import msgspec
import numpy as np

StepMetrics = dict[str, np.ndarray]  # of graph.STEP_METRICS, float32 [n_steps] each


Epoch = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class EpochMetrics(NamedTuple):
    epoch: Epoch  # from 0
    valid_accuracy: Share
    valid_loss: float  # mean over the validation set
    seconds: Seconds  # spent on training steps


class TestMetrics(NamedTuple):
    test_accuracy: Share
    test_loss: float  # mean over the test set


class History(NamedTuple):
    epochs: tuple[EpochMetrics, ...]
    test: TestMetrics


def best_epoch(epochs: Sequence[EpochMetrics]) -> int:
    """The first epoch with the best validation accuracy."""
    return max(range(len(epochs)), key=lambda i: (epochs[i].valid_accuracy, -i))

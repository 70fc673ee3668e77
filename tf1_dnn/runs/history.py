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
    # Means over the mini-batches, each taken before its update, in training mode. None in runs of
    # before 0.2, and where this process ran no step of the epoch.
    train_accuracy: Share | None = None
    train_loss: float | None = None


class TestMetrics(NamedTuple):
    test_accuracy: Share
    test_loss: float  # mean over the test set


class History(NamedTuple):
    epochs: tuple[EpochMetrics, ...]
    test: TestMetrics


def training_means(steps: StepMetrics) -> dict[str, float]:
    """What the steps of an epoch say of accuracy and loss, as fields of EpochMetrics."""
    names = [name for name in ("accuracy", "loss") if name in steps]
    return {f"train_{name}": float(np.mean(steps[name], dtype=np.float64)) for name in names}


def best_epoch(epochs: Sequence[EpochMetrics]) -> int:
    """The first epoch with the best validation accuracy."""
    return max(range(len(epochs)), key=lambda i: (epochs[i].valid_accuracy, -i))

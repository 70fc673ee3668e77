"""Which examples a replica trains on at a step, from the step's number alone. NumPy only.

Nothing else has to be told to a replica that joins late or comes back: the parameter servers
count the steps, and every replica draws the same seeded permutations.
"""

from typing import NamedTuple

import numpy as np

from tf1_dnn import data
from tf1_dnn.config import Config


class Part(NamedTuple):
    """What one replica does of a step."""

    indices: np.ndarray  # int, of training examples
    share: float  # what its gradients are multiplied by before they are averaged or applied


class Schedule:
    """The mini-batches of all epochs, dealt out to replicas.

    Synchronous: a step is one update with the batch_size · n_replicas examples that one machine
    would take with a batch that large; every replica has its slice of them, and `share` makes the
    average over the replicas one machine's gradient: n for loss_reduction="sum", and for "mean"
    n · slice / batch, which is 1 where the slices are equal.

    Asynchronous: a step is one mini-batch of batch_size, whoever takes it; `share` is 1.

    Raises DataError if the training set has not one full batch.
    """

    def __init__(
        self, config: Config, n_examples: int, *, n_replicas: int, rank: int, sync: bool
    ) -> None:
        self.config, self.n_examples = config, n_examples
        self.n_replicas, self.rank, self.sync = n_replicas, rank, sync
        self.batch_size = config.batch_size * (n_replicas if sync else 1)
        self.n_steps = data.n_batches(n_examples, self.batch_size)  # of an epoch
        self.total = self.n_steps * config.n_epochs
        self._epoch = -2  # that `_batches` is of: before any first one
        self._batches: list[np.ndarray] = []

    def part(self, step: int) -> Part:
        """This replica's part of a step, counted from 0 over all epochs."""
        epoch, index = divmod(step, self.n_steps)
        batch = self._batches_of(epoch)[index]
        if not self.sync:
            return Part(batch, 1.0)
        indices = np.array_split(batch, self.n_replicas)[self.rank]
        if self.config.loss_reduction == "sum":
            return Part(indices, self.n_replicas)
        return Part(indices, self.n_replicas * len(indices) / len(batch))

    def _batches_of(self, epoch: int) -> list[np.ndarray]:
        if epoch != self._epoch:
            if epoch != self._epoch + 1:
                offset = self.config.shuffle_offset + epoch
                self._state = data.shuffle_state(self.config.seed, offset, self.n_examples)
            self._batches = data.batch_indices(self.n_examples, self.batch_size, self._state)
            self._epoch = epoch
        return self._batches

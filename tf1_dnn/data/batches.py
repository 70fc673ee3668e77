"""The post's mini-batches: a new permutation for each epoch, cut into pieces."""

from typing import Iterator

import numpy as np

from tf1_dnn.data.formats import Array
from tf1_dnn.data.splits import Dataset, Pair
from tf1_dnn.errors import DataError


def n_batches(n_examples: int, batch_size: int) -> int:
    """Mini-batches in an epoch; DataError if there is not one full batch."""
    if batch_size > n_examples:
        raise DataError(
            f"a mini-batch of {batch_size} is larger than the training set of {n_examples}: "
            "lower the batch size"
        )
    return n_examples // batch_size


def batch_indices(
    n_examples: int, batch_size: int, random_state: np.random.RandomState
) -> list[Array]:
    """One epoch of the post's mini-batches: a new permutation cut into `n_batches` pieces.

    The division's remainder makes the first batches one larger: 55,000 examples in batches of 64
    are 859 batches, of 65 and then of 64. Raises DataError if there is not one full batch.
    """
    n_pieces = n_batches(n_examples, batch_size)
    return np.array_split(random_state.permutation(n_examples), n_pieces)


def shuffle_batch(
    dataset: Dataset, batch_size: int, random_state: np.random.RandomState
) -> Iterator[Pair]:
    """One epoch of the post's mini-batches: float32 inputs [b, n_inputs] and int32 labels [b]."""
    for indices in batch_indices(dataset.n_examples, batch_size, random_state):
        yield dataset.examples(indices)


def shuffle_state(seed: int, offset: int, n_examples: int) -> np.random.RandomState:
    """The random state after `offset` permutations of `n_examples` were drawn from `seed`.

    The author's notebook had drawn 5 before the batch-norm curve and 1 before the clipping curve.
    """
    random_state = np.random.RandomState(seed)
    for _ in range(offset):
        random_state.permutation(n_examples)
    return random_state

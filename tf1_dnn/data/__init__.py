"""The data sets: MNIST, a user's files or built-in digits, split and shuffled as in the post.

`load` gives a run's three sets, `batch_indices` an epoch of mini-batches. `pictures` brings any
picture of a digit into MNIST's form. Nothing here needs TensorFlow.
"""

from tf1_dnn.data.batches import batch_indices, n_batches, shuffle_batch, shuffle_state
from tf1_dnn.data.splits import (
    DATA_VARIABLE,
    DATASETS,
    MNIST_SHA256,
    Dataset,
    Splits,
    load,
    split,
    stored,
)

__all__ = [
    "DATASETS",
    "DATA_VARIABLE",
    "MNIST_SHA256",
    "Dataset",
    "Splits",
    "batch_indices",
    "load",
    "mnist",
    "n_batches",
    "pictures",
    "shuffle_batch",
    "shuffle_state",
    "split",
    "stored",
]

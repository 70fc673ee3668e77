"""tensorflow.examples.tutorials.mnist.input_data, over the MNIST that this package finds.

Batches come in the original's order, number for number: it shuffled by NumPy's global generator,
which it seeded from the graph's seed.
"""

import math
import os
from typing import Any, NamedTuple

import numpy as np

from tf1_dnn import data
from tf1_dnn.data import mnist

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

Array = Any
Batch = tuple[Any, Any]


class DataSet:
    """Images and labels, and where in the shuffled epoch the next batch begins.

    Args:
      images: uint8 [n, rows, columns, 1]; float32 of 0 to 1 afterwards, [n, rows * columns] if
        `reshape`, unless `dtype` is uint8.
      labels: [n], or [n, classes] as one-hot rows.
      seed: of NumPy's global generator; by default the graph's seed, or else none.
    """

    def __init__(
        self,
        images: Array,
        labels: Array,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = "float32",
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        _seed_numpy(seed)
        self.one_hot = one_hot
        if fake_data:
            images, labels = _fake_examples(10_000, one_hot)
        elif len(images) != len(labels):
            raise ValueError(f"{len(images)} images and {len(labels)} labels: give as many of both")
        elif reshape:
            images = images.reshape(len(images), math.prod(images.shape[1:]))
        self._images = (
            images if fake_data or np.dtype(_name(dtype)) == np.uint8 else _scaled(images)
        )
        self._labels = labels
        self._epochs_completed = 0
        self._index_in_epoch = 0

    @property
    def images(self) -> Array:
        """All images, in the order of the present epoch."""
        return self._images

    @property
    def labels(self) -> Array:
        """All labels, in the order of the present epoch."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many examples there are."""
        return len(self._images)

    @property
    def epochs_completed(self) -> int:
        """How many epochs have been drawn whole."""
        return self._epochs_completed

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> Batch:
        """The next `batch_size` examples, across the end of an epoch if need be."""
        if fake_data:
            return _fake_examples(batch_size, self.one_hot)
        start = self._index_in_epoch
        if start == 0 and self._epochs_completed == 0 and shuffle:
            self._shuffle()
        stop = start + batch_size
        self._index_in_epoch = stop
        if stop <= self.num_examples:
            return self._images[start:stop], self._labels[start:stop]
        rest = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        self._epochs_completed += 1
        self._index_in_epoch = stop = stop - self.num_examples
        new = self._images[:stop], self._labels[:stop]
        return np.concatenate([rest[0], new[0]]), np.concatenate([rest[1], new[1]])

    def _shuffle(self) -> None:
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self._images, self._labels = self._images[order], self._labels[order]


class Datasets(NamedTuple):
    """The three sets of `read_data_sets`."""

    train: DataSet
    validation: DataSet
    test: DataSet


def read_data_sets(
    train_dir: str,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = "float32",
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str | None = None,
) -> Datasets:
    """MNIST from the files in `train_dir` if they are there, else from where `data.load` finds it.

    The first `validation_size` training examples validate. Raises DataError if there is no MNIST;
    nothing is written to `train_dir`, and `source_url` is not looked at.
    """
    options: dict[str, Any] = dict(one_hot=one_hot, dtype=dtype, reshape=reshape, seed=seed)
    if fake_data:
        return Datasets(*(DataSet([], [], fake_data=True, **options) for _ in range(3)))
    train, test = _stored(train_dir)
    if not 0 <= validation_size <= len(train[0]):
        raise ValueError(
            f"validation_size is {validation_size}: make it between 0 and {len(train[0])}"
        )
    parts = (
        (train[0][validation_size:], train[1][validation_size:]),
        (train[0][:validation_size], train[1][:validation_size]),
        test,
    )
    return Datasets(*(_data_set(*part, **options) for part in parts))


def load_mnist(train_dir: str = "MNIST-data") -> Datasets:
    """MNIST with the original's defaults."""
    return read_data_sets(train_dir)


def dense_to_one_hot(labels_dense: Array, num_classes: int) -> Array:
    """Labels [n] as float64 one-hot rows [n, num_classes]."""
    return np.eye(num_classes)[labels_dense.ravel()]


def _data_set(images: Array, labels: Array, *, one_hot: bool, **options: Any) -> DataSet:
    return DataSet(images, dense_to_one_hot(labels, 10) if one_hot else labels, **options)


def _stored(train_dir: str) -> mnist.Arrays:
    """The arrays, images with the channel that the original gave them."""
    files = [os.path.join(train_dir, name) for name in _FILES]
    here = os.path.isfile(files[0])
    for file in files if here else ():
        print("Extracting", file)  # as programs then printed
    (x_train, y_train), (x_test, y_test) = data.stored(train_dir if here else None)[0]
    return (x_train[..., np.newaxis], y_train), (x_test[..., np.newaxis], y_test)


def _scaled(images: Array) -> Array:
    # float32(1 / 255) is not what division by 255 gives: the original multiplied.
    return np.multiply(images.astype(np.float32), np.float32(1.0 / 255.0))


def _fake_examples(n: int, one_hot: bool) -> Batch:
    return [[1] * 784] * n, [[1] + [0] * 9 if one_hot else 0] * n


def _seed_numpy(seed: int | None) -> None:
    from tensorflow.python.framework import random_seed

    graph_seed, op_seed = random_seed.get_seed(seed)
    np.random.seed(graph_seed if seed is None else op_seed)


def _name(dtype: Any) -> str:
    name = getattr(dtype, "name", None) or np.dtype(dtype).name
    if name not in ("uint8", "float32"):
        raise TypeError(f"images of dtype {name}: make it uint8 or float32")
    return name

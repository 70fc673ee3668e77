"""The data sets: the post's split and shuffle, over MNIST, a user's files or built-in digits."""

from __future__ import annotations

import hashlib
import logging
import math
import os
from typing import NamedTuple

import numpy as np

from tf1_dnn.config import DATASETS
from tf1_dnn.data import csv_files, folders, mnist, synthetic
from tf1_dnn.data.formats import Array
from tf1_dnn.errors import DataError
from tf1_dnn.spec import PathLike

DATA_VARIABLE = "TF1_DNN_DATA"
MNIST_SHA256 = "ec4329ccb6076861ff349a153055d693f14cbb926fdc190bb6530341a318fe91"

Pair = tuple[Array, Array]  # images or inputs, and labels
_logger = logging.getLogger("tf1_dnn")


class Dataset(NamedTuple):
    """Examples: `images` [n, ...], uint8 (0 to 255) or float32, and `labels` [n], int32."""

    images: Array
    labels: Array

    @property
    def n_examples(self) -> int:
        return len(self.labels)

    @property
    def n_inputs(self) -> int:
        """Pixels in an image."""
        return math.prod(self.images.shape[1:])

    def inputs(self, indices: slice | Array = slice(None)) -> Array:
        """The images a slice or an index array chooses, as float32 [len, n_inputs].

        uint8 becomes 0 to 1, bit for bit as in the post; float images stay as they are.
        """
        images = self.images[indices]
        inputs = images.astype(np.float32, copy=False).reshape(-1, self.n_inputs)
        if images.dtype == np.uint8:
            inputs /= 255.0
        return inputs

    def examples(self, indices: slice | Array) -> Pair:
        """The inputs and the labels [len] that a slice or an index array chooses."""
        return self.inputs(indices), self.labels[indices]

    def first(self, n: int) -> Dataset:
        """The first n examples, or all if there are fewer."""
        return Dataset(self.images[:n], self.labels[:n])


class Splits(NamedTuple):
    """The three sets of a run, the number of classes, a name to print and the place of origin."""

    train: Dataset
    valid: Dataset
    test: Dataset
    n_outputs: int
    name: str
    source: str
    has_test: bool = True  # False where the test set was set aside from the training examples
    classes: tuple[str, ...] | None = None  # the names of classes 0, 1, ... where they have names
    plain: bool = False  # whether images are pictures as they are, not in MNIST's form

    @property
    def n_inputs(self) -> int:
        """Pixels in an image."""
        return self.train.n_inputs

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one image, (28, 28) for MNIST."""
        return self.train.images.shape[1:]

    @property
    def sizes(self) -> str:
        """In words, how many examples there are, and how many were set aside from how many."""
        train, valid, test = (part.n_examples for part in self[:3])
        given = train + valid if self.has_test else train + valid + test
        for_test = "" if self.has_test else f" and {test:,} for test"
        return (
            f"{train:,} training, {valid:,} validation, {test:,} test examples; "
            f"{valid:,} of {given:,} set aside for validation{for_test}"
        )

    @property
    def is_mnist(self) -> bool:
        """Whether this is MNIST to the bit, split as in the post; hashes all the data."""
        return self.sha256() == MNIST_SHA256

    def sha256(self) -> str:
        """Hex digest over the dtypes, shapes and (little-endian) bytes of all arrays."""
        digest = hashlib.sha256()
        for array in (*self.train, *self.valid, *self.test):
            array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
            digest.update(f"{array.dtype.str} {array.shape}".encode())
            digest.update(array.data)
        return digest.hexdigest()


def load(dataset: str = "auto", path: PathLike | None = None) -> Splits:
    """Load and split a data set.

    `path`, or else the variable TF1_DNN_DATA, names a folder or npz file in MNIST's formats, a CSV
    file, or a folder with a folder of pictures for each class. Without either, MNIST comes from
    Keras's cache or is downloaded into it. "auto" turns to the built-in digits, with a warning, if
    that fails; "mnist" does not, and takes MNIST's own bytes only; "synthetic" is these digits.

    Raises DataError for an unknown data set, for a path given with "synthetic", for other data
    than MNIST under its name, and for files that are missing, damaged or not fit to train on.
    """
    if dataset not in DATASETS:
        raise DataError(f"unknown data set {dataset!r}: choose from {', '.join(DATASETS)}")
    if dataset == "synthetic":
        if path is not None:
            raise DataError(f"synthetic digits are not read from {path}: drop one of the two")
        return _load_synthetic()
    try:
        found = stored(path)
    except mnist.Unavailable as error:
        if dataset == "mnist":
            raise
        _logger.warning("using synthetic digits: %s", error)
        return _load_synthetic()
    splits = split(*found.arrays, name=found.name, source=found.source)
    if dataset == "mnist" and not splits.is_mnist:
        raise DataError(
            f"{found.source} is not MNIST, byte for byte: leave the data set out, since data of "
            "your own are named by their path alone"
        )
    return splits._replace(has_test=found.has_test, classes=found.classes, plain=found.plain)


class Stored(NamedTuple):
    """Arrays as stored, neither checked nor split; the rest as in Splits."""

    arrays: mnist.Arrays
    source: str
    name: str
    has_test: bool = True
    classes: tuple[str, ...] | None = None
    plain: bool = False


def stored(path: PathLike | None = None) -> Stored:
    """What `load` reads, but for the built-in digits.

    Raises DataError for files that are missing or damaged, and where there is no MNIST.
    """
    if path is None:
        path = os.environ.get(DATA_VARIABLE, "").strip() or None
    if path is None:
        return Stored(*mnist.fetch(), "MNIST")
    path = os.path.expanduser(path)
    source = os.path.abspath(path)
    name = os.path.basename(source) or source
    is_csv = source.lower().endswith(csv_files.SUFFIX)
    are_pictures = os.path.isdir(path) and folders.holds_classes(source)
    if not (is_csv or are_pictures):
        return Stored(mnist.read(path), source, name)
    own = csv_files.read(source) if is_csv else folders.read(source)
    return Stored((own.train, own.test), source, name, own.has_test, own.classes, are_pictures)


def split(train: Pair, test: Pair, *, name: str, source: str) -> Splits:
    """Check `(images, labels)` pairs and set the first training examples aside for validation.

    These are 5,000 as in the post, or a sixth of a training set smaller than 10,000. Images are
    [n, ...], uint8 or any float; labels are [n], any integer type. Big arrays are not copied.

    Raises DataError if the arrays do not fit this, each other, or a classifier.
    """
    images, labels = _require_pair(*train, f"in {source} the training")
    test_images, test_labels = _require_pair(*test, f"in {source} the test")
    shape, test_shape = images.shape[1:], test_images.shape[1:]
    if shape != test_shape:
        raise DataError(f"in {source} images are {shape}, but {test_shape} for test: use one shape")
    n_valid = 5_000 if len(images) >= 10_000 else max(len(images) // 6, 1)
    if len(images) == n_valid:
        raise DataError(f"in {source} there is one training image: give two or more")
    _require_classes(labels[n_valid:], (labels[:n_valid], test_labels), source)
    labels, test_labels = labels.astype(np.int32), test_labels.astype(np.int32)
    return Splits(
        train=Dataset(images[n_valid:], labels[n_valid:]),
        valid=Dataset(images[:n_valid], labels[:n_valid]),
        test=Dataset(test_images, test_labels),
        n_outputs=max(int(labels[n_valid:].max()) + 1, 2),
        name=name,
        source=source,
    )


def _require_pair(images: Array, labels: Array, what: str) -> Pair:
    """The pair, any float images as float32; `what` begins the sentence of a DataError."""
    floating, dtype, shape = np.issubdtype(images.dtype, np.floating), images.dtype, images.shape
    if not floating and dtype != np.uint8:
        raise DataError(f"{what} images are {dtype}: make them uint8 (0 to 255) or float32")
    if len(shape) < 2 or 0 in shape:
        raise DataError(f"{what} images are {shape}: make them [n, ...] with no dimension empty")
    if floating:
        with np.errstate(over="ignore"):
            images = images.astype(np.float32, copy=False)
        if not np.isfinite(images).all():
            raise DataError(
                f"{what} images are not all finite: replace NaN, inf and beyond float32"
            )
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise DataError(f"{what} labels are {labels.dtype} {labels.shape}: make them integers [n]")
    if len(labels) != len(images):
        raise DataError(f"{what} images are {len(images)}, the labels {len(labels)}: pair them up")
    if labels.min() < 0:
        raise DataError(f"{what} labels include {labels.min()}: number classes from 0 on")
    return images, labels


def _require_classes(labels: Array, others: tuple[Array, ...], source: str) -> None:
    """Refuse labels that would make the network's output layer absurdly large, or too small."""
    largest, n_present = int(labels.max()), len(np.unique(labels))
    if 2 * n_present <= largest:
        raise DataError(
            f"in {source} training labels reach {largest}, but only {n_present} of the numbers "
            f"0 to {largest} occur: number the classes 0, 1, 2, ..."
        )
    beyond = max(int(other.max()) for other in others)
    if beyond > largest:
        raise DataError(
            f"in {source} the label {beyond} is held out for validation or test, but training "
            f"labels end at {largest}: train on every class"
        )


def _load_synthetic() -> Splits:
    return split(*synthetic.load(), name="synthetic digits", source="tf1_dnn.synthetic")

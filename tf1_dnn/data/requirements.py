"""What a data set must fulfil to be trained on: each fault is a DataError naming its source."""

from __future__ import annotations

import numpy as np

from tf1_dnn.data.formats import Array
from tf1_dnn.errors import DataError

Pair = tuple[Array, Array]


def check_pair(images: Array, labels: Array, what: str) -> Pair:
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
    if not np.issubdtype(labels.dtype, np.integer) or labels.ndim != 1:
        raise DataError(f"{what} labels are {labels.dtype} {labels.shape}: make them integers [n]")
    if len(labels) != len(images):
        raise DataError(f"{what} images are {len(images)}, the labels {len(labels)}: pair them up")
    if labels.min() < 0:
        raise DataError(f"{what} labels include {labels.min()}: number classes from 0 on")
    return images, labels


def check_classes(labels: Array, others: tuple[Array, ...], source: str) -> None:
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

"""tf.keras.datasets.mnist.load_data, over the MNIST that this package finds."""

from typing import Any

import numpy as np

Arrays = tuple[tuple[Any, Any], tuple[Any, Any]]


def restore() -> None:
    """Let programs find MNIST where `data.load` does, with no download if it is at hand."""
    from tf1_dnn.compat import tf

    tf.keras.datasets.mnist.load_data = load_data


def load_data(path: str = "mnist.npz") -> Arrays:
    """`(training images, labels), (test images, labels)`, uint8 [n, 28, 28] and [n].

    `path` named Keras's cached file, and is not looked at. Raises DataError if there is no MNIST.
    """
    from tf1_dnn import data  # late: most programs read none

    (x_train, y_train), (x_test, y_test) = data.stored()[0]
    return (np.array(x_train), np.array(y_train)), (np.array(x_test), np.array(y_test))

"""tf.contrib.learn.datasets: MNIST, by name and by module."""

from typing import Any

from tf1_dnn.run import input_data
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__, renamed={"mnist": "tf1_dnn.run.input_data"})


def load_dataset(name: str) -> Any:
    """The data set of that name. Raises ValueError for any but "mnist"."""
    if name != "mnist":
        raise ValueError(f"Name of dataset is not found: {name}")
    return input_data.load_mnist()

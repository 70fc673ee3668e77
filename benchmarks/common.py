"""What the contenders share: the task, options, data, timing and the JSON line.

Python 3.7 and NumPy suffice, as TensorFlow 1 has nothing newer. Contenders import this module
first, so that the seconds of the job hold the import of their framework.
"""

import time

START = time.perf_counter()

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
from collections import namedtuple  # noqa: E402

import numpy as np  # noqa: E402

SIDE, N_INPUTS, N_OUTPUTS = 28, 784, 10
BATCH_SIZE = 50
LEARNING_RATE = 0.01
MOMENTUM, EPSILON = 0.9, 1e-3  # of batch norm
N_VALID = 5_000  # the first training examples, as in the post
SEED = 42

# `decay` is the learning rate's factor from one epoch to the next.
Preset = namedtuple(
    "Preset", "conv_filters hidden_units activation batch_norm loss_reduction clip_value decay"
)
PRESETS = {
    "batch_norm": Preset((), (300, 100), "elu", True, "sum", None, 1.0),
    "gradient_clipping": Preset((), (300, 100), "relu", False, "mean", 1.0, 1.0),
    "convolution": Preset((16, 32), (100,), "elu", True, "sum", None, 0.4),
}
Dataset = namedtuple("Dataset", "images labels")  # uint8 [n, 784], int32 [n]
Splits = namedtuple("Splits", "train valid test")


def parse_args(**switches):
    """The interface of every contender; `switches` are its own flags and what they do."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", choices=sorted(PRESETS), required=True)
    parser.add_argument("--data", required=True, metavar="MNIST.NPZ")
    parser.add_argument("--epochs", type=int, default=5, metavar="N")
    for name, text in switches.items():
        parser.add_argument("--" + name, action="store_true", help=text)
    return parser.parse_args()


def load(path):
    """MNIST in the post's split: 55,000 / 5,000 / 10,000 examples. Other data may be smaller."""
    with np.load(path) as arrays:
        images, labels, test_images, test_labels = (
            arrays[name] for name in ("x_train", "y_train", "x_test", "y_test")
        )
    n_valid = N_VALID if len(images) >= 2 * N_VALID else len(images) // 6  # as tf1_dnn splits
    return Splits(
        train=_dataset(images[n_valid:], labels[n_valid:]),
        valid=_dataset(images[:n_valid], labels[:n_valid]),
        test=_dataset(test_images, test_labels),
    )


def _dataset(images, labels):
    return Dataset(images.reshape(len(images), N_INPUTS), labels.astype(np.int32))


def scaled(images):
    """uint8 images as float32, 0 to 1."""
    inputs = images.astype(np.float32)
    inputs /= 255.0
    return inputs


def run_epochs(splits, n_epochs, train_epoch, accuracy):
    """Train and validate in turn; returns what `report` prints of it.

    `train_epoch(batches)` takes int64 indices [1100, 50] and returns when its last update is done;
    `accuracy(dataset)` is that of the network as trained so far. Of other data than MNIST, whole
    batches count.
    """
    n_batches = len(splits.train.labels) // BATCH_SIZE
    random_state = np.random.RandomState(SEED)
    seconds, valid_accuracies = [], []
    for _ in range(n_epochs):
        shuffled = random_state.permutation(len(splits.train.labels))[: n_batches * BATCH_SIZE]
        batches = shuffled.reshape(n_batches, BATCH_SIZE)
        start = time.perf_counter()
        train_epoch(batches)
        seconds.append(time.perf_counter() - start)
        valid_accuracies.append(accuracy(splits.valid))
    return dict(
        epoch_seconds=seconds,
        valid_accuracies=valid_accuracies,
        test_accuracy=accuracy(splits.test),
    )


def hit_rate(logits, labels):
    """The share of rows whose largest logit is the label's."""
    return float(np.mean(np.argmax(np.asarray(logits), axis=1) == labels))


def report(results, **versions):
    """Print the one JSON line."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = dict(
        results,
        seconds=time.perf_counter() - START,
        peak_bytes=peak if sys.platform == "darwin" else 1024 * peak,
        versions=dict(versions, numpy=np.__version__, python=platform.python_version()),
    )
    print(json.dumps(line), flush=True)

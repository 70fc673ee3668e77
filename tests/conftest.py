"""Fixtures and helpers the test modules share; TensorFlow is imported once, by tf1_dnn.compat."""

import os
import pathlib

import numpy as np
import pytest
from activated import Activated
from hypothesis import HealthCheck, settings
from processes import Server

from tf1_dnn import data
from tf1_dnn.data import Dataset, Splits
from tf1_dnn.runs import plots

GOLDEN = pathlib.Path(__file__).parent / "golden"


def pytest_addoption(parser):
    parser.addoption(
        "--fuzz",
        type=int,
        default=120,
        metavar="N",
        help="damage each reader's file in N ways (default: 120); the same N are the same ways",
    )


def pytest_configure(config):
    settings.register_profile(
        "fuzz",
        max_examples=config.getoption("--fuzz"),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="session")
def mnist():
    """Real MNIST where it is found (TF1_DNN_DATA or the Keras cache); never downloaded here."""
    return find_mnist()


def find_mnist():
    cache = pathlib.Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    if not os.environ.get("TF1_DNN_DATA") and not (cache / "datasets" / "mnist.npz").exists():
        pytest.skip("MNIST not found: set TF1_DNN_DATA to a folder that holds it")
    splits = data.load()
    if not splits.is_mnist:
        pytest.skip(f"{splits.source} is not MNIST")
    return splits


def small_splits(n_train=203, n_valid=40, n_test=60, n_inputs=20, n_outputs=5, seed=0):
    """A small learnable data set: the label is the largest of n_outputs random projections."""
    random_state = np.random.RandomState(seed)
    projection = random_state.randn(n_inputs, n_outputs)

    def make(n):
        images = random_state.randint(0, 256, (n, n_inputs)).astype(np.uint8)
        scores = (images / 255.0 - 0.5) @ projection
        return Dataset(images, scores.argmax(axis=1).astype(np.int32))

    return Splits(make(n_train), make(n_valid), make(n_test), n_outputs, "small", "the tests")


@pytest.fixture
def splits():
    return small_splits()


def save_npz(folder):
    """Write a data set file: 240 training and 60 test images of 20 pixels, 5 classes."""
    splits, path = small_splits(n_train=240), folder / "small.npz"
    arrays = dict(x_train=splits.train.images, y_train=splits.train.labels)
    np.savez(path, x_test=splits.test.images, y_test=splits.test.labels, **arrays)
    return str(path)


@pytest.fixture
def npz(tmp_path):
    return save_npz(tmp_path)


@pytest.fixture
def no_plots(monkeypatch):
    """They take longer than the training of most tests."""
    monkeypatch.setattr(plots, "curves", lambda *_: None)


@pytest.fixture(autouse=True)
def disk_not_waited_for(monkeypatch):
    """The disk takes milliseconds for each sync; tests/runs/test_durable.py sees their order."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="session")
def activated():
    """Forks processes of `python -m tf1_dnn.run`, which then need not import TensorFlow."""
    server = Activated()
    yield server
    server.end()


@pytest.fixture(scope="session")
def process_server():
    """Forks processes of the command, which then need not import TensorFlow."""
    server = Server()
    yield server
    server.end()

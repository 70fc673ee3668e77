"""The built-in digits: their bits, their difficulty, their cache."""

import hashlib
import pathlib

import numpy as np
import pytest

from tf1_dnn import data
from tf1_dnn.data import synthetic


def digest(arrays):
    flat = [array for pair in arrays for array in pair]
    return hashlib.sha256(b"".join(array.tobytes() for array in flat)).hexdigest()


@pytest.fixture(scope="module")
def digits():
    return synthetic.make()


def test_the_same_seed_gives_the_same_bits_everywhere():
    arrays = synthetic.make(seed=0, n_train=200, n_test=50)
    assert digest(arrays) == "26ae11cda58551f80dedb6fcd0bccd037fd755fcda2e722fe7f5c390daf43545"
    assert digest(synthetic.make(seed=1, n_train=200, n_test=50)) != digest(arrays)


def test_the_full_set(digits):
    (x_train, y_train), (x_test, y_test) = digits
    assert (x_train.shape, x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert {array.dtype for pair in digits for array in pair} == {np.dtype(np.uint8)}
    assert np.bincount(y_train).min() > 5_800 and np.bincount(y_test).min() > 900
    assert digest(digits) == "7a71e7d520a509c6aab386d669be1223eca5a5564eb2a7364b74aa1482a221fe"


def test_no_image_is_blank_and_no_two_digits_look_alike(digits):
    (images, labels), _ = digits
    ink = images.mean(axis=(1, 2))
    assert 5 < ink.min() and ink.max() < 110
    means = np.stack([images[labels == digit].mean(axis=0) for digit in range(10)])
    distances = np.abs(means[:, None] - means[None]).mean(axis=(2, 3))
    assert distances[~np.eye(10, dtype=bool)].min() > 8  # of 255


def linear_accuracy(train, test, n_steps=200):
    """Test accuracy of multinomial logistic regression, by momentum on all examples at once."""
    mean = train.inputs().mean(axis=0)
    x, y = train.inputs() - mean, np.eye(10, dtype=np.float32)[train.labels]
    weights, bias, speed = np.zeros((x.shape[1], 10), np.float32), np.zeros(10, np.float32), 0
    for _ in range(n_steps):
        logits = x @ weights + bias
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        error = (odds / odds.sum(axis=1, keepdims=True) - y) / len(x)
        speed = 0.9 * speed + x.T @ error
        weights -= 0.1 * speed
        bias -= error.sum(axis=0)
    predictions = ((test.inputs() - mean) @ weights + bias).argmax(axis=1)
    return (predictions == test.labels).mean()


def test_a_linear_model_learns_them_but_not_well(digits):
    (images, labels), test = digits
    splits = data.split((images[:4_000], labels[:4_000]), test, name="", source="")
    assert 0.75 < linear_accuracy(splits.train, splits.test) < 0.95


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache file's place; digits are few, and each drawing is counted in `cache.n_made`."""
    make = synthetic.make
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(synthetic, "make", lambda: made.append(1) or make(0, 20, 10))
    made = []
    return tmp_path / "tf1_dnn" / "synthetic-digits-v1.npz", made, digest(make(0, 20, 10))


def test_the_digits_are_drawn_once(cache):
    path, made, expected = cache
    for _ in range(2):
        assert digest(synthetic.load()) == expected
    assert len(made) == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_damaged_cache_file_is_made_anew(cache):
    path, made, expected = cache
    synthetic.load()
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert digest(synthetic.load()) == expected and len(made) == 2
    assert digest(synthetic.load()) == expected and len(made) == 2


def test_without_a_cache_folder_the_digits_are_drawn_each_time(cache, tmp_path, monkeypatch):
    _, made, expected = cache
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    for _ in range(2):
        assert digest(synthetic.load()) == expected
    assert len(made) == 2


def test_a_failed_write_leaves_nothing(cache, monkeypatch):
    path, _, expected = cache

    def full_disk(file, **arrays):
        pathlib.Path(file).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    assert digest(synthetic.load()) == expected
    assert list(path.parent.iterdir()) == []

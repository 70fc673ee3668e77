"""Splits: exact values, the digest, and where the data are looked for."""

import logging
import subprocess
import sys

import numpy as np
import pytest
from small_pairs import changed, pair, split

from tf1_dnn import data
from tf1_dnn.data import Dataset, mnist, synthetic
from tf1_dnn.errors import DataError


@pytest.fixture
def npz(tmp_path):
    (x_train, y_train), (x_test, y_test) = pair(60), pair(20, seed=1)
    path = tmp_path / "small.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture(autouse=True)
def unset_variable(monkeypatch):
    monkeypatch.delenv(data.DATA_VARIABLE, raising=False)


# Dataset


def test_inputs_are_the_posts_bits():
    images = np.arange(512, dtype=np.uint16).astype(np.uint8).reshape(2, 16, 16)
    expected = images.astype(np.float32).reshape(-1, 16 * 16) / 255.0  # the post's line
    dataset = Dataset(images, np.zeros(2, np.int32))
    result = dataset.inputs()
    assert result.dtype == expected.dtype == np.float32
    assert result.tobytes() == expected.tobytes()
    assert dataset.inputs(np.array([1, 0, 1])).tobytes() == expected[[1, 0, 1]].tobytes()
    assert dataset.inputs(slice(1, 2)).tobytes() == expected[1:2].tobytes()
    assert images.max() == 255  # and the images are still whole numbers


def test_float_inputs_are_used_as_they_are():
    images = np.array([[[-3.5, 0.25]], [[1e30, 255]]], np.float32)
    dataset = Dataset(images, np.zeros(2, np.int32))
    np.testing.assert_array_equal(dataset.inputs(), images.reshape(2, 2))
    assert (dataset.n_examples, dataset.n_inputs) == (2, 2)
    assert images[1, 0, 1] == 255


# split


@pytest.mark.parametrize(
    "n, n_valid", [(60_000, 5_000), (10_000, 5_000), (9_999, 1_666), (60, 10), (11, 1), (6, 1)]
)
def test_the_first_images_are_for_validation(n, n_valid):
    images, labels = pair(n, shape=(1, 1))
    splits = split((images, labels), pair(20, shape=(1, 1)))
    np.testing.assert_array_equal(splits.valid.images, images[:n_valid])
    np.testing.assert_array_equal(splits.train.labels, labels[n_valid:])
    assert (splits.valid.n_examples, splits.train.n_examples) == (n_valid, n - n_valid)


def test_splits_are_views_with_int32_labels():
    train, test = pair(60), pair(20)
    splits = split(train, test)
    for part, images in [
        (splits.train, train[0]),
        (splits.valid, train[0]),
        (splits.test, test[0]),
    ]:
        assert np.shares_memory(part.images, images)
        assert part.images.dtype == np.uint8 and part.labels.dtype == np.int32
    assert (splits.n_inputs, splits.image_shape, splits.n_outputs) == (6, (3, 2), 4)
    assert (splits.name, splits.source, splits.is_mnist) == ("small", "/data/small.npz", False)


def test_the_number_of_outputs():
    assert split(pair(60, n_classes=1), pair(9, n_classes=1)).n_outputs == 2
    images, _ = pair(60)
    odd_classes = np.arange(60) % 5 * 2 + 1  # 1, 3, 5, 7, 9: five of ten
    assert split((images, odd_classes), (images, odd_classes)).n_outputs == 10


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4"])
def test_float_images_become_native_float32(dtype):
    splits = split(pair(60, dtype=dtype), pair(20, dtype=dtype))
    assert splits.train.images.dtype == np.float32 and splits.train.images.dtype.isnative
    np.testing.assert_array_equal(splits.train.images, pair(60)[0][10:])


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.uint64, ">i4"])
def test_any_integer_labels_become_int32(dtype):
    images, labels = pair(60)
    splits = split((images, labels.astype(dtype)))
    assert splits.train.labels.dtype == np.int32
    np.testing.assert_array_equal(splits.train.labels, labels[10:])


# The digest


def test_the_digest_sees_every_part_and_nothing_else():
    splits = split()
    images, labels = pair(60)
    assert split((images.copy(), labels.astype(">i8"))).sha256() == splits.sha256()
    assert splits._replace(name="other", source="").sha256() == splits.sha256()
    big_endian = Dataset(splits.test.images, splits.test.labels.astype(">i4"))
    assert splits._replace(test=big_endian).sha256() == splits.sha256()
    others = [
        split((changed(images, (59, 2, 1), images[59, 2, 1] ^ 1), labels)),
        split((changed(images, (0, 0, 0), images[0, 0, 0] ^ 1), labels)),
        split((images, changed(labels, 30, 3 - labels[30]))),
        split((images.astype(np.float32), labels), pair(20, dtype=np.float32)),
        split(pair(60, shape=(2, 3)), pair(20, shape=(2, 3))),
        split(test=pair(20, seed=1)),
    ]
    digests = {part.sha256() for part in [splits, *others]}
    assert len(digests) == 7 and all(len(digest) == 64 for digest in digests)


# load


def test_a_path_is_named_after_its_last_part(npz, tmp_path, monkeypatch):
    splits = data.load("auto", npz)
    assert (splits.name, splits.source) == ("small.npz", str(npz))
    assert splits.sha256() == data.split(*mnist.read(npz), name="", source="").sha256()
    monkeypatch.chdir(tmp_path)
    npz.rename(tmp_path / "mnist.npz")
    splits = data.load(path=".")
    assert (splits.name, splits.source) == (tmp_path.name, str(tmp_path))


def test_the_variable_stands_in_for_the_path(npz, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(data.DATA_VARIABLE, " ~/small.npz ")
    assert data.load().source == str(npz)
    assert data.load(path="~/small.npz").source == str(npz)
    monkeypatch.setenv(data.DATA_VARIABLE, "/no/such/place")
    assert data.load(path=npz).source == str(npz)
    for dataset in ("auto", "mnist"):
        with pytest.raises(DataError, match="'/no/such/place'"):
            data.load(dataset)


@pytest.fixture
def places(npz, monkeypatch):
    """What there is besides a path: "cache" decides between MNIST and Unavailable."""
    places = {"cache": True}

    def fetch():
        if places["cache"]:
            return mnist.read(npz), "/cache/mnist.npz"
        raise mnist.Unavailable("MNIST is out of reach")

    monkeypatch.setattr(mnist, "fetch", fetch)
    monkeypatch.setattr(synthetic, "load", lambda: (pair(90), pair(30)))
    return places


@pytest.mark.parametrize("variable", ["", " \t"])
def test_the_default_places(variable, places, monkeypatch, caplog):
    monkeypatch.setenv(data.DATA_VARIABLE, variable)
    splits = data.load()
    assert (splits.name, splits.source) == ("MNIST", "/cache/mnist.npz")
    assert caplog.text == ""


@pytest.mark.parametrize("path", [True, False])
def test_mnist_insists_on_its_bytes(path, places, npz, monkeypatch):
    source = npz if path else "/cache/mnist.npz"
    with pytest.raises(DataError, match=f"{source} is not MNIST, byte for byte"):
        data.load("mnist", *[npz] * path)
    digest = data.load(path=npz).sha256()
    monkeypatch.setattr("tf1_dnn.data.splits.MNIST_SHA256", digest)
    assert data.load("mnist", *[npz] * path).source == str(source)


def test_auto_turns_to_synthetic_digits_with_a_warning(places, caplog):
    places["cache"] = False
    splits = data.load()
    assert (splits.name, splits.train.n_examples) == ("synthetic digits", 75)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("tf1_dnn", logging.WARNING)
    assert record.getMessage() == "using synthetic digits: MNIST is out of reach."
    with pytest.raises(mnist.Unavailable, match="out of reach"):
        data.load("mnist")


def test_auto_does_not_hide_a_wrong_path(places):
    for path in ("/no/such/place", ""):
        with pytest.raises(DataError, match="no file or folder"):
            data.load("auto", path)


def test_synthetic_digits_take_no_path(places, npz, monkeypatch):
    monkeypatch.setenv(data.DATA_VARIABLE, str(npz))
    assert data.load("synthetic").name == "synthetic digits"
    with pytest.raises(DataError, match=f"synthetic digits are not read from {npz}"):
        data.load("synthetic", npz)


def test_an_unknown_data_set():
    with pytest.raises(DataError, match="'cifar': choose from auto, mnist, synthetic"):
        data.load("cifar")


def test_importing_costs_numpy_only():
    code = (
        "import sys, tf1_dnn.data; "
        "print(sorted({'tensorflow', 'pooch', 'requests', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Real MNIST


def test_mnist_is_known_by_its_digest(mnist, tmp_path):
    valid, train, test = mnist.valid, mnist.train, mnist.test
    assert (train.n_examples, valid.n_examples, test.n_examples) == (55_000, 5_000, 10_000)
    images = np.concatenate([valid.images, train.images])
    labels = np.concatenate([valid.labels, train.labels])
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels).tolist() == counts
    assert images.mean() == pytest.approx(33.3184, abs=1e-4)
    assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    copy = tmp_path / "copy.npz"
    np.savez(copy, x_train=images, y_train=labels, x_test=test.images, y_test=test.labels)
    assert data.load("mnist", copy).is_mnist
    test.images[0, 0, 0] ^= 1
    assert not mnist.is_mnist

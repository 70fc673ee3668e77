"""Splits, checks, and the post's shuffle: exact values against the post's own lines."""

import logging
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tf1_dnn import data
from tf1_dnn.data import Dataset, mnist, synthetic
from tf1_dnn.errors import DataError


def pair(n, shape=(3, 2), n_classes=4, dtype=np.uint8, seed=0):
    """Random images and labels, every class among the first and the last of them."""
    random_state = np.random.RandomState(seed)
    images = random_state.randint(0, 256, (n, *shape)).astype(dtype)
    return images, np.arange(n, dtype=np.uint8) % n_classes


def split(train=None, test=None):
    return data.split(train or pair(60), test or pair(20), name="small", source="/data/small.npz")


@pytest.fixture
def npz(tmp_path):
    (x_train, y_train), (x_test, y_test) = pair(60), pair(20, seed=1)
    path = tmp_path / "small.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture(autouse=True)
def unset_variable(monkeypatch):
    monkeypatch.delenv(data.DATA_VARIABLE, raising=False)


REAL_MNIST = os.environ.get(data.DATA_VARIABLE, "").strip()  # before the fixture unsets it


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


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


IMAGES, LABELS = pair(60)
FLOATS = IMAGES.astype(np.float64)


@pytest.mark.parametrize(
    "images, labels, words",
    [
        (IMAGES.astype(np.int64), LABELS, "training images are int64: "),
        (IMAGES.astype(bool), LABELS, "training images are bool: "),
        (IMAGES.astype(complex), LABELS, "training images are complex128: "),
        (IMAGES.astype(object), LABELS, "training images are object: "),
        (IMAGES.astype(str), LABELS, "training images are <U3: "),
        (changed(FLOATS, (3, 0, 0), np.nan), LABELS, "training images are not all finite: "),
        (changed(FLOATS, (3, 0, 0), -np.inf), LABELS, "training images are not all finite: "),
        (changed(FLOATS, (3, 0, 0), 1e39), LABELS, "training images are not all finite: "),
        (IMAGES[:, 0, 0], LABELS, "training images are (60,): "),
        (IMAGES[0, 0, 0], LABELS, "training images are (): "),
        (IMAGES[:0], LABELS[:0], "training images are (0, 3, 2): "),
        (IMAGES[:, :, :0], LABELS, "training images are (60, 3, 0): "),
        (IMAGES, LABELS[1:], "training images are 60, the labels 59: "),
        (IMAGES, LABELS.astype(float), "training labels are float64 (60,): "),
        (IMAGES, LABELS.astype(bool), "training labels are bool (60,): "),
        (IMAGES, LABELS[:, None], "training labels are uint8 (60, 1): "),
        (IMAGES, np.eye(4, dtype=int)[LABELS], "training labels are int64 (60, 4): "),
        (IMAGES, LABELS.astype(int) - 1, "training labels include -1: "),
        (IMAGES, changed(LABELS, -1, 255), "reach 255, but only 5 of the numbers 0 to 255 occur: "),
        (IMAGES, LABELS.astype(np.uint64) + 2**63, "reach 9223372036854775811, but only 4 of"),
        (IMAGES, LABELS + 5, "reach 8, but only 4 of the numbers 0 to 8 occur: "),
        (IMAGES, LABELS % 3, "the label 3 is held out for validation or test, but training labels"),
        (IMAGES, changed(LABELS, 9, 5), "the label 5 is held out for validation or test, but"),
        (IMAGES[:1], LABELS[:1], "one training image: "),
        (IMAGES[:, :2], LABELS, "images are (2, 2), but (3, 2) for test: "),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_trained_on_is_refused(images, labels, words):
    with pytest.raises(DataError) as caught:
        split((images, labels))
    sentence = str(caught.value)
    assert sentence.startswith("in /data/small.npz ") and words in sentence
    assert "\n" not in sentence
    split((IMAGES, LABELS))  # the negative control


def test_test_sets_are_checked_too():
    for images, labels, words in [
        (IMAGES.astype(int), LABELS, "the test images are int64"),
        (IMAGES[:0], LABELS[:0], "the test images are (0, 3, 2)"),
        (IMAGES, LABELS.astype(int) - 9, "the test labels include -9"),
    ]:
        with pytest.raises(DataError, match="in /data/small.npz") as caught:
            split(test=(images, labels))
        assert words in str(caught.value)


SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9)
ARRAYS = hnp.arrays(st.one_of(hnp.scalar_dtypes(), hnp.integer_dtypes()), SHAPES)


@settings(max_examples=100, deadline=None)
@given(ARRAYS, ARRAYS)
def test_fuzzed_arrays_are_split_or_refused(images, labels):
    for train, test in [((images, labels),) * 2, ((IMAGES, labels), pair(20))]:
        try:
            splits = split(train, test)
        except DataError as error:
            assert "\n" not in str(error)
        else:
            assert 2 <= splits.n_outputs <= 2 * len(train[1])
            assert np.isfinite(splits.train.inputs()).all()


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
    splits = data.load("mnist", ".")
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
    for dataset in ("auto", "mnist"):
        splits = data.load(dataset)
        assert (splits.name, splits.source) == ("MNIST", "/cache/mnist.npz")
    assert caplog.text == ""


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


# The shuffle


def posts_shuffle_batch(inputs, labels, batch_size):
    """The post's function, word for word."""
    rnd_idx = np.random.permutation(len(inputs))
    n_batches = len(inputs) // batch_size
    for batch_idx in np.array_split(rnd_idx, n_batches):
        batch_x, batch_y = inputs[batch_idx], labels[batch_idx]
        yield batch_x, batch_y


@pytest.mark.parametrize("offset, batch_size", [(0, 7), (1, 50), (5, 49)])
def test_batches_are_the_posts(offset, batch_size):
    dataset = split().train
    np.random.seed(42)
    for _ in range(offset):
        next(posts_shuffle_batch(dataset.images, dataset.labels, batch_size))
    random_state = data.shuffle_state(42, offset, dataset.n_examples)
    for _ in range(2):
        expected = list(posts_shuffle_batch(dataset.inputs(), dataset.labels, batch_size))
        batches = list(data.shuffle_batch(dataset, batch_size, random_state))
        assert len(batches) == len(expected) == 50 // batch_size
        for (inputs, labels), (batch_x, batch_y) in zip(batches, expected):
            assert inputs.dtype == np.float32 and labels.dtype == np.int32
            np.testing.assert_array_equal(inputs, batch_x)
            np.testing.assert_array_equal(labels, batch_y)


def test_the_remainder_makes_the_first_batches_larger():
    batches = data.batch_indices(55_000, 64, np.random.RandomState(42))
    sizes = [len(batch) for batch in batches]
    assert sizes == [65] * 24 + [64] * 835 and len(sizes) == data.n_batches(55_000, 64) == 859
    assert sorted(np.concatenate(batches)) == list(range(55_000))
    assert batches[0][:5].tolist() == np.random.RandomState(42).permutation(55_000)[:5].tolist()


def test_a_batch_larger_than_the_training_set():
    random_state = np.random.RandomState(0)
    assert len(data.batch_indices(50, 50, random_state)) == 1
    for call in (data.n_batches, lambda *sizes: data.batch_indices(*sizes, random_state)):
        with pytest.raises(DataError, match="mini-batch of 51 .* training set of 50"):
            call(50, 51)


# Real MNIST


@pytest.fixture
def real_mnist():
    if not REAL_MNIST:
        pytest.skip("real MNIST: set TF1_DNN_DATA to a folder or npz file that holds it")
    splits = data.load("mnist", REAL_MNIST)
    if not splits.is_mnist:
        pytest.skip(f"real MNIST: {REAL_MNIST} holds something else")
    return splits


def test_mnist_is_known_by_its_digest(real_mnist, tmp_path):
    valid, train, test = real_mnist.valid, real_mnist.train, real_mnist.test
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
    assert not real_mnist.is_mnist

"""A folder of pictures for each class: which examples and classes it gives, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from tf1_dnn import data
from tf1_dnn.data import folders
from tf1_dnn.errors import DataError

SHAPE = (4, 6)


def save(path, level, shape=SHAPE):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, level, np.uint8)).save(path)


def make(root, names=("tulip", "aster", "rose"), n=12):
    """Pictures whose grey level tells class and number: 20 · class + number, classes as sorted."""
    for index, name in enumerate(sorted(names)):
        for i in range(n):
            save(root / name / f"{i:02d}.png", 20 * index + i)
    return root


def levels(dataset):
    assert (dataset.images == dataset.images[:, :1, :1]).all()
    return dataset.images[:, 0, 0]


def test_the_folders_names_are_the_classes(tmp_path):
    splits = data.load(path=make(tmp_path))
    assert (splits.classes, splits.n_outputs) == (("aster", "rose", "tulip"), 3)
    assert splits.train.images.dtype == np.uint8 and splits.image_shape == SHAPE
    parts = (splits.train, splits.valid, splits.test)
    assert [part.n_examples for part in parts] == [25, 5, 6]
    found = np.concatenate([levels(part) for part in parts])
    assert sorted(found) == [20 * label + i for label in range(3) for i in range(12)]
    for part in parts:
        np.testing.assert_array_equal(part.labels, levels(part) // 20)
        counts = np.bincount(part.labels, minlength=3)
        assert counts.max() - counts.min() <= 1
    assert (splits.has_test, splits.plain) == (False, True)
    assert data.load(path=tmp_path).sha256() == splits.sha256()


@pytest.mark.parametrize("train, test", [("train", "test"), ("training", "testing")])
def test_training_and_test_may_have_folders_of_their_own(tmp_path, train, test):
    make(tmp_path / train)
    for level, name in enumerate(("aster", "rose", "tulip")):
        save(tmp_path / test / name / "other.png", 100 + level)
    splits = data.load(path=tmp_path)
    assert splits.has_test and splits.classes == ("aster", "rose", "tulip")
    np.testing.assert_array_equal(levels(splits.test), [100, 101, 102])
    assert sorted(splits.valid.labels) == [0, 0, 1, 1, 2, 2]


def test_numbers_are_sorted_by_their_value(tmp_path):
    splits = data.load(path=make(tmp_path, ("0", "1", "2", "10"), n=3))
    assert splits.classes == ("0", "1", "2", "10")


def test_what_is_hidden_or_no_picture_is_left_out(tmp_path):
    make(tmp_path)
    before = data.load(path=tmp_path).sha256()
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.txt").write_text("mine")
    (tmp_path / "rose" / "Thumbs.db").write_text("no picture")
    assert data.load(path=tmp_path).sha256() == before


def test_colours_become_grey_and_16_bits_8(tmp_path):
    make(tmp_path)
    colour = np.zeros((*SHAPE, 3), np.uint8)
    colour[...] = (255, 0, 0)
    Image.fromarray(colour).save(tmp_path / "rose" / "00.png")
    Image.fromarray(np.full(SHAPE, 65535, np.uint16)).save(tmp_path / "rose" / "01.png")
    splits = data.load(path=tmp_path)
    found = np.concatenate([levels(part) for part in splits[:3]])
    assert {76, 255} <= set(found)  # ITU-R 601: 0.299 of red


def test_idx_files_come_before_folders(tmp_path):
    make(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(DataError, match="lacks train-labels"):
        data.load(path=tmp_path)


def refusal(path):
    with pytest.raises(DataError) as caught:
        data.load(path=path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_another_size_is_refused_with_the_file(tmp_path):
    make(tmp_path)
    save(tmp_path / "tulip" / "odd.png", 0, shape=(6, 4))
    assert "tulip/odd.png has 4 x 6 pixels, not 6 x 4 as the first" in refusal(tmp_path)


def test_too_many_pixels_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_MOST_PIXELS", 23)
    assert "aster/00.png has more than 23 pixels" in refusal(make(tmp_path))


def test_a_damaged_picture_is_named(tmp_path):
    make(tmp_path)
    (tmp_path / "rose" / "05.png").write_bytes(b"no picture")
    assert "rose/05.png is not a picture" in refusal(tmp_path)


def test_classes_without_pictures_or_folder_are_named(tmp_path):
    assert "holds 1 folder" in refusal(make(tmp_path / "one", ("rose",)))
    (make(tmp_path / "empty") / "violet").mkdir()
    assert "violet holds no pictures" in refusal(tmp_path / "empty")
    make(tmp_path / "two" / "train")
    make(tmp_path / "two" / "test", ("aster", "rose"))
    assert "there is no folder" in refusal(tmp_path / "two")

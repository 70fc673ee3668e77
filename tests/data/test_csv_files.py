"""CSV files: a label and numbers in every line; what is no such table is told with its line."""

import os

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tf1_dnn import data
from tf1_dnn.data import csv_files
from tf1_dnn.errors import DataError


def load(folder, text, name="mine.csv"):
    path = folder / name
    path.write_text(text)
    return data.load(path=path)


def lines(rows):
    return "".join(",".join(map(str, row)) + "\n" for row in rows)


LEVELS = np.random.RandomState(0).randint(0, 256, (60, 9))
CLASSES = np.arange(60) // 20  # class by class
PICTURES = lines([label, *row] for label, row in zip(CLASSES, LEVELS))
NUMBERS = lines([label, *(row / 2 - 9)] for label, row in zip(CLASSES, LEVELS))


def examples(splits):
    """(label, values) of every example, in any order."""
    parts = [splits.train, splits.valid, splits.test]
    return sorted(
        (int(label), *map(float, image.ravel()))
        for part in parts
        for image, label in zip(part.images, part.labels)
    )


def test_grey_levels_are_pictures_where_they_make_a_square(tmp_path):
    splits = load(tmp_path, PICTURES)
    assert splits.train.images.dtype == np.uint8 and splits.image_shape == (3, 3)
    assert examples(splits) == sorted((k, *map(float, row)) for k, row in zip(CLASSES, LEVELS))
    assert load(tmp_path, lines(row.split(",")[:-1] for row in PICTURES.split())).image_shape == (
        8,
    )
    assert (splits.name, splits.source) == ("mine.csv", str(tmp_path / "mine.csv"))


def test_other_numbers_are_taken_as_they_are(tmp_path):
    splits = load(tmp_path, NUMBERS)
    assert splits.train.images.dtype == np.float32 and splits.image_shape == (9,)
    assert examples(splits) == sorted((k, *(row / 2 - 9)) for k, row in zip(CLASSES, LEVELS))


def test_a_test_set_is_set_aside_with_all_classes_alike_and_the_same_each_time(tmp_path):
    splits = load(tmp_path, PICTURES)
    sizes = [part.n_examples for part in (splits.train, splits.valid, splits.test)]
    assert sizes == [42, 8, 10] and not splits.has_test
    assert splits.sizes == (
        "42 training, 8 validation, 10 test examples; "
        "8 of 60 set aside for validation and 10 for test"
    )
    for part in (splits.train, splits.valid, splits.test):
        counts = np.bincount(part.labels, minlength=3)
        assert counts.max() - counts.min() <= 1
    assert load(tmp_path, PICTURES).sha256() == splits.sha256()


def test_a_file_with_test_in_its_name_beside_is_the_test_set(tmp_path):
    (tmp_path / "my_test.csv").write_text(PICTURES)
    splits = load(tmp_path, PICTURES, "my_train.csv")
    np.testing.assert_array_equal(splits.test.images.reshape(60, 9), LEVELS)
    np.testing.assert_array_equal(splits.train.labels, CLASSES[10:])  # in their order
    assert splits.has_test
    (tmp_path / "my_test.csv").write_text(NUMBERS)  # then those of training are no levels, either
    assert load(tmp_path, PICTURES, "my_train.csv").train.images.dtype == np.float32


def test_mnist_as_csv_is_mnist_bit_for_bit(tmp_path, mnist):
    train = [np.concatenate(pair) for pair in zip(mnist.valid, mnist.train)]
    for name, (images, labels) in [("train", train), ("test", mnist.test)]:
        rows = np.column_stack([labels, images.reshape(len(images), -1)])[:20_000]
        np.savetxt(tmp_path / f"mnist_{name}.csv", rows, fmt="%d", delimiter=",")
    splits = data.load(path=tmp_path / "mnist_train.csv")
    assert splits.image_shape == (28, 28)
    np.testing.assert_array_equal(splits.train.images, mnist.train.images[:15_000])
    np.testing.assert_array_equal(splits.valid.labels, mnist.valid.labels)
    np.testing.assert_array_equal(splits.test.images, mnist.test.images)


@pytest.mark.parametrize("column", [0, 4, 9])
def test_a_header_names_the_labels_column(tmp_path, column):
    names = [f"pixel{i}" for i in range(9)]
    names.insert(column, "Label")
    rows = [np.insert(row, column, label) for label, row in zip(CLASSES, LEVELS)]
    splits = load(tmp_path, "\ufeff" + lines([names, *rows]))  # as spreadsheets save it
    assert splits.sha256() == load(tmp_path, PICTURES).sha256()


def test_classes_may_have_names(tmp_path):
    names = ["rose", "aster", "tulip"]
    rows = ([f'"{names[label]}"', *row] for label, row in zip(CLASSES, LEVELS))
    splits = load(tmp_path, lines(rows))
    assert (splits.classes, splits.n_outputs) == (("aster", "rose", "tulip"), 3)
    sorted_names = [splits.classes[label] for label, *_ in examples(splits)]
    assert sorted_names == ["aster"] * 20 + ["rose"] * 20 + ["tulip"] * 20
    assert load(tmp_path, PICTURES).classes is None


BAD = [
    ("", "has one column"),
    ("1;2;3\n", "has one column: put commas between"),
    ("5.1,3.5,setosa\n", "has words in its first line, but no column 'label'"),
    ("label,a,b\n", "holds no examples"),
    (PICTURES + "1,2,3\n", "line 61 has 3 columns: give it 10, as the first"),
    ("\n\n0,1,2\n\n1,2,x\n", "line 5 has 'x' where a number belongs"),
    ("0,1,2\n1,,2\n", "line 2 has '' where a number belongs"),
    ("0,1,2\n1,2,nan\n", "line 2 has a number that is not finite"),
    ("0,1,2\n1,2,1e39\n", "line 2 has a number that is not finite"),
    ("0,1,2\n,2,1\n", "line 2 has no label"),
    ("0,1,2\n1.5,2,1\n", "line 2 has the label 1.5: number classes 0, 1, 2, ... or name them"),
    ("0,1,2\n-1,2,1\n", "line 2 has the label -1"),
    ("0,1,2\n1e99,2,1\n", "line 2 has the label 1e99"),
    ("0,1,2\n1,2,\0\n", "line 2"),
    ("0,1,2\n7,2,1\n0,1,1\n7,1,1\n7,7,7\n", "number the classes 0, 1, 2"),
]


@pytest.mark.parametrize("text, words", BAD, ids=range(len(BAD)))
def test_what_is_no_such_table_is_one_sentence_with_the_line(tmp_path, text, words):
    with pytest.raises(DataError) as caught:
        load(tmp_path, text)
    assert words in str(caught.value) and "mine.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_test_file_of_another_width_is_told(tmp_path):
    (tmp_path / "test.csv").write_text("0,1,2,3\n")
    with pytest.raises(DataError, match="test.csv has 3 numbers a line, .*train.csv 9"):
        load(tmp_path, PICTURES, "train.csv")


def test_a_line_without_end_is_not_read_to_it(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "_MOST_LINE", 100)
    with pytest.raises(DataError, match="line 2 has no end"):
        load(tmp_path, "0,1\n" + "1," * 1000)


def test_no_file_and_no_regular_file_are_told(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("pipe.csv", "nothing.csv"):
        with pytest.raises(DataError, match="there is no file"):
            data.load(path=tmp_path / name)


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=60) | st.text('01,.-e\n"abl\r', max_size=60).map(str.encode))
@example(b"0,1\n1,2\n0,3\n1,4\n")
def test_whatever_a_file_holds_it_is_data_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "fuzzed.csv"
    path.write_bytes(content)
    try:
        assert data.load(path=path).train.n_examples > 0
    except DataError as error:
        assert str(error).count("\n") == 0

"""input_data's batches, number for number as TensorFlow 1.15.5 drew them."""

import json

import numpy as np
import pytest
from conftest import GOLDEN

from tf1_dnn import data
from tf1_dnn.run import input_data

MAKER = GOLDEN / "make_input_data.py"  # a TensorFlow 1 program, run unedited


@pytest.fixture(scope="module")
def batches(activated, tmp_path_factory):
    """By case: what TensorFlow 1.15.5 recorded, and what the same program records here."""
    out = tmp_path_factory.mktemp("input_data") / "batches.json"
    _, stderr, code = activated.run(MAKER, out)
    assert code == 0, stderr
    return json.loads((GOLDEN / "input_data.json").read_text()), json.loads(out.read_text())


def test_batches_are_those_of_tensorflow_1(batches):
    expected, found = batches
    assert list(found) == list(expected)
    for case in expected:
        assert found[case] == expected[case], case


def test_what_should_matter_to_the_order_matters(batches):
    """The control: seeds and shuffling change the batches, and epochs differ."""
    drawn = {case: json.dumps(record["batches"]) for case, record in batches[0].items()}
    shuffled = [drawn[case] for case in ("graph seed", "own seed", "NumPy's seed", "not shuffled")]
    assert len(set(shuffled)) == 4
    epoch = [tuple(images) for images, _ in batches[0]["graph seed"]["batches"]]
    assert len(set(epoch)) == len(epoch)


def test_mnist_comes_from_where_the_package_finds_it(monkeypatch, tmp_path):
    arrays = (np.zeros((9, 2, 2), np.uint8), np.arange(9) % 3), (np.ones((3, 2, 2), np.uint8), [1])
    monkeypatch.setattr(data, "stored", lambda path=None: (arrays, "here", str(path)))
    monkeypatch.setattr(input_data, "_seed_numpy", lambda seed: None)
    (_, labels), (images, _) = input_data._stored(str(tmp_path))
    assert labels is arrays[0][1] and images.shape == (3, 2, 2, 1)
    assert list(tmp_path.iterdir()) == []  # nothing is written where programs wanted it kept


@pytest.mark.parametrize("size", [-1, 10])
def test_a_validation_set_larger_than_the_data_is_refused(size, monkeypatch):
    arrays = (np.zeros((9, 2, 2), np.uint8), np.arange(9)), (np.ones((1, 2, 2), np.uint8), [1])
    monkeypatch.setattr(data, "stored", lambda path=None: (arrays, "", ""))
    with pytest.raises(ValueError, match=f"validation_size is {size}: make it between 0 and 9"):
        input_data.read_data_sets("nowhere", validation_size=size)


def test_other_dtypes_are_refused(monkeypatch):
    monkeypatch.setattr(input_data, "_seed_numpy", lambda seed: None)
    with pytest.raises(TypeError, match="images of dtype float64: make it uint8 or float32"):
        input_data.DataSet(np.zeros((1, 2, 2, 1)), np.zeros(1), dtype=np.float64)


def test_fake_data_are_ones(monkeypatch):
    monkeypatch.setattr(input_data, "_seed_numpy", lambda seed: None)
    sets = input_data.read_data_sets("nowhere", fake_data=True, one_hot=True)
    images, labels = sets.train.next_batch(2, fake_data=True)
    assert images == [[1] * 784] * 2 and labels == [[1] + [0] * 9] * 2
    assert [each.num_examples for each in sets] == [10_000] * 3

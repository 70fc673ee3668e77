"""tf.contrib under `run`: what it builds and computes, what is gone, what its page lists."""

import json
import math
import re

import pytest
from conftest import GOLDEN
from documents import ROOT, read, rows, section

from tf1_dnn.run import gone

MAKER = GOLDEN / "make_contrib.py"  # a TensorFlow 1 program, run unedited
PAGE = read(ROOT / "docs" / "contrib.md")

# What is not as TensorFlow 1.15.5 had it, and why.
KNOWN = {
    "layers batch_norm weighted": ({"ops"}, "tf.nn.weighted_moments builds one op less today"),
    "layers bow_encoder": (
        {"ops", "seeds", "values"},
        "tf.nn.embedding_lookup_sparse looks ids up without tf.unique today",
    ),
    "crf learns": ({"ops"}, "the gradient of reduce_logsumexp in a loop"),
    "opt resource": ({"ops"}, "sparse updates of resource variables"),
}


@pytest.fixture(scope="module")
def records(activated, tmp_path_factory):
    """By program: what TensorFlow 1.15.5 recorded, and what the same program records here."""
    out = tmp_path_factory.mktemp("contrib") / "contrib.json"
    _, stderr, code = activated.run(MAKER, "--out", out)
    assert code == 0, stderr
    return json.loads((GOLDEN / "contrib.json").read_text()), json.loads(out.read_text())


def same(found, expected):
    """Equal; numbers to 1e-5 of themselves, or of 1 where they are small."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[k], expected[k]) for k in found)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-5, abs_tol=1e-5) or found != found
    return found == expected


def test_sizes_seeds_variables_and_values_are_those_of_1_15_5(records):
    expected, found = records
    assert list(found) == list(expected) and len(expected) >= 140
    different = {}
    for name, record in expected.items():
        fields = {"values"} if name.startswith("values") else set(record)
        assert "error" not in record and "error" not in found[name], found[name]
        wrong = {field for field in fields if not same(found[name][field], record[field])}
        if wrong:
            different[name] = wrong
    allowed = {name: fields for name, (fields, _) in KNOWN.items()}
    assert {name: different[name] for name in different if name not in allowed} == {}
    assert all(different[name] <= allowed[name] for name in different)


def test_a_record_that_differs_is_noticed(records):
    record = records[0]["layers fully_connected"]
    assert same(record, record)
    for field, value in {"ops": 1, "seeds": {}, "variables": [], "values": [[[1], [0.5]]]}.items():
        assert not same({**record, field: value}, record)
    assert not same([1.00003], [1.0]) and same([1.000003], [1.0])


NAMES = """
import importlib, json, sys
import tensorflow as tf

names = json.loads(sys.argv[1])
before = [name for name in sys.modules if name.startswith(("tf1_dnn.run.contrib.", "tf_slim"))]
said = {}
for name in names:
    value = tf
    try:
        for part in name.split(".")[1:]:
            value = getattr(value, part)
    except AttributeError as error:
        said[name] = str(error)
    try:
        importlib.import_module("tensorflow" + name[2:])
    except ModuleNotFoundError as error:
        said[name + " imported"] = str(error)
print(json.dumps([before, said]))
"""


@pytest.fixture
def printed(activated, tmp_path):
    """What a program prints, under `run`."""

    def run(source, *argv):
        (tmp_path / "program.py").write_text(source)
        stdout, stderr, code = activated.run(tmp_path / "program.py", *argv)
        assert code == 0, stderr
        return stdout

    return run


@pytest.fixture
def said_of(printed):
    """Modules of contrib loaded beforehand, and what is said of the names that are not there."""
    return lambda names, prelude="": json.loads(printed(prelude + NAMES, json.dumps(names)))


def listed():
    """The page's ranked names and whether it calls them restored."""
    table = [row for row in rows(section(PAGE, "## What programs used most")) if len(row) == 4]
    return {row[0].strip("`"): row[3] for row in table[2:]}


def test_the_page_says_truly_what_is_restored(said_of):
    loaded, said = said_of(list(listed()))
    assert loaded == []  # nothing of contrib before its name is used
    missing = {name for name in said if not name.endswith(" imported")}
    assert {name for name, how in listed().items() if how == "gone"} == missing
    assert len(listed()) >= 50 and "tf.contrib.layers.xavier_initializer" in listed()


def test_what_is_gone_says_what_it_was_since_when_and_what_instead(said_of):
    wholly = [name for name in gone.GONE if name != "tensorflow.contrib.learn"]  # partly restored
    names = ["tf" + name.removeprefix("tensorflow") for name in wholly if ".python." not in name]
    said = said_of([*names, "tf.contrib.layersss", "tf.contrib.layers.nothing"])[1]
    for name in names:
        part = gone.GONE[f"tensorflow{name[2:]}"]
        for text in (said[name], said[f"{name} imported"]):
            assert f"gone since TensorFlow {part.since}: use {part.instead}" in text, text
            assert "\n" not in text
    assert "is gone" not in said["tf.contrib.layers.nothing"]
    assert "is gone since" not in said["tf.contrib.layersss"]


def test_cells_are_those_of_tf_nn(printed):
    program = "import tensorflow as tf\nprint(*(getattr(tf.contrib.rnn, n) is "
    program += "getattr(tf.nn.rnn_cell, n) for n in dir(tf.nn.rnn_cell) if n[0] != '_'))"
    assert set(printed(program).split()) == {"True"}


def test_without_tf_slim_only_its_names_are_lost(said_of):
    hidden = "import sys\nsys.modules['tf_slim'] = None\n"
    names = ["tf.contrib.layers.conv2d", "tf.contrib.slim.conv2d", "tf.contrib.rnn.BasicLSTMCell"]
    said = said_of([*names, "tf.contrib.training.HParams"], hidden)[1]
    lost = {name for name in said if not name.endswith(" imported")}
    assert lost == set(names[:2])
    for name in lost:
        assert re.search(r"tf_slim", said[name]), said[name]


KERAS = """
import keras
from keras import backend, optimizers
from keras.layers import Dense
from keras.preprocessing.sequence import pad_sequences
import numpy as np
import tensorflow as tf

same = [Dense is tf.keras.layers.Dense, backend is tf.keras.backend, keras.Model is tf.keras.Model]
model = keras.models.Sequential([Dense(1, input_shape=(2,), kernel_initializer="ones")])
print(all(same), model.predict(np.array([[1.0, 2.0]])).tolist(), pad_sequences([[1]], 3).tolist())
try:
    import keras.nothing
except ModuleNotFoundError as error:
    print(error.name)
"""


def test_keras_by_its_own_name_is_keras_2(printed):
    lines = printed(KERAS).splitlines()
    assert lines[-2:] == ["True [[3.0]] [[0, 0, 1]]", "keras.nothing"]

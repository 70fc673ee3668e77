"""config.json: what it holds of a run, and that no damage to it escapes as another error."""

import dataclasses
import json
import os
import platform

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from run_folders import CONFIG, EXECUTION, contents, describe, make_run

import tf1_dnn
from tf1_dnn.compat import tf
from tf1_dnn.config import Keeping
from tf1_dnn.errors import Error
from tf1_dnn.runs import config_json, directory, typed_json
from tf1_dnn.spec import TrainSpec


def test_config_json_holds_every_option_the_data_and_the_versions(tmp_path, splits):
    config = CONFIG.replace(clip_norm=0.5, dropout_rate=0.1, learning_rate=1e-3)
    keeping = Keeping(checkpoint_every=2, keep=5, patience=7)
    with directory.open_run(
        tmp_path,
        config_json.describe(
            TrainSpec(config, EXECUTION, keeping, run_dir=tmp_path, from_checkpoint="weights"),
            splits,
        ),
    ):
        pass
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["config"] == {
        **dataclasses.asdict(config),
        **dict(hidden_units=[8], conv_filters=[]),
    }
    assert written["data"] == {
        "name": "small",
        "source": "the tests",
        "sha256": splits.sha256(),
        "image_shape": [20],
        "n_outputs": 5,
        "scale": 255.0,
        "classes": None,
        "plain": False,
    }
    assert written["execution"] == dataclasses.asdict(EXECUTION)
    assert written["keeping"] == dataclasses.asdict(keeping)
    assert written["from_checkpoint"] == os.path.abspath("weights")
    assert written["versions"] == {
        "tf1_dnn": tf1_dnn.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    assert config_json.read(tmp_path).config == config


def test_a_run_of_before_an_option_has_its_default_and_can_be_resumed(tmp_path):
    description = make_run(tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())
    newer = {name for name in written["config"] if name.startswith("lr_")}
    for name in [*newer, "staircase", "end_learning_rate", "power", "cycle"]:
        del written["config"][name]
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert len(newer) == 5 and config_json.read(tmp_path).config == CONFIG
    directory.check_run(tmp_path, description, resume=True, overwrite=False)
    decay = dict(lr_decay="piecewise_constant", lr_boundaries=[9], lr_values=[1, 0.1])
    with pytest.raises(Error, match="lr_decay was None, not 'piecewise_constant'"):
        directory.check_run(tmp_path, describe(**decay), resume=True, overwrite=False)


@pytest.mark.parametrize(
    "values, scale",
    [
        (np.uint8([0, 7]), 255),
        (np.float32([0, 0.5, 1]), 255),
        (np.float32([0, 255]), 1),
        (np.float32([-0.4, 2.8]), None),
        (np.float32([0, 0]), None),
    ],
)
def test_the_scale_of_the_data_is_kept(splits, values, scale):
    images = np.resize(values, splits.train.images.shape)
    splits = splits._replace(train=splits.train._replace(images=images))
    assert config_json.describe(TrainSpec(CONFIG, EXECUTION), splits).data.scale == scale


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=4)
    | st.dictionaries(st.text(max_size=8), children, max_size=4),
    max_leaves=12,
)


@st.composite
def mutated(draw):
    """The text of a real config.json with one to three values replaced, or its bytes damaged."""
    description = json.loads(typed_json.dumps(DESCRIPTION))
    for _ in range(draw(st.integers(1, 3))):
        place, keys = description, []
        while isinstance(place, dict) and place and (not keys or draw(st.booleans())):
            keys.append(draw(st.sampled_from(sorted(place))))
            parent, place = place, place[keys[-1]]
        parent[keys[-1]] = draw(JSON)
    text = json.dumps(description).encode()
    if draw(st.booleans()):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(st.binary(max_size=4)) + text[start + draw(st.integers(0, 9)) :]
    return text


DESCRIPTION = describe()
CHECK = [dict(resume=True, overwrite=False), dict(resume=False, overwrite=True)]


@settings(max_examples=100, deadline=None, database=None)
@given(JSON.map(json.dumps).map(str.encode) | mutated() | st.binary(max_size=40))
@example(b"[" * 100_000)
@example(b'{"config": {"kernel_initializer": 5}}')
@example(b'{"config": {}, "execution": 5, "data": null, "keeping": [1]}')
@example(b'{"config": {"seed\\n": 5}}')
@example(b'{"config": {"seed": ' + b"9" * 5000 + b"}}")
def test_no_config_json_escapes_as_another_error(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_bytes(text)
    (folder / "metrics.jsonl").write_text("precious")
    before = contents(folder)
    accepted = 0
    for function in [
        lambda: config_json.read(folder),
        lambda: directory.check_run(folder, DESCRIPTION, **CHECK[0]),
        lambda: directory.check_run(folder, DESCRIPTION, **CHECK[1]),
    ]:
        try:
            function()
            accepted += 1
        except Error as error:
            assert "\n" not in str(error)
    assert accepted >= 1  # --overwrite looks at nothing but names
    assert contents(folder) == before


def test_the_real_config_json_is_accepted(tmp_path):
    """The fuzz test's control."""
    make_run(tmp_path)
    assert config_json.read(tmp_path) == DESCRIPTION
    directory.check_run(tmp_path, DESCRIPTION, **CHECK[0])

"""The SavedModel: the session's outputs to the bit, batch norm folded away, whole or absent."""

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import small_splits

from tf1_dnn import cli, export
from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, Config, Execution
from tf1_dnn.errors import Error, RunError
from tf1_dnn.graph import inference
from tf1_dnn.runs import restore, saved_model
from tf1_dnn.training import trainer

SMALL = dict(hidden_units=(16, 8), batch_size=20, n_epochs=2)
PORTABLE = """
import json, sys
sys.modules["tf1_dnn"] = None  # importing it raises
import tensorflow as tf
inputs, *directories = json.load(sys.stdin)
for directory in directories:
    serve = tf.saved_model.load(directory).signatures["serving_default"]
    outputs = serve(images=tf.constant(inputs, tf.float32))
    print(json.dumps({name: value.numpy().tolist() for name, value in outputs.items()}))
"""


def train_run(folder, config, **settings):
    settings = dict(execution=Execution(loop="step")) | settings
    trainer.train(config, small_splits(), run_dir=folder, **settings)
    return folder


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    config = Config(dropout_rate=0.1, **SMALL)
    return train_run(tmp_path_factory.mktemp("runs") / "run", config)


@pytest.fixture(scope="module")
def exports(run_dir, tmp_path_factory):
    """{"plain": directory, "folded": directory}"""
    directories = {name: tmp_path_factory.mktemp("exports") / name for name in ("plain", "folded")}
    for name, directory in directories.items():
        export.export(run_dir, directory, fold=name == "folded")
    return directories


def inputs():
    return small_splits().test.inputs()


def expected_outputs(run_dir, checkpoint=None):
    """Probabilities and classes of the training graph."""
    with restore.restored(run_dir, checkpoint) as run, run.model.graph.as_default():
        logits = run.model.tower.network.logits
        fetches = [tf.nn.softmax(logits), tf.argmax(logits, axis=1)]
        return run.session.run(fetches, {run.model.placeholders.inputs: inputs()})


def served(directory):
    """Probabilities of an export, its variables' names and its graph's kinds of operations."""
    with tf.Session(graph=tf.Graph()) as session:
        loaded = tf.saved_model.load(session, ["serve"], str(directory))
        signature = loaded.signature_def["serving_default"]
        images, probabilities = (
            signature.inputs["images"].name,
            signature.outputs["probabilities"].name,
        )
        names = {variable.op.name for variable in session.graph.get_collection("variables")}
        kinds = {op.type for op in session.graph.get_operations()}
        return session.run(probabilities, {images: inputs()}), names, kinds


def run(*argv):
    return cli.run(export.main, [str(arg) for arg in argv])


def test_the_export_equals_the_session_to_the_bit(run_dir, exports):
    probabilities, names, kinds = served(exports["plain"])
    np.testing.assert_array_equal(probabilities, expected_outputs(run_dir)[0])
    assert "batch_normalization/gamma" in names and "Rsqrt" in kinds
    assert "global_step" not in names


def test_folding_leaves_the_outputs_and_no_batch_norm(run_dir, exports):
    probabilities, names, kinds = served(exports["folded"])
    expected = expected_outputs(run_dir)[0]
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.05  # not all the same
    layers = ("hidden1", "hidden2", "outputs")
    assert names == {f"{layer}/{name}" for layer in layers for name in ("kernel", "bias")}
    assert not {kind for kind in kinds if "sqrt" in kind.lower() or "norm" in kind.lower()}


def test_the_export_holds_only_what_inference_needs(exports):
    _, names, kinds = served(exports["plain"])
    assert len(names) == 3 * (2 + 4)
    assert {kind for kind in kinds if "Grad" in kind or "Stateless" in kind} == set()
    with open(exports["plain"] / saved_model.METADATA, encoding="utf-8") as file:
        metadata = json.load(file)
    assert (metadata["image_shape"], metadata["n_outputs"], metadata["scale"]) == ([20], 5, 255)


@pytest.mark.slow
def test_other_programs_load_it_without_this_package(run_dir, exports):
    stdin = json.dumps([inputs().tolist(), *map(str, exports.values())])
    command = [sys.executable, "-I", "-c", PORTABLE]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    probabilities, classes = expected_outputs(run_dir)
    for line in done.stdout.splitlines():
        outputs = json.loads(line)
        assert sorted(outputs) == ["classes", "probabilities"]
        np.testing.assert_allclose(outputs["probabilities"], probabilities, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(outputs["classes"], classes)
    assert len(done.stdout.splitlines()) == len(exports)


@pytest.mark.slow
def test_saved_model_cli_shows_the_signature(exports):
    tool = [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show"]
    options = ["--tag_set", "serve", "--signature_def", "serving_default"]
    command = [*tool, "--dir", str(exports["folded"]), *options]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.split("\n")
    shown = [line.strip() for line in lines]
    tensors = {
        "inputs['images']": ("DT_FLOAT", "(-1, 20)"),
        "outputs['probabilities']": ("DT_FLOAT", "(-1, 5)"),
        "outputs['classes']": ("DT_INT64", "(-1)"),
    }
    for tensor, (dtype, shape) in tensors.items():
        start = next(i for i, line in enumerate(shown) if tensor in line)
        assert shown[start + 1 : start + 3] == [f"dtype: {dtype}", f"shape: {shape}"]
    assert "Method name is: tensorflow/serving/predict" in shown


def test_folding_a_run_without_batch_norm_changes_nothing(tmp_path):
    config = PRESETS["gradient_clipping"].replace(**SMALL)
    run_dir = train_run(tmp_path / "run", config)
    export.export(run_dir, tmp_path / "folded", fold=True)
    probabilities, names, _ = served(tmp_path / "folded")
    np.testing.assert_array_equal(probabilities, expected_outputs(run_dir)[0])
    assert "logits/kernel" in names


def test_the_checkpoint_can_be_chosen(run_dir, tmp_path):
    first = str(run_dir / "checkpoints" / "epoch-0001" / "variables")
    assert run(run_dir, tmp_path / "1", "--checkpoint", first) == 0
    assert run(run_dir, tmp_path / "2", "--checkpoint", "last") == 0
    one, two = (served(tmp_path / name)[0] for name in "12")
    np.testing.assert_array_equal(one, expected_outputs(run_dir, first)[0])
    np.testing.assert_array_equal(two, expected_outputs(run_dir)[0])
    assert np.abs(one - two).max() > 1e-3


@pytest.mark.parametrize("gamma", [0.5, -2.0])
def test_folded_values_are_the_formula(gamma):
    values = {
        "outputs/kernel": [[1.0], [2.0]],
        "outputs/bias": [3.0],
        "batch_normalization/gamma": [gamma],
        "batch_normalization/beta": [7.0],
        "batch_normalization/moving_mean": [5.0],
        "batch_normalization/moving_variance": [4 - 1e-3],
    }
    folded = inference.fold_batch_norm(values, Config(hidden_units=()))
    np.testing.assert_allclose(folded["outputs/kernel"], [[gamma / 2], [gamma]], rtol=1e-7)
    np.testing.assert_allclose(folded["outputs/bias"], [7 - gamma], rtol=1e-7)
    assert {value.dtype for value in folded.values()} == {np.dtype(np.float32)}


def test_parents_are_made_and_others_may_read(run_dir, tmp_path):
    directory = tmp_path / "model" / "1"
    assert run(run_dir, directory) == 0
    assert os.listdir(tmp_path / "model") == ["1"]
    umask = os.umask(0)
    os.umask(umask)
    assert directory.stat().st_mode & 0o777 == 0o777 & ~umask


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_exists_is_left_alone(run_dir, tmp_path, capsys, kind):
    path = tmp_path / "there"
    {"folder": path.mkdir, "file": path.touch, "link": lambda: path.symlink_to("gone")}[kind]()
    assert run(run_dir, path) == 2
    assert capsys.readouterr().err == (
        f"error: {path} exists already: name a directory that does not.\n"
    )
    assert os.listdir(tmp_path) == ["there"] and not (path.is_dir() and os.listdir(path))


def test_a_failed_export_leaves_nothing(run_dir, tmp_path, monkeypatch):
    def save(directory, *unused):
        directory.mkdir()
        (directory / "saved_model.pb").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(saved_model, "save", save)
    with pytest.raises(Error, match=r"cannot write the export .* \(No space left on device\): "):
        export.export(run_dir, tmp_path / "export")
    assert os.listdir(tmp_path) == []


def test_what_is_no_run_or_checkpoint_is_refused(run_dir, tmp_path, capsys):
    assert run(tmp_path, tmp_path / "export") == 2
    assert run(run_dir, tmp_path / "export", "--checkpoint", "nowhere") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "not a run directory" in lines[0] and "nowhere" in lines[1]
    assert os.listdir(tmp_path) == []


def test_damaged_metadata_is_told(tmp_path):
    (tmp_path / saved_model.METADATA).parent.mkdir()
    for text in ["{", "{}", '{"image_shape": 3, "scale": 1}', '{"image_shape": [2], "scale": "x"}']:
        (tmp_path / saved_model.METADATA).write_text(text)
        with pytest.raises(RunError, match="is damaged"):
            saved_model.read_metadata(tmp_path)

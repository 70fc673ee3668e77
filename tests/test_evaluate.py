"""Evaluating a run: its own figures again, every class, both kinds of statistics, bad input."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import small_splits

from tf1_dnn import cli, data, evaluate
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.errors import ConfigError, DataError, RunError
from tf1_dnn.runs import config_json, restore
from tf1_dnn.spec import TrainSpec
from tf1_dnn.training import population, trainer

CONFIG = Config(hidden_units=(8,), n_epochs=3, batch_size=20)
EPSILON = 1e-3


class Trained(NamedTuple):
    folder: str
    npz: str
    splits: data.Splits
    history: trainer.History


def train(folder, splits, config=CONFIG, **settings):
    execution = Execution(loop="step")
    return trainer.train(config, splits, execution=execution, run_dir=folder, **settings)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run with batch norm, and the file of its data: 200 training images in batches of 20."""
    folder = tmp_path_factory.mktemp("evaluate")
    made, npz = small_splits(n_train=240), str(folder / "small.npz")
    arrays = dict(x_train=made.train.images, y_train=made.train.labels)
    np.savez(npz, x_test=made.test.images, y_test=made.test.labels, **arrays)
    splits = data.load(path=npz)
    return Trained(str(folder / "run"), npz, splits, train(folder / "run", splits))


@pytest.fixture(scope="module")
def clipped(trained, tmp_path_factory):
    """A run without batch norm that ends well after its best epoch."""
    config = CONFIG.replace(batch_norm=False, learning_rate=0.2, n_epochs=30)
    folder = str(tmp_path_factory.mktemp("clipped") / "run")
    keeping = Keeping(patience=3)
    history = train(folder, trained.splits, config, keeping=keeping)
    return trained._replace(folder=folder, history=history)


def run(*argv):
    return cli.run(evaluate.main, list(argv))


def test_the_figures_are_the_runs_own_to_the_digit(trained):
    test = evaluate.evaluate(trained.folder)
    assert (test.accuracy, test.loss) == trained.history.test
    valid = evaluate.evaluate(trained.folder, trained.splits, split="valid")
    assert (valid.accuracy, valid.loss) == trained.history.epochs[-1][1:3]


def test_without_a_choice_the_checkpoint_is_the_one_tested_in_training(clipped):
    accuracies = [epoch.valid_accuracy for epoch in clipped.history.epochs]
    best = accuracies.index(max(accuracies))
    assert best < len(accuracies) - 1
    figures = {
        checkpoint: evaluate.evaluate(clipped.folder, split=split, checkpoint=checkpoint)[:2]
        for checkpoint, split in [(None, "test"), ("best", "valid"), ("last", "valid")]
    }
    assert figures[None] == clipped.history.test
    assert figures["best"] == clipped.history.epochs[best][1:3]
    assert figures["last"] == clipped.history.epochs[-1][1:3]


def test_any_checkpoint_is_taken_by_its_prefix(trained):
    prefix = f"{trained.folder}/checkpoints/epoch-0001/variables"
    evaluation = evaluate.evaluate(trained.folder, split="valid", checkpoint=prefix)
    assert evaluation[:2] == trained.history.epochs[0][1:3]


def test_last_is_the_newest_and_best_the_first_of_the_best(tmp_path):
    for n_epochs in (2, 9, 10):
        folder = tmp_path / "checkpoints" / f"epoch-{n_epochs:04d}"
        folder.mkdir(parents=True)
        (folder / "variables.index").touch()
        epochs = [[i, 0.75 if i in (1, 8) else 0.5, 0.0, 0.0] for i in range(n_epochs)]
        (folder / "state.json").write_text(json.dumps({"epochs": epochs}))
    (tmp_path / "checkpoints" / ".partial").mkdir()

    def found(checkpoint, patience=None):
        spec = TrainSpec(CONFIG, keeping=Keeping(patience=patience), run_dir=tmp_path)
        description = config_json.describe(spec, small_splits())
        return restore.find_checkpoint(tmp_path, description, checkpoint).split("/")[-2]

    assert (found("last"), found("best")) == ("epoch-0010", "epoch-0002")
    assert (found(None), found(None, patience=4)) == ("epoch-0010", "epoch-0002")


def test_per_class_figures_of_an_example_made_by_hand():
    labels = np.array([0, 0, 0, 0, 1, 1, 2, 2], np.int32)
    predictions = np.array([0, 0, 0, 1, 1, 2, 0, 1])
    confusion = evaluate.confusion_matrix(labels, predictions, 4)
    assert confusion.dtype == np.int64
    expected = [[3, 1, 0, 0], [0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(confusion, expected)
    examples, precision, recall, f1 = evaluate.per_class(confusion)
    np.testing.assert_array_equal(examples, [4, 2, 2, 0])
    np.testing.assert_array_equal(precision, [3 / 4, 1 / 3, 0, np.nan])
    np.testing.assert_array_equal(recall, [3 / 4, 1 / 2, 0, np.nan])
    np.testing.assert_array_equal(f1, [6 / 8, 2 / 5, 0, np.nan])


def test_the_confusion_matrix_counts_labels_down_and_right_answers_on_the_diagonal(trained):
    evaluation = evaluate.evaluate(trained.folder)
    test = trained.splits.test
    np.testing.assert_array_equal(evaluation.examples, np.bincount(test.labels, minlength=5))
    np.testing.assert_array_equal(evaluation.confusion.sum(axis=1), evaluation.examples)
    assert np.trace(evaluation.confusion) / test.n_examples == evaluation.accuracy
    predictions = forward(trained, test, moving_statistics(trained)).argmax(axis=1)
    np.testing.assert_array_equal(
        evaluation.confusion.sum(axis=0), np.bincount(predictions, minlength=5)
    )


def variables(trained):
    reader = tf.train.load_checkpoint(f"{trained.folder}/checkpoints/epoch-0003/variables")
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def moving_statistics(trained):
    values = variables(trained)
    scopes = ("batch_normalization", "batch_normalization_1")
    return [[values[f"{scope}/moving_{each}"] for each in ("mean", "variance")] for scope in scopes]


def by_name(pairs):
    """Pairs of mean and variance, by the names of the moving averages."""
    return {
        f"{scope}/moving_{each}": value
        for scope, pair in zip(("batch_normalization", "batch_normalization_1"), pairs)
        for each, value in zip(("mean", "variance"), pair)
    }


def dense(h, values, name):
    return h @ values[f"{name}/kernel"] + values[f"{name}/bias"]


def normalize(h, values, scope, mean, variance):
    h = (h - mean) / np.sqrt(variance + EPSILON)
    return h * values[f"{scope}/gamma"] + values[f"{scope}/beta"]


def elu(h):
    return np.where(h > 0, h, np.expm1(h))


def forward(trained, dataset, statistics):
    """Logits in NumPy, batch norm with the statistics given."""
    values = variables(trained)
    h = dense(dataset.inputs(), values, "hidden1")
    h = elu(normalize(h, values, "batch_normalization", *statistics[0]))
    h = dense(h, values, "outputs")
    return normalize(h, values, "batch_normalization_1", *statistics[1])


def batch_statistics(trained):
    """Averages over the mini-batches in NumPy, each layer fed what training mode feeds it."""
    values, train_set = variables(trained), trained.splits.train
    random_state = np.random.RandomState(CONFIG.seed)
    batches = list(data.shuffle_batch(train_set, CONFIG.batch_size, random_state))
    first = [dense(inputs, values, "hidden1") for inputs, _ in batches]
    second = []
    for h in first:
        h = elu(normalize(h, values, "batch_normalization", h.mean(axis=0), h.var(axis=0)))
        second.append(dense(h, values, "outputs"))
    return [
        [
            np.mean([h.mean(axis=0) for h in layer], axis=0),
            np.mean([h.var(axis=0) for h in layer], 0),
        ]
        for layer in (first, second)
    ]


def test_population_statistics_are_averages_of_batch_moments(trained):
    with restore.restored(trained.folder) as run_:
        statistics = population.population_statistics(
            run_.session, run_.model, trained.splits.train
        )
        variables_after = run_.session.run(population.moving_averages(run_.model))
    expected, moving = by_name(batch_statistics(trained)), by_name(moving_statistics(trained))
    assert set(statistics) == set(expected)
    for name, found in statistics.items():
        np.testing.assert_allclose(found, expected[name], rtol=1e-5, atol=1e-6)
        assert np.abs(found - moving[name]).max() > 0.01  # they are not what training left
        np.testing.assert_array_equal(variables_after[name], moving[name])


def test_population_statistics_take_the_place_of_the_moving_averages(trained):
    test = trained.splits.test
    logits = forward(trained, test, batch_statistics(trained))
    logits = logits - logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(logits)), test.labels]
    population = evaluate.evaluate(trained.folder, statistics="population")
    assert population.accuracy == np.mean(logits.argmax(axis=1) == test.labels)
    np.testing.assert_allclose(population.loss, losses.mean(), rtol=1e-5)
    assert population.loss != evaluate.evaluate(trained.folder).loss


def test_loading_the_moving_averages_themselves_changes_nothing(trained):
    with restore.restored(trained.folder) as run_:
        inputs = {run_.model.placeholders.inputs: trained.splits.test.inputs()}
        logits = run_.model.tower.network.logits
        before = run_.session.run(logits, inputs)
        population.load_statistics(run_.session, run_.model, by_name(moving_statistics(trained)))
        np.testing.assert_array_equal(run_.session.run(logits, inputs), before)


def test_evaluating_changes_no_file(trained):
    def contents():
        return {p: p.read_bytes() for p in Path(trained.folder).rglob("*") if p.is_file()}

    before = contents()
    for statistics in evaluate.STATISTICS:
        evaluate.evaluate(trained.folder, statistics=statistics)
    assert contents() == before


def test_the_command_prints_accuracy_classes_and_matrix(trained, capsys, tmp_path):
    plot = tmp_path / "matrix.png"
    assert run(trained.folder, "--plot", str(plot)) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == f"test. Acc: {trained.history.test.test_accuracy:.4f}"
    assert lines[1] == f"test. loss: {trained.history.test.test_loss:.4f}"
    assert lines[3].split() == ["class", "examples", "precision", "recall", "F1"]
    assert [line.split()[0] for line in lines[4:9]] == list("01234")
    evaluation = evaluate.evaluate(trained.folder)
    matrix = [[int(cell) for cell in line.split()[1:]] for line in lines[-5:]]
    np.testing.assert_array_equal(matrix, evaluation.confusion)
    assert err == f"wrote {plot}\n"
    assert plot.stat().st_size > 1000


def test_a_class_that_is_nowhere_has_dashes_and_null(capsys):
    confusion = np.array([[1, 0], [0, 0]])
    shares = evaluate.per_class(confusion)
    evaluation = evaluate.Evaluation(1.0, 0.5, confusion, *shares)
    assert evaluate.as_text(evaluation, "test").splitlines()[5].split() == ["1", "0", "-", "-", "-"]
    assert json.loads(evaluate.as_json(evaluation)) == {
        "accuracy": 1.0,
        "loss": 0.5,
        "confusion": [[1, 0], [0, 0]],
        "examples": [1, 0],
        "precision": [1.0, None],
        "recall": [1.0, None],
        "f1": [1.0, None],
    }


def test_json_is_all_there_is_on_stdout(trained, capsys):
    assert run(trained.folder, "--split", "valid", "--statistics", "population", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    evaluation = evaluate.evaluate(trained.folder, split="valid", statistics="population")
    assert printed["accuracy"] == evaluation.accuracy
    assert printed["confusion"] == evaluation.confusion.tolist()


def test_data_of_other_content_are_taken_with_a_warning(trained, tmp_path, capsys):
    other = small_splits(n_train=240, seed=1)
    arrays = dict(x_train=other.train.images, y_train=other.train.labels)
    np.savez(tmp_path / "o.npz", x_test=other.test.images, y_test=other.test.labels, **arrays)
    assert run(trained.folder, "--data", str(tmp_path / "o.npz")) == 0
    out, err = capsys.readouterr()
    assert out.startswith("test. Acc: ")
    assert re.fullmatch(r"warning: o\.npz from .* is not the data the run was made on\n", err)


@pytest.mark.parametrize("shape", [dict(n_inputs=21), dict(n_outputs=4), dict(n_outputs=6)])
def test_data_of_another_shape_are_refused(trained, shape):
    with pytest.raises(DataError, match="the run was trained on images .*20.* of 5 classes, but"):
        evaluate.evaluate(trained.folder, small_splits(**shape))


def test_data_that_are_gone_are_asked_for(trained, tmp_path, monkeypatch):
    monkeypatch.delenv(data.DATA_VARIABLE, raising=False)
    description = config_json.read(trained.folder)
    gone = dataclasses.replace(description.data, source=str(tmp_path / "gone.npz"))
    description = dataclasses.replace(description, data=gone)
    with pytest.raises(DataError, match=r"small\.npz from .*gone\.npz, are not there: .*--data"):
        restore.load_data(description)
    assert restore.load_data(description, path=trained.npz).sha256() == trained.splits.sha256()
    monkeypatch.setenv(data.DATA_VARIABLE, trained.npz)
    assert restore.load_data(description).sha256() == trained.splits.sha256()


def test_synthetic_digits_are_found_again():
    splits = data.load("synthetic")
    description = config_json.describe(TrainSpec(Config()), splits)
    assert restore.load_data(description).source == "tf1_dnn.synthetic"


def test_population_needs_batch_norm_and_choices_are_known(clipped):
    with pytest.raises(ConfigError, match="no batch norm"):
        evaluate.evaluate(clipped.folder, statistics="population")
    with pytest.raises(ConfigError, match="unknown statistics 'median': choose from moving"):
        evaluate.evaluate(clipped.folder, statistics="median")
    with pytest.raises(ConfigError, match="unknown split 'train': choose from valid, test"):
        evaluate.evaluate(clipped.folder, split="train")


def test_a_checkpoint_of_another_network_is_refused(trained, clipped):
    other = restore.find_checkpoint(clipped.folder, config_json.read(clipped.folder))
    with pytest.raises(RunError, match="the variable .* is missing, but this network needs"):
        evaluate.evaluate(trained.folder, checkpoint=other)


@pytest.mark.parametrize("change", [{"hidden_units": [10**9]}, {"hidden_units": [9] * 10**4}])
def test_a_network_beyond_its_checkpoint_is_refused_before_memory_is_taken(
    trained, tmp_path, change, monkeypatch
):
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    description = json.loads((folder / "config.json").read_text())
    description["config"].update(change)
    (folder / "config.json").write_text(json.dumps(description))
    monkeypatch.setattr(tf, "Graph", None)  # none is built
    with pytest.raises(RunError, match="weights, more than the checkpoint .* can hold"):
        evaluate.evaluate(folder)


def damage(name, content):
    def write(folder):
        (folder / name).write_bytes(content)

    return write


@pytest.mark.parametrize(
    "harm, argv",
    [
        (damage("config.json", b"{"), []),
        (damage("config.json", b'{"config": {}}'), []),
        (lambda folder: [damage(f"checkpoints/{n}/state.json", b"{}")(folder) for n in KEPT], []),
        (lambda folder: shutil.rmtree(folder / "checkpoints"), []),
        (lambda folder: shutil.rmtree(folder), []),
        (lambda folder: None, ["--checkpoint", "nowhere"]),
        (lambda folder: None, ["--data", "nowhere"]),
        (lambda folder: None, ["--dataset", "synthetic"]),
        (lambda folder: None, ["--plot", "nowhere/matrix.png"]),
    ],
)
def test_what_cannot_be_evaluated_is_one_sentence_and_exit_code_2(
    trained, tmp_path, capsys, harm, argv
):
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    harm(folder)
    assert run(str(folder), *argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"error: .*\n", err)


@pytest.mark.parametrize(
    "name, content",
    [("variables.index", b"no index"), ("variables.data-00000-of-00001", b""), ("state.json", b"")],
)
def test_a_damaged_checkpoint_is_passed_over_and_named(trained, tmp_path, capsys, name, content):
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    assert run(str(trained.folder), "--checkpoint", PREFIX.format(trained.folder)) == 0
    expected = capsys.readouterr().out
    damage(f"checkpoints/epoch-0003/{name}", content)(folder)
    assert run(str(folder)) == 0
    out, err = capsys.readouterr()
    assert out == expected
    assert f"passing over a checkpoint: the checkpoint {folder}/checkpoints/epoch-0003" in err


KEPT = ("epoch-0001", "epoch-0002", "epoch-0003")
PREFIX = "{}/checkpoints/epoch-0002/variables"


@pytest.mark.parametrize(
    "argv", [["--help"], ["{run}", "--checkpoint", "x"], ["{run}", "--data", "x"]]
)
def test_arguments_and_paths_are_checked_without_tensorflow(trained, argv):
    argv = [each.format(run=trained.folder) for each in argv]
    command = [sys.executable, "-X", "importtime", "-m", "tf1_dnn.evaluate", *argv]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == (0 if argv == ["--help"] else 2)
    assert not re.search(r"\b(tensorflow|matplotlib)$", done.stderr, re.MULTILINE)

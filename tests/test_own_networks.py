"""Runs of a network of the user's own, by every command: kept, resumed, evaluated, exported."""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import own_networks as own
import pytest
from conftest import save_npz, small_splits
from run_ends import end_of

from tf1_dnn import cli, evaluate, export, network_source, predict, train
from tf1_dnn.cluster import evaluator
from tf1_dnn.config import Config, Execution
from tf1_dnn.errors import ConfigError, NetworkError, RunError
from tf1_dnn.runs import restore, saved_model
from tf1_dnn.training import trainer

pytestmark = pytest.mark.usefixtures("no_plots")

CONFIG = Config(hidden_units=(16, 8), n_epochs=3, batch_size=20, learning_rate=0.02)
STEP = Execution(loop="step")
LSTM = CONFIG.replace(loss_reduction="mean", optimizer="adam")


def command(module, *argv):
    return cli.run(module.main, list(map(str, argv)))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Runs of small networks through the whole loop: {"post": folder, "lstm": folder}."""
    folder = tmp_path_factory.mktemp("own")
    for name, config in [("post", CONFIG), ("lstm", LSTM)]:
        network = getattr(own, name)
        trainer.train(config, small_splits(), network=network, run_dir=folder / name)
    return folder


def test_the_run_keeps_the_text_and_its_hash(kept):
    text = (kept / "lstm" / "network.py").read_text()
    assert text == Path(own.__file__).read_text()
    described = json.loads((kept / "lstm" / "config.json").read_text())["network"]
    assert described == {
        "function": "lstm",
        "file": "own_networks.py",
        "sha256": network_source.of(own.lstm).sha256,
    }


@pytest.mark.parametrize("name", ["post", "lstm"])
@pytest.mark.parametrize(
    "execution", [STEP, pytest.param(Execution(), marks=pytest.mark.slow)], ids=["step", "compiled"]
)
def test_a_resumed_run_ends_as_one_that_ran_through(name, execution, tmp_path):
    config, network = {"post": CONFIG, "lstm": LSTM}[name], getattr(own, name)
    settings = dict(network=network, execution=execution)
    for folder, n_epochs in [("one", [2]), ("two", [1, 2])]:
        for n in n_epochs:
            part = config.replace(n_epochs=n)
            trainer.train(part, small_splits(), run_dir=tmp_path / folder, resume=True, **settings)
    assert end_of(tmp_path / "one") == end_of(tmp_path / "two")


def test_a_resume_with_another_text_is_refused(kept, tmp_path):
    shutil.copytree(kept / "lstm", tmp_path / "run")
    resume = dict(run_dir=tmp_path / "run", resume=True)
    with pytest.raises(RunError, match="cannot resume .* network was 'lstm of SHA-256 "):
        trainer.train(LSTM, small_splits(), network=own.plain, **resume)
    with pytest.raises(RunError, match="network was .*, not None"):
        trainer.train(LSTM, small_splits(), **resume)
    trainer.train(LSTM.replace(n_epochs=4), small_splits(), network=own.lstm, **resume)


def test_a_run_of_the_configs_network_is_no_run_of_ones_own(tmp_path):
    trainer.train(CONFIG.replace(n_epochs=1), small_splits(), execution=STEP, run_dir=tmp_path)
    with pytest.raises(RunError, match="network was None, not 'post of"):
        trainer.train(CONFIG, small_splits(), network=own.post, run_dir=tmp_path, resume=True)
    with pytest.raises(RunError, match="is not of a network of your own: drop --network"):
        evaluate.evaluate(tmp_path, small_splits(), network=own.post)
    evaluate.evaluate(tmp_path, small_splits(), trust_code=True)  # there is none to trust


def test_the_code_of_a_run_is_not_loaded_unasked(kept):
    with pytest.raises(RunError, match="name it with --network FILE.py:lstm, or .* --trust-code"):
        evaluate.evaluate(kept / "lstm", small_splits())
    by_name = evaluate.evaluate(kept / "lstm", small_splits(), network=own.lstm)
    by_trust = evaluate.evaluate(kept / "lstm", small_splits(), trust_code=True)
    assert by_name.accuracy == by_trust.accuracy and by_name.loss == by_trust.loss
    told = json.loads((kept / "lstm" / "metrics.jsonl").read_text().splitlines()[-1])
    assert told == {"test_accuracy": by_name.accuracy, "test_loss": by_name.loss}


def test_another_network_is_not_taken_for_the_runs(kept):
    with pytest.raises(RunError, match="is of the network own_networks.py:lstm .*, not of own_n"):
        evaluate.evaluate(kept / "lstm", small_splits(), network=own.plain)


def test_text_that_was_tampered_with_is_not_run(kept, tmp_path):
    shutil.copytree(kept / "lstm", tmp_path / "run")
    with open(tmp_path / "run" / "network.py", "a") as file:
        file.write("raise SystemExit('it was run')\n")
    with pytest.raises(RunError, match="not of own_networks.py:lstm"):
        evaluate.evaluate(tmp_path / "run", small_splits(), trust_code=True)
    (tmp_path / "run" / "network.py").unlink()
    with pytest.raises(RunError, match="network.py is damaged .*: name the network with --network"):
        evaluate.evaluate(tmp_path / "run", small_splits(), trust_code=True)


def test_population_statistics_are_found_in_any_network(kept):
    found = evaluate.evaluate(
        kept / "post", small_splits(), network=own.post, statistics="population"
    )
    moving = evaluate.evaluate(kept / "post", small_splits(), network=own.post)
    assert found.loss != moving.loss
    with pytest.raises(ConfigError, match="no batch norm"):
        evaluate.evaluate(kept / "lstm", small_splits(), network=own.lstm, statistics="population")


@contextlib.contextmanager
def logits_of(run_dir, network):
    with restore.restored(run_dir, network=network_source.of(network)) as run:
        yield lambda x: run.session.run(
            run.model.tower.network.logits, {run.model.placeholders.inputs: x}
        )


def softmax(logits):
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["post", "lstm"])
def test_an_export_gives_the_runs_probabilities(kept, name, tmp_path, capsys):
    network, inputs = getattr(own, name), small_splits().test.inputs()
    export.export(kept / name, tmp_path / "export", network=network, fold=True)
    said = capsys.readouterr().err
    scopes = "batch_normalization, batch_normalization_1, batch_normalization_2"
    assert (f"not folded: {scopes}, as own_networks.py:post is" in said) == (name == "post")
    with logits_of(kept / name, network) as logits:
        expected = softmax(logits(inputs))
    source = network_source.of(network)
    with saved_model.restored(tmp_path / "export", network=source) as (session, inference):
        found = session.run(inference.probabilities, {inference.images: inputs})
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    with pytest.raises(RunError, match="--trust-code"):
        saved_model.restored(tmp_path / "export").__enter__()
    with saved_model.restored(tmp_path / "export", trust_code=True) as (session, inference):
        trusted = session.run(inference.probabilities, {inference.images: inputs})
    np.testing.assert_array_equal(trusted, found)


def test_the_evaluator_of_a_cluster_takes_the_network(kept, capsys):
    evaluator.follow(kept / "post", small_splits(), network_source.of(own.post))
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_without_a_text_nothing_can_be_kept(tmp_path):
    network = eval("lambda inputs, n_outputs: tf.layers.dense(inputs, n_outputs)", vars(own))
    config = CONFIG.replace(n_epochs=1)
    trainer.train(config, small_splits(), network=network, execution=STEP)
    with pytest.raises(ConfigError, match="has no text to keep in the run directory"):
        trainer.train(config, small_splits(), network=network, run_dir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_a_session_cannot_compute_is_the_networks_fault():
    def network(inputs, n_outputs):
        h = own.tf.layers.dense(inputs, n_outputs)
        return own.tf.reshape(h, [-1, n_outputs])[:-1]

    with pytest.raises(NetworkError, match="network failed in a session .*first dimension"):
        trainer.train(CONFIG, small_splits(), network=network, execution=STEP)


def test_a_generators_draws_are_warned_of(capsys):
    def network(inputs, training, n_outputs):
        h = own.tf.layers.dropout(inputs, 0.1, training=training)
        return own.tf.layers.dense(h, n_outputs)

    trainer.train(CONFIG.replace(n_epochs=1), small_splits(), network=network, execution=STEP)
    assert "warning: the network draws by RandomUniform" in capsys.readouterr().err


FILE = """import tensorflow.compat.v1 as tf


def wide(inputs, n_outputs, hidden_units, units=9):
    h = tf.layers.dense(inputs, units, tf.nn.relu)
    return tf.layers.dense(h, n_outputs)


def broken(inputs):
    return helper(inputs)


def helper(inputs):
    raise RuntimeError("not today")
"""


@pytest.fixture
def npz_and_file(tmp_path):
    (tmp_path / "mine.py").write_text(FILE)
    return ["--data", save_npz(tmp_path), "--n-epochs", 1, "--batch-size", 20], tmp_path / "mine.py"


def test_every_command_takes_the_network(npz_and_file, capsys, monkeypatch):
    options, file = npz_and_file
    run_dir, network = file.parent / "run", ["--network", f"{file}:wide"]
    assert command(train, *options, *network, "--run-dir", run_dir, "--loop", "step") == 0
    assert command(evaluate, run_dir, *network) == 0
    assert "test. Acc: " in capsys.readouterr().out
    assert command(evaluate, run_dir) == 2
    assert "run as a program with --trust-code." in capsys.readouterr().err
    assert command(train, "--run-dir", run_dir, "--resume", "--n-epochs", 2, "--trust-code") == 0
    assert command(train, "--run-dir", run_dir, "--resume", "--n-epochs", 3, *network) == 0
    described = json.loads((run_dir / "config.json").read_text())["network"]
    assert described["file"] == "mine.py"  # not the copy that was trusted in between
    assert command(export, run_dir, file.parent / "export", "--trust-code") == 0
    assert (file.parent / "export" / "assets.extra" / "network.py").read_text() == FILE


@pytest.mark.parametrize(
    "options, words",
    [
        (["--network", "FILE:wide", "--activation", "relu"], "has no parameter activation: give"),
        (["--network", "FILE:absent"], "has no function absent: it has wide, broken, helper."),
        (["--network", "FILE"], "names no function"),
        (["--trust-code"], "--trust-code is for the network of a run: it needs --resume."),
    ],
)
def test_what_the_options_say_wrongly_is_told_before_tensorflow(
    options, words, npz_and_file, capsys, monkeypatch
):
    monkeypatch.setattr(train, "train", lambda *_: pytest.fail("it went on"))
    given = [str(each).replace("FILE", str(npz_and_file[1])) for each in options]
    assert command(train, *npz_and_file[0], *given) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_a_parameter_of_the_networks_may_be_given(npz_and_file):
    options, file = npz_and_file
    given = vars(train.make_parser().parse_args(list(map(str, options))))
    given |= {"network": f"{file}:wide", "hidden_units": [3]}
    assert train.make_spec(given, None).network.name == "mine.py:wide"


def test_the_networks_exception_is_shown_as_its_own_traceback(npz_and_file, capsys):
    options, file = npz_and_file
    assert command(train, *options, "--network", f"{file}:broken") == 2
    lines = capsys.readouterr().err.splitlines()
    shown = lines[lines.index("Traceback (most recent call last):") :]
    assert shown[1] == f'  File "{file}", line 10, in broken'
    assert "tf1_dnn" not in "".join(shown[:-1]) and shown[-2] == "RuntimeError: not today"
    assert shown[-1] == "error: the network broken failed (RuntimeError: not today): mend it."


def test_pictures_are_told_apart_by_a_run_and_its_export(kept, tmp_path):
    splits = small_splits(n_inputs=25)
    pictures = splits._replace(
        **{
            name: getattr(splits, name)._replace(
                images=getattr(splits, name).images.reshape(-1, 5, 5)
            )
            for name in ("train", "valid", "test")
        }
    )
    config = LSTM.replace(n_epochs=1)
    trainer.train(config, pictures, network=own.lstm, execution=STEP, run_dir=tmp_path / "run")
    export.export(tmp_path / "run", tmp_path / "export", network=own.lstm)
    image = np.zeros((28, 28), np.uint8)
    image[5:20, 12:15] = 255
    by_run = predict.predict(tmp_path / "run", [image], network=own.lstm)
    by_export = predict.predict(tmp_path / "export", [image], trust_code=True)
    np.testing.assert_allclose(by_run[0].probabilities, by_export[0].probabilities, rtol=1e-5)
    with pytest.raises(RunError, match="name it with --network"):
        predict.predict(tmp_path / "export", [image])

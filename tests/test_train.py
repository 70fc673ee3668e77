"""python -m tf1_dnn.train: what it prints, writes, and refuses."""

import json
import os
import re
import subprocess
import sys

import pytest

from tf1_dnn import cli, options, train
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES

SMALL = ["--hidden-units", "16", "8", "--n-epochs", "2", "--batch-size", "20"]


def run(*argv):
    return cli.run(train.main, list(argv))


def test_stdout_holds_the_curve_and_nothing_else(npz, capsys, tmp_path):
    metrics = tmp_path / "metrics.jsonl"
    assert run(*SMALL, "--data", npz, "--metrics", str(metrics)) == 0
    out, err = capsys.readouterr()
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    assert [list(line) for line in lines] == [
        ["epoch", "valid_accuracy", "valid_loss", "seconds", "train_accuracy", "train_loss"],
        ["epoch", "valid_accuracy", "valid_loss", "seconds", "train_accuracy", "train_loss"],
        ["test_accuracy", "test_loss"],
    ]
    assert out == (
        f"epoch: 000, valid. Acc: {lines[0]['valid_accuracy']:.4f}\n"
        f"epoch: 001, valid. Acc: {lines[1]['valid_accuracy']:.4f}\n"
        f"test. Acc: {lines[2]['test_accuracy']:.4f}\n"
    )
    sizes = "200 training, 40 validation, 60 test examples; 40 of 240 set aside for validation"
    assert f"data: small.npz ({sizes}) from {npz}\n" in err
    assert re.search(r"^TensorFlow 2\.21\.\d+ on (CPU|\d+ GPU)", err, re.MULTILINE)
    assert "the post's" not in err


@pytest.mark.slow
def test_the_process_prints_no_chatter_and_help_needs_no_tensorflow(npz):
    command = [sys.executable, "-m", "tf1_dnn.train", *SMALL, "--data", npz]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["data:", "TensorFlow"]


def test_help_names_every_option_without_tensorflow():
    command = [sys.executable, "-X", "importtime", "-m", "tf1_dnn.train", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    for option in ("--hidden-units", "--clip-global-norm", "--shuffle-offset", "--metrics"):
        assert option in done.stdout
    assert not re.search(r"\b(tensorflow|numpy)$", done.stderr, re.MULTILINE)


def config_of(*argv):
    return options.make_config(vars(train.make_parser().parse_args(list(argv))))


def test_a_preset_sets_every_option_and_an_option_given_overrides_it():
    assert config_of() == PRESETS["batch_norm"]
    assert config_of("gradient_clipping") == PRESETS["gradient_clipping"]
    given = config_of("gradient_clipping", "--hidden-units", "50", "--batch-norm", "--seed", "7")
    assert given == PRESETS["gradient_clipping"].replace(
        hidden_units=(50,), batch_norm=True, seed=7
    )
    assert config_of("gradient_clipping", "--clip-norm", "2").clip_value is None
    assert config_of("gradient_clipping", "--no-clip").clip_value is None


@pytest.mark.parametrize(
    "argv, words",
    [
        (["batchnorm"], "choose from"),
        (["--optimizer", "lbfgs"], "choose from"),
        (["--learning-rate", "-1"], "learning_rate must be greater than 0"),
        (["--learning-rate", "1", "--lr-values", "1"], "drop --learning-rate"),
        (["--lr-decay", "0.9"], "invalid choice: '0.9'"),
        (["--learning-rate", "fast"], "invalid float value: 'fast'"),
        (["--dropout-rate", "1"], "dropout_rate must be at least 0 and below 1"),
        (["--kernel-initializer", "he"], "unknown kernel_initializer 'he'"),
        (["--clip-value", "1", "--clip-norm", "1"], "not allowed with"),
        (["--batch-size", "201"], "201"),
        (["--data", "/no/such/file.npz"], "/no/such/file.npz"),
        (["--dataset", "synthetic", "--data", "x.npz"], "synthetic"),
        (["--no-such-option"], "there is no option --no-such-option (see --help)"),
        (["--lr-decya", "0.9"], "no option --lr-decya: did you mean --lr-decay? (see --help)"),
        (["--learning_rate=0.9"], "no option --learning_rate: did you mean --learning-rate?"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(argv, words, npz, capsys, tmp_path):
    metrics = tmp_path / "metrics.jsonl"
    data = [] if "--data" in argv else ["--data", npz]
    try:
        code = run(*argv, *data, "--metrics", str(metrics))
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and words in err
    assert not metrics.exists()


def test_an_unwritable_metrics_file_is_refused_before_training(npz, capsys, tmp_path):
    assert run(*SMALL, "--data", npz, "--metrics", str(tmp_path / "no" / "file")) == 2
    out, err = capsys.readouterr()
    assert out == "" and "cannot write the metrics file" in err


def test_a_nan_loss_ends_the_command(npz, capsys):
    diverging = ["gradient_clipping", "--no-clip", "--learning-rate", "1e30"]
    assert run(*diverging, *SMALL, "--data", npz) == 2
    out, err = capsys.readouterr()
    assert out == "" and re.search(r"error: the loss became \S+ in epoch 0 at step \d+: ", err)


@pytest.mark.slow
@pytest.mark.parametrize(
    "preset, tolerance, test_accuracy",
    [("batch_norm", 0, 0.9758), ("gradient_clipping", 4e-4, 0.9406)],
)
def test_mnist_prints_the_posts_curve(preset, tolerance, test_accuracy, mnist, capsys):
    assert run(preset, "--dataset", "mnist", "--data", mnist.source) == 0
    out, err = capsys.readouterr()
    *curve, test = [float(line.split()[-1]) for line in out.splitlines()]
    assert curve == pytest.approx(PUBLISHED_CURVES[preset], abs=tolerance + 1e-9)
    assert test == pytest.approx(test_accuracy, abs=2e-4 + 1e-9)
    assert "the post's curve: " in err and "largest difference: 0.000" in err
    assert os.linesep not in mnist.source

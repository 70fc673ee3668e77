"""Programs in the styles of 2016 to 2019, unedited, print what TensorFlow 1.15.5 printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "programs"
POST = ("post_batch_norm", "post_gradient_clipping")  # five epochs of MNIST
NAMES = sorted({path.stem for path in FOLDER.glob("*.py")}.difference(POST))
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]?\d+)?|nan|inf)(?!\w)")

# How far a printed number may be off, as a share of itself. Whole numbers, words and the digests of
# weights and masks are exact.
TOLERANCE = 1e-5

# Programs that 1.12.3 starts from other weights, or draws other numbers in, by what it built of
# other ops before them.
OTHER_SEEDS_IN_1_12 = {
    "contrib_layers": "FusedBatchNorm in cond; dropout, then of keep_prob and Floor",
    "contrib_rnn": "dropout",
    "conv_batch_norm": "FusedBatchNorm in cond; dropout",
    "dataset_initializable": "tf.data, whose ops were built with the iterator",
    "dataset_one_shot": "tf.data",
    "dataset_shuffle_and_repeat": "shuffle and repeat, which were not yet run as one op",
    "gan": "leaky_relu, then of Mul and Maximum",
    "keras_sequential": "FusedBatchNorm in cond; dropout; the order of model.weights",
    "loops": "scan and foldl",
    "raw_variables": "dropout",
    "seeds_and_scopes": "dropout; tf.image.random_brightness",
    "slim": "FusedBatchNorm; flatten of a known shape",
}


def stored(name, version="1.15.5"):
    return (FOLDER / f"{name}.{version}.txt").read_text()


def differences(printed, expected, tolerance=TOLERANCE):
    """The pairs of lines that are not the same."""
    pairs = zip(printed.splitlines(), expected.splitlines(), strict=True)
    return [pair for pair in pairs if not _same(*pair, tolerance)]


def _same(line, expected, tolerance):
    if NUMBER.sub("#", line) != NUMBER.sub("#", expected):
        return False
    these, those = (NUMBER.findall(text) for text in (line, expected))
    return all(
        a == b or not b.isdigit() and float(a) == pytest.approx(float(b), rel=tolerance, abs=0)
        for a, b in zip(these, those)
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_program_prints_what_it_printed_on_tensorflow_1(name, activated):
    stdout, stderr, code = activated.run(FOLDER / f"{name}.py")
    assert code == 0, stderr
    assert differences(stdout, stored(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name, n_images", list(zip(POST, (0, 3))))
def test_the_posts_cells_print_their_curves(name, n_images, activated, mnist):
    """With ReLU up to three images of 5,000 differ, as they do between two runs of 1.15.5."""
    stdout, stderr, code = activated.run(FOLDER / f"{name}.py")
    assert code == 0, stderr
    curve, expected = (re.findall(r"Acc: (\S+)", text) for text in (stdout, stored(name)))
    assert stdout.count("\n") == len(curve) == len(expected) == 5
    assert [round(5000 * float(a)) for a in curve] == pytest.approx(
        [round(5000 * float(a)) for a in expected], abs=n_images
    )


def test_the_usual_two_lines_give_other_weights():
    """The negative control: TensorFlow 1's behaviour by hand, without its rule for op seeds."""
    source = (FOLDER / "dense_batch_norm.py").read_text()
    ported = "import tensorflow.compat.v1 as tf\n\ntf.disable_v2_behavior()"
    source = source.replace("import tensorflow as tf", ported)
    environ = {**os.environ, "TF_USE_LEGACY_KERAS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, env=environ
    )
    assert done.returncode == 0, done.stderr
    lines = differences(done.stdout, stored("dense_batch_norm"))
    assert {line.split()[0] for line, _ in lines if DIGEST.search(line)} == {
        *("hidden1/kernel", "hidden2/kernel", "outputs/kernel")
    }
    n_steps = sum(line.startswith("step ") for line, _ in lines)
    assert n_steps == 100


def test_the_command_prints_what_its_fork_prints():
    """Other programs here are spared TensorFlow's import; this one runs as a user runs it."""
    command = [sys.executable, "-m", "tf1_dnn.run", str(FOLDER / "moving_averages.py")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert differences(done.stdout, stored("moving_averages")) == []


@pytest.mark.parametrize("name", [*NAMES, "post_batch_norm"])
def test_tensorflow_1_12_printed_the_same_or_it_is_known_why_not(name):
    same = differences(stored(name, "1.12.3"), stored(name)) == []
    assert same == (name not in OTHER_SEEDS_IN_1_12)


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_output_holds_weights_and_a_hundred_numbers(name):
    text = stored(name)
    if name != "dataset_shuffle_and_repeat":  # it has no weights
        assert DIGEST.search(text)
    if name != "seeds_and_scopes":  # it trains nothing, and digests every draw
        assert len(NUMBER.findall(text)) > 100


@pytest.mark.parametrize(
    "line, same",
    [
        ("loss 0.5 step 7", True),
        ("loss 0.500004 step 7", True),
        ("loss 0.50001 step 7", False),
        ("loss 0.5 step 8", False),
        ("lose 0.5 step 7", False),
        ("loss 0.5", False),
        ("loss nan step 7", False),
    ],
)
def test_what_counts_as_the_same(line, same):
    assert (differences(line, "loss 0.5 step 7") == []) == same


def test_digests_names_and_missing_lines_are_no_numbers():
    assert differences("w_1:0 0a1", "w_1:0 0a2") and differences("w_1:0 0a1", "w_2:0 0a1")
    with pytest.raises(ValueError):
        differences("one\ntwo", "one")

"""Programs in the styles of 2016 to 2019, unedited, print what they printed on TensorFlow 1.15.5."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from activated import Activated

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "programs"
POST = ("post_batch_norm", "post_gradient_clipping")  # five epochs of MNIST
NAMES = sorted({path.stem for path in FOLDER.glob("*.py")}.difference(POST))
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]?\d+)?|nan|inf)(?!\w)")

# Of each printed number, of itself; digests of weights and masks, and all words, are exact.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def activated():
    server = Activated()
    yield server
    server.end()


def stored(name, version="1.15.5"):
    return (FOLDER / f"{name}.{version}.txt").read_text()


def differences(printed, expected, tolerance=TOLERANCE):
    """The pairs of lines that are not the same."""
    pairs = zip(printed.splitlines(), expected.splitlines(), strict=True)
    return [pair for pair in pairs if not _same(*pair, tolerance)]


def _same(line, expected, tolerance):
    if NUMBER.sub("#", line) != NUMBER.sub("#", expected):
        return False
    numbers, those = ([float(word) for word in NUMBER.findall(text)] for text in (line, expected))
    return numbers == pytest.approx(those, rel=tolerance, abs=0, nan_ok=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_program_prints_what_it_printed_on_tensorflow_1(name, activated):
    stdout, stderr, code = activated.run(FOLDER / f"{name}.py")
    assert code == 0, stderr
    assert differences(stdout, stored(name)) == []

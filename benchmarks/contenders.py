"""The contenders: which script, what it needs, and running one in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
Result = dict[str, Any]  # a contender's JSON line, and `job_seconds`


class Contender(NamedTuple):
    """One row of the table."""

    name: str
    family: str  # contender_FAMILY.py
    flags: tuple[str, ...]
    title: str


class Needs(NamedTuple):
    """What a family's script imports, as a test of the interpreter, and where to get it."""

    check: str  # Python source that fails where it is missing
    remedy: str


BASELINE = "tf1_dnn"
CONTENDERS = (
    Contender(BASELINE, "tf1_dnn", (), "**tf1_dnn, epoch loop** (default)"),
    Contender("tf1_dnn_step", "tf1_dnn", ("--step",), "tf1_dnn, `--loop step`"),
    Contender("tensorflow1", "tensorflow1", (), "TensorFlow 1.15.5, the post's way"),
    Contender("keras", "keras", (), "Keras 3 `fit`"),
    Contender("keras_tuned", "keras", ("--tuned",), "Keras 3 `fit`, compiled, 50 steps per call"),
    Contender("torch", "torch", (), "PyTorch, eager"),
    Contender("torch_compile", "torch", ("--compile",), "PyTorch, `torch.compile`"),
    Contender("jax", "jax", (), "JAX, `lax.scan`"),
)
NAMES = tuple(contender.name for contender in CONTENDERS)
PEERS = "pip install -e '.[benchmarks]', or name another interpreter with --python {0}=PATH"
NEEDS = {
    "tf1_dnn": Needs("find('tf1_dnn') and find('tensorflow')", "pip install -e ."),
    "tensorflow1": Needs(
        "find('tensorflow') and sys.version_info < (3, 8)",
        "on Python 3.7 pip install 'tensorflow==1.15.5' 'protobuf<3.21', "
        "and give --tensorflow1-python PATH",
    ),
    "keras": Needs("find('keras') and find('tensorflow')", "pip install -e ."),
    "torch": Needs("find('torch')", PEERS.format("torch")),
    "jax": Needs("find('jax')", PEERS.format("jax")),
}
SOURCE = "import sys; from importlib.util import find_spec as find; sys.exit(not ({}))"


def missing(family: str, python: str) -> str | None:
    """None if this interpreter can run the family, else what to do about it."""
    needs = NEEDS[family]
    try:
        done = subprocess.run([python, "-c", SOURCE.format(needs.check)], capture_output=True)
    except OSError as error:
        return f"cannot run {python}: {error.strerror}"
    return None if done.returncode == 0 else needs.remedy


def run(contender: Contender, python: str, preset: str, data: str, epochs: int) -> Result:
    """The contender's JSON line, with the seconds from starting its process to its end."""
    script = f"contender_{contender.family}.py"
    options = ["--preset", preset, "--data", data, "--epochs", str(epochs)]
    return run_script(python, [script, *contender.flags, *options])


def run_script(python: str, command: list[str]) -> Result:
    """Run a script of this folder; returns the JSON it prints last.

    Raises subprocess.CalledProcessError, with the script's stderr, if it fails.
    """
    start = time.perf_counter()
    done = subprocess.run(
        [python, str(HERE / command[0]), *command[1:]],
        check=True,
        text=True,
        env={"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    seconds = time.perf_counter() - start
    return {**json.loads(done.stdout.splitlines()[-1]), "job_seconds": seconds}


def interpreters(pythons: list[str], tensorflow1: str | None) -> dict[str, str]:
    """The interpreter of each family: this one, unless NAME=PATH says otherwise.

    Raises ValueError for anything but NAME=PATH with the name of a family.
    """
    chosen = dict.fromkeys(NEEDS, sys.executable)
    for pair in pythons:
        name, _, path = pair.partition("=")
        if name not in chosen or not path:
            raise ValueError(f"--python takes NAME=PATH with one of {', '.join(chosen)}: {pair}")
        chosen[name] = path
    if tensorflow1 is not None:
        chosen["tensorflow1"] = tensorflow1
    return chosen

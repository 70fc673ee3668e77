"""python benchmarks/run_programs.py: programs under tf1_dnn.run and TensorFlow 1.15.5, in turn."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import contenders
import report
from run import default_data, machine, say

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "tests" / "golden" / "programs"
SECTION = "programs"
N_WARM_UP = 10  # lines of a process that are not counted

# TensorFlow 1.15.5 gets MNIST from the same file; its Keras takes no archive but its own.
WITH_DATA = """
import runpy, sys
import numpy, tensorflow
arrays = numpy.load(sys.argv[1])
splits = [(arrays["x_" + split], arrays["y_" + split]) for split in ("train", "test")]
tensorflow.keras.datasets.mnist.load_data = lambda: splits
del sys.argv[:2]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Program(NamedTuple):
    """A program that prints a line each so many steps."""

    path: Path
    steps_per_line: int = 1
    takes_steps: bool = True  # how many, as its argument


PROGRAMS = {
    "post_batch_norm": Program(GOLDEN / "post_batch_norm.py", 1100, takes_steps=False),
    "convolution": Program(HERE / "programs" / "convolution.py"),
    "lstm": Program(HERE / "programs" / "lstm.py"),
}


class Timing(NamedTuple):
    """Seconds of one process: all of it, and of one step."""

    process: float
    step: float


Timings = dict[str, dict[str, list[Timing]]]  # program → side → one per round


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="python benchmarks/run_programs.py", description=__doc__)
    add = parser.add_argument
    add("--data", default=default_data(), help="MNIST as npz [%(default)s]")
    add("--rounds", type=int, default=5, metavar="N", help="[%(default)s]")
    add("--steps", type=int, default=200, metavar="N", help="of the drawn programs [%(default)s]")
    add("--programs", nargs="+", choices=PROGRAMS, default=list(PROGRAMS), metavar="NAME")
    add("--tensorflow1-python", metavar="PATH", help="a Python 3.7 that has TensorFlow 1.15.5")
    add("--markdown", type=Path, metavar="FILE", help="write the table between FILE's markers")
    return parser


def commands(tensorflow1: str | None, data: str) -> dict[str, list[str]]:
    """What stands before a program and its arguments, on each side that is there."""
    sides = {"run": [sys.executable, "-m", "tf1_dnn.run"]}
    python = tensorflow1 or sys.executable
    remedy = contenders.missing("tensorflow1", python)
    if remedy is None:
        sides["tensorflow1"] = [python, "-c", WITH_DATA, data]
    else:
        say(f"skipping tensorflow1: {remedy}")
    return sides


def measure(args: argparse.Namespace) -> Timings:
    """All rounds: each program on both sides, one after the other."""
    sides = commands(args.tensorflow1_python, args.data)
    timings: Timings = {name: {side: [] for side in sides} for name in args.programs}
    for round_number in range(1, args.rounds + 1):
        say(f"round {round_number} of {args.rounds}")
        for name in args.programs:
            for side, command in sides.items():
                timing = time_program(PROGRAMS[name], command, args.data, args.steps)
                timings[name][side].append(timing)
                milliseconds = f"{timing.step * 1e3:.2f} ms"
                say(f"{name} {side}: process {timing.process:.1f} s, step {milliseconds}")
    return timings


def time_program(program: Program, command: list[str], data: str, steps: int) -> Timing:
    """Run it once. A step's seconds are the median between two of its lines, as they come.

    Raises subprocess.CalledProcessError, with the program's stderr, if it fails.
    """
    arguments = [str(steps)] if program.takes_steps else []
    environ = dict(os.environ, PYTHONUNBUFFERED="1", TF1_DNN_DATA=data, TF_CPP_MIN_LOG_LEVEL="2")
    start = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(
            [*command, str(program.path), *arguments],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process:
            assert process.stdout
            times = [time.perf_counter() for _ in process.stdout]
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            raise subprocess.CalledProcessError(
                process.returncode, process.args, stderr=errors.read().decode()
            )
    between = [after - before for before, after in zip(times, times[1:])]
    counted = between[N_WARM_UP:] or between
    return Timing(seconds, statistics.median(counted) / program.steps_per_line)


def table(timings: Timings) -> report.Table:
    """Medians over the rounds, and run's as a share of TensorFlow 1.15.5's."""
    rows = [["program", "step, ms", "1.15.5", "ratio", "process, s", "1.15.5", "ratio"]]
    for name, by_side in timings.items():
        row = [name]
        for field, scale, digits in (("step", 1e3, 2), ("process", 1, 1)):
            medians = [
                statistics.median(getattr(timing, field) for timing in by_side[side])
                for side in ("run", "tensorflow1")
                if side in by_side
            ]
            row += [f"{scale * median:.{digits}f}" for median in medians]
            row += [f"{medians[0] / medians[1]:.2f}"] if len(medians) == 2 else ["–", "–"]
        rows.append(row)
    return rows


def main() -> int:
    """Run the command; returns the exit code."""
    args = make_parser().parse_args()
    try:
        if not os.path.exists(args.data):
            raise ValueError(f"there is no {args.data}: name MNIST's npz file with --data")
        if args.markdown:
            report.check_section(args.markdown, SECTION)
    except ValueError as error:
        say(f"error: {error}")
        return 2
    try:
        rows = table(measure(args))
    except subprocess.CalledProcessError as error:
        say(f"{error.cmd} FAILED\n{error.stderr}")
        return 1
    facts = f"{machine()}; rounds: {args.rounds}, steps: {args.steps}."
    print(facts, report.plain(rows), sep="\n")
    if args.markdown:
        report.write_section(args.markdown, SECTION, f"{facts}\n\n{report.markdown(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

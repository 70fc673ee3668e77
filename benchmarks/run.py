"""python benchmarks/run.py: all contenders in turn, each in its own process, then the table."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

import common
import contenders
import numpy as np
import report
from contenders import CONTENDERS, NAMES, Contender, Result

from tf1_dnn.data import mnist
from tf1_dnn.errors import Error

PRESETS = ("batch_norm", "gradient_clipping")
CONVOLUTION = "convolution"  # measured by itself, into a section of its own
NO_CONVOLUTION = ("jax",)  # families that only compile by XLA, which is slow there on a CPU
Results = dict[str, dict[str, list[Result]]]  # preset → contender → one per round


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="python benchmarks/run.py", description=__doc__)
    add = parser.add_argument
    add(
        "--data", default=default_data(), help="MNIST as npz or a folder of IDX files [%(default)s]"
    )
    add("--rounds", type=int, default=5, metavar="N", help="[%(default)s]")
    add("--epochs", type=int, default=5, metavar="N", help="[%(default)s]")
    add("--presets", nargs="+", choices=(*PRESETS, CONVOLUTION), default=PRESETS)
    add("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=" ".join(NAMES))
    add("--python", action="append", default=[], metavar="NAME=PATH", help="another interpreter")
    add("--tensorflow1-python", metavar="PATH", help="a Python 3.7 that has TensorFlow 1.15.5")
    add("--jobs-only", action="store_true", help="report whole jobs, no epochs")
    add("--json", type=Path, metavar="FILE", help="write every figure")
    add("--markdown", type=Path, metavar="FILE", help="write the tables between FILE's markers")
    return parser


def default_data() -> str:
    """What TF1_DNN_DATA names, or else where Keras keeps MNIST."""
    if os.environ.get("TF1_DNN_DATA"):
        return os.environ["TF1_DNN_DATA"]
    home = os.environ.get("KERAS_HOME", os.path.join(os.path.expanduser("~"), ".keras"))
    return os.path.join(home, "datasets", "mnist.npz")


def say(message: str) -> None:
    """Progress goes to stderr, tables to stdout."""
    print(message, file=sys.stderr, flush=True)


def present(names: list[str], pythons: dict[str, str]) -> list[Contender]:
    """The contenders asked for whose packages are there; the others are named."""
    chosen = []
    for contender in CONTENDERS:
        if contender.name in names:
            remedy = contenders.missing(contender.family, pythons[contender.family])
            if remedy is None:
                chosen.append(contender)
            else:
                say(f"skipping {contender.name}: {remedy}")
    return chosen


@contextlib.contextmanager
def as_npz(path: str) -> Iterator[str]:
    """The data as Keras stores MNIST, which is what every contender reads.

    Raises Error for data that cannot be read.
    """
    if os.path.isfile(path):
        yield path
        return
    (x_train, y_train), (x_test, y_test) = mnist.read(path)
    with tempfile.TemporaryDirectory() as folder:
        npz = os.path.join(folder, "mnist.npz")
        arrays = dict(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        np.savez_compressed(npz, **arrays)
        yield npz


def sgemm() -> float:
    """The rate of NumPy's product now, in GFLOP/s."""
    return contenders.run_script(sys.executable, ["sgemm.py"])["gflops"]


def measure(args: argparse.Namespace, pythons: dict[str, str]) -> tuple[Results, list[float]]:
    """All rounds' results, and the rates of NumPy's product before and after each."""
    chosen = present(args.only, pythons)
    results: Results = {
        preset: {c.name: [] for c in chosen if can_train(c, preset)} for preset in args.presets
    }
    rates = [sgemm()]
    for round_number in range(1, args.rounds + 1):
        say(f"round {round_number} of {args.rounds}: sgemm {rates[-1]:.0f} GFLOP/s")
        for preset in args.presets:
            for contender in chosen:
                if can_train(contender, preset):
                    result = attempt(contender, pythons[contender.family], preset, args)
                    results[preset][contender.name] += result
                    rates.append(sgemm())
    return results, rates


def can_train(contender: Contender, preset: str) -> bool:
    return preset != CONVOLUTION or contender.family not in NO_CONVOLUTION


def attempt(
    contender: Contender, python: str, preset: str, args: argparse.Namespace
) -> list[Result]:
    """One contender's turn; empty, with its stderr shown, if it fails: the others go on."""
    try:
        result = contenders.run(contender, python, preset, args.data, args.epochs)
    except subprocess.CalledProcessError as error:
        say(f"{preset} {contender.name} FAILED\n{error.stderr}")
        return []
    epoch = statistics.median(report.steady_epochs([result]))
    say(f"{preset} {contender.name}: epoch {epoch:.3f} s, job {result['job_seconds']:.1f} s")
    return [result]


def machine() -> str:
    """The processor in words."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass  # not Linux, or a processor without a name
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def write(args: argparse.Namespace, results: Results, rates: list[float]) -> None:
    """Print the tables and write the files asked for; a preset in which all failed has no table."""
    n_examples, gflops = len(common.load(args.data).train.labels), max(rates)
    summaries = {
        preset: {
            name: report.summary(r, gflops, n_examples, preset) for name, r in by_name.items() if r
        }
        for preset, by_name in results.items()
        if any(by_name.values())
    }
    facts = (
        f"{machine()}; rounds: {args.rounds}, epochs: {args.epochs}; sgemm {gflops:.0f} GFLOP/s; "
        f"{report.versions(summaries)}." + report.busy(rates)
    )
    tables = {preset: report.table(s, args.jobs_only) for preset, s in summaries.items()}
    print(
        facts, *(f"\n{preset}\n{report.plain(rows)}" for preset, rows in tables.items()), sep="\n"
    )
    if args.json:
        everything = dict(facts=facts, gflops=gflops, summaries=summaries, results=results)
        args.json.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    if args.markdown:
        sections = [f"`{preset}`:\n\n{report.markdown(rows)}" for preset, rows in tables.items()]
        report.write_section(args.markdown, section_name(args), "\n\n".join([facts, *sections]))


def section_name(args: argparse.Namespace) -> str:
    if CONVOLUTION in args.presets:
        return CONVOLUTION
    return "whole jobs" if args.jobs_only else "results"


def main() -> int:
    """Run the command; returns the exit code."""
    args = make_parser().parse_args()
    try:
        pythons = contenders.interpreters(args.python, args.tensorflow1_python)
        if not os.path.exists(args.data):
            raise ValueError(
                f"there is no {args.data}: name MNIST's npz file or folder with --data"
            )
        if args.markdown:  # before the long run, not after it
            report.check_section(args.markdown, section_name(args))
        with as_npz(args.data) as args.data:
            return compare(args, pythons)
    except (ValueError, Error) as error:
        say(f"error: {error}")
        return 2


def compare(args: argparse.Namespace, pythons: dict[str, str]) -> int:
    """Measure and write; returns 0, or 1 if any run failed."""
    results, rates = measure(args, pythons)
    runs = [runs for by_name in results.values() for runs in by_name.values()]
    if not any(runs):
        say("nothing could be measured: no table is written")
        return 1
    write(args, results, rates)
    return 0 if all(len(each) == args.rounds for each in runs) else 1


if __name__ == "__main__":
    sys.exit(main())

"""python benchmarks/run.py: all contenders in turn, each in its own process, then the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import common
import contenders
import report
from contenders import CONTENDERS, NAMES, Contender, Result

PRESETS = ("batch_norm", "gradient_clipping")
Results = dict[str, dict[str, list[Result]]]  # preset → contender → one per round


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(prog="python benchmarks/run.py", description=__doc__)
    add = parser.add_argument
    add("--data", default=default_data(), help="MNIST as npz [%(default)s]")
    add("--rounds", type=int, default=5, metavar="N", help="[%(default)s]")
    add("--epochs", type=int, default=5, metavar="N", help="[%(default)s]")
    add("--presets", nargs="+", choices=PRESETS, default=PRESETS, metavar="PRESET")
    add("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help=" ".join(NAMES))
    add("--python", action="append", default=[], metavar="NAME=PATH", help="another interpreter")
    add("--tensorflow1-python", metavar="PATH", help="a Python 3.7 that has TensorFlow 1.15.5")
    add("--jobs-only", action="store_true", help="report whole jobs, no epochs")
    add("--json", type=Path, metavar="FILE", help="write every figure")
    add("--markdown", type=Path, metavar="FILE", help="write the tables between FILE's markers")
    return parser


def default_data() -> str:
    """Where Keras keeps MNIST."""
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


def measure(args: argparse.Namespace, pythons: dict[str, str]) -> tuple[Results, float]:
    """All rounds' results, and the best rate of NumPy's product found in any round."""
    chosen = present(args.only, pythons)
    results: Results = {preset: {c.name: [] for c in chosen} for preset in args.presets}
    gflops = 0.0
    for round_number in range(1, args.rounds + 1):
        rate = contenders.run_script(sys.executable, ["sgemm.py"])["gflops"]
        gflops = max(gflops, rate)
        say(f"round {round_number} of {args.rounds}: sgemm {rate:.0f} GFLOP/s")
        for preset in args.presets:
            for contender in chosen:
                result = attempt(contender, pythons[contender.family], preset, args)
                results[preset][contender.name] += result
    return results, gflops


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


def write(args: argparse.Namespace, results: Results, gflops: float) -> None:
    """Print the tables and write the files asked for."""
    n_examples = len(common.load(args.data).train.labels)
    summaries = {
        preset: {name: report.summary(r, gflops, n_examples) for name, r in by_name.items() if r}
        for preset, by_name in results.items()
    }
    facts = (
        f"{machine()}; rounds: {args.rounds}, epochs: {args.epochs}; sgemm {gflops:.0f} GFLOP/s; "
        f"{report.versions(summaries)}."
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
    return "whole jobs" if args.jobs_only else "results"


def main() -> int:
    """Run the command; returns the exit code."""
    args = make_parser().parse_args()
    try:
        pythons = contenders.interpreters(args.python, args.tensorflow1_python)
        if not os.path.exists(args.data):
            raise ValueError(f"there is no {args.data}: name MNIST's npz file with --data")
        if args.markdown:  # before the long run, not after it
            report.check_section(args.markdown, section_name(args))
    except ValueError as error:
        say(f"error: {error}")
        return 2
    results, gflops = measure(args, pythons)
    write(args, results, gflops)
    complete = all(len(r) == args.rounds for by_name in results.values() for r in by_name.values())
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())

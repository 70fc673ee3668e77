"""python benchmarks/gpu_report.py: what holds on this machine's GPU, as one Markdown file.

The doctor, the tests marked gpu, both presets' digits against the CPU's, and both loops' speed
beside the same work on the CPU. Without a GPU, its parts are told as missing, and the exit code
is 1.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Sequence

import report
from run import PRESETS, machine, say

from tf1_dnn import doctor
from tf1_dnn.devices.diagnosis import Diagnosis

ROOT = Path(__file__).resolve().parents[1]
DEVICES = ("gpu", "cpu")
MAX_SECONDS = 150  # of one command: a machine that needs longer is not worth waiting for
FEW = ("--n-examples", "5000", "--n-epochs", "3")
SWEEPS = {
    "batch": ("--batch-size", "50", "256", "1024", "4096"),
    "width": ("--hidden-units", "300,100", "1024,1024", "4096,4096", *FEW),
}
QUICK_SWEEPS = {"batch": ("--batch-size", "50", "--n-examples", "500", "--n-epochs", "2")}


class Failure(Exception):
    """A part that could not be had, in words for the report."""


class Finished(NamedTuple):
    """A command that has ended, or been ended."""

    code: int
    stdout: str
    stderr: str


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        prog="python benchmarks/gpu_report.py", description=__doc__.partition(": ")[2]
    )
    add = parser.add_argument
    add("--data", metavar="PATH", help="MNIST, as tf1_dnn.train takes it")
    add("--output", type=Path, default=Path("gpu-report.md"), metavar="FILE", help="[%(default)s]")
    add("--quick", action="store_true", help="little of everything, to see that it works")
    return parser


def run(*command: str) -> Finished:
    """Run `python -m COMMAND` at the root of the repository."""
    say(f"python -m {' '.join(command)}")
    try:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=MAX_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"it took longer than {MAX_SECONDS} seconds") from None
    return Finished(done.returncode, done.stdout.rstrip(), done.stderr.rstrip())


def results_of(*command: str) -> str:
    """What a command prints; Failure, with its last words, if it fails."""
    done = run(*command)
    if done.code:
        raise Failure((done.stderr or done.stdout).rpartition("\n")[2])
    return done.stdout


def diagnose() -> list[Diagnosis]:
    """What the doctor finds."""
    printed = run("tf1_dnn.doctor", "--require-gpu", "--json").stdout
    return [Diagnosis(**finding) for finding in json.loads(printed)["findings"]]


def missing_gpu(findings: Sequence[Diagnosis]) -> str | None:
    """Why there is no GPU to measure, or None."""
    faults = [f.detail for f in findings if f.status == "FAIL" and f.what == "device"]
    return faults[0].rstrip(".") if faults else None


def tests() -> str:
    """How the tests marked gpu ended."""
    done = run(
        "pytest", "-m", "gpu", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/test_gpu.py"
    )
    if done.code:
        raise Failure(f"they failed:\n\n{fenced(done.stdout[-4_000:])}")
    return done.stdout.rpartition("\n")[2]


def digits(devices: Sequence[str], n_epochs: Sequence[str]) -> str:
    """Both presets' curves on each device."""
    rows = [["preset", "device", "validation accuracy after each epoch", "test accuracy"]]
    for preset in PRESETS:
        for device in devices:
            printed = results_of("tf1_dnn.train", preset, "--device", device, *n_epochs)
            *curve, test = (line.rpartition(" ")[2] for line in printed.splitlines())
            rows.append([preset, device.upper(), " ".join(curve), test])
    return report.markdown(rows)


def speed(devices: Sequence[str], sweep: Sequence[str]) -> str:
    """Both loops' steady epochs in one sweep, and how many times as fast the GPU is."""
    timings = [timed(device, sweep) for device in devices]
    cases = ("loop", "hidden_units", "batch_size")
    rows = [
        ["loop", "hidden units", "batch"]
        + [f"{d.upper()}: {what}" for d in devices for what in ("epoch, s", "images/s")]
        + ["CPU / GPU"] * (len(devices) - 1)
    ]
    for first, *others in zip(*timings):
        cells = [str(first[key]) for key in cases]
        for row in (first, *others):
            cells += [f"{row['epoch_seconds']:.4f}", f"{row['images_per_second']:,.0f}"]
        ratios = [row["epoch_seconds"] / first["epoch_seconds"] for row in others]
        rows.append(cells + [f"{ratio:.2f}" for ratio in ratios])
    return f"`{' '.join(sweep)}`:\n\n{report.markdown(rows)}"


def timed(device: str, sweep: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of python -m tf1_dnn.benchmark."""
    printed = results_of("tf1_dnn.benchmark", *sweep, "--device", device, "--json")
    return json.loads(printed)["rows"]


def fenced(text: str) -> str:
    return f"```\n{text}\n```"


def parts(lacks: str | None, quick: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each measured part's heading, and what makes it."""
    devices = DEVICES[1:] if lacks else DEVICES
    yield "The tests marked gpu", (lambda: f"Not run: {lacks}.") if lacks else tests
    yield "Digits", lambda: digits(devices, ("--n-epochs", "1") if quick else ())
    for name, sweep in (QUICK_SWEEPS if quick else SWEEPS).items():
        yield f"Speed by {name}", functools.partial(speed, devices, sweep)


def compose(quick: bool) -> tuple[str, list[str]]:
    """The report, and what is missing from it."""
    start, findings = time.monotonic(), diagnose()
    lacks = missing_gpu(findings)
    text, missing = f"# tf1_dnn on this machine's GPU\n\n{machine()}.\n", []
    if lacks:
        missing.append(f"no GPU was measured: {lacks}")
        text += f"\n**No GPU was measured**: {lacks}. What follows is the CPU's part.\n"
    lines = "\n".join(map(doctor.line, findings))
    text += f"\n## The doctor\n\n{fenced(lines)}\n"
    for heading, make in parts(lacks, quick):
        try:
            body = make()
        except Failure as failure:
            missing.append(f"{heading}: {failure}")
            body = f"**Failed**: {failure}"
        text += f"\n## {heading}\n\n{body}\n"
    return f"{text}\nAll of it took {time.monotonic() - start:.0f} seconds.\n", missing


def main() -> int:
    """Run the command; returns the exit code."""
    args = make_parser().parse_args()
    if args.data is not None:
        if not os.path.exists(args.data):
            say(f"error: there is no {args.data}: name MNIST's npz file or folder with --data")
            return 2
        os.environ["TF1_DNN_DATA"] = os.path.abspath(args.data)  # for every command
    if args.output.is_dir() or not os.access(args.output.parent, os.W_OK):
        say(f"error: {args.output} cannot be written: name another file with --output")
        return 2
    try:
        text, missing = compose(args.quick)
    except Failure as failure:  # the doctor's: nothing else would work
        say(f"error: the doctor does not end: {failure}")
        return 1
    args.output.write_text(text, encoding="utf-8")
    say("\n".join([*missing, f"wrote {args.output}"]))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

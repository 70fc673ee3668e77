"""python -m tf1_dnn.doctor: whether training would work here, and on what."""

from __future__ import annotations

import json
import sys
from typing import Iterator, Sequence

from tf1_dnn import checkup, cli
from tf1_dnn.checkup import Finding
from tf1_dnn.errors import CompatError


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.doctor",
        description="Check TensorFlow, driver, CUDA libraries, device, XLA, data, disk and memory. "
        "Exit code 0 if training would work, 1 if not.",
    )
    parser.add_argument(
        "--require-gpu", action="store_true", help="fail where training would take the CPU"
    )
    parser.add_argument(
        "--data", default=None, metavar="PATH", help="look at this data set, as train --data does"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, no lines")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = make_parser().parse_args(argv)
    findings = []
    for finding in examine(given.data, require_gpu=given.require_gpu):
        findings.append(finding)
        if not given.json:
            print(line(finding), flush=True)
    works = all(finding.status != "FAIL" for finding in findings)
    if given.json:
        rows = [finding._asdict() for finding in findings]
        print(json.dumps({"training_works": works, "findings": rows}, indent=1))
    return 0 if works else 1


def examine(path: str | None = None, *, require_gpu: bool = False) -> Iterator[Finding]:
    """All findings, each as soon as it is made.

    Args:
      path: of the data to look at, as in data.load.
      require_gpu: whether a GPU that cannot be used fails.
    """
    try:
        yield from checkup.software(require_gpu=require_gpu)
    except CompatError as error:
        yield Finding("FAIL", "TensorFlow", str(error))
        return
    yield from checkup.gpu_libraries(require_gpu=require_gpu)
    yield from checkup.device(require_gpu=require_gpu)
    yield checkup.data_set(path)
    yield from checkup.machine()


def line(finding: Finding) -> str:
    """The finding as it is printed."""
    remedy = f" — {finding.remedy}" if finding.remedy else ""
    return f"{finding.status:4} {finding.what}: {finding.detail}{remedy}"


if __name__ == "__main__":
    sys.exit(cli.run(main))

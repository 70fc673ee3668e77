"""python -m tf1_dnn.doctor: whether training would work here, and on what."""

import itertools
import json
import os
from typing import Iterable, Iterator, Sequence

from tf1_dnn import cli, data
from tf1_dnn.data import mnist
from tf1_dnn.devices import diagnosis
from tf1_dnn.devices.diagnosis import NOT_MISSED, Diagnosis
from tf1_dnn.errors import CompatError, Error


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.doctor",
        description="Check TensorFlow, driver, CUDA libraries, device, XLA, data, disk and memory. "
        "Exit code 0 if training would work, 1 if not.",
    )
    add = parser.add_argument
    add("--require-gpu", action="store_true", help="fail where training would take the CPU")
    add("--data", metavar="PATH", help="look at this data set, as train --data does")
    add("--json", action="store_true", help="print JSON, no lines")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = make_parser().parse_args(argv)
    findings = examine(given.data, require_gpu=given.require_gpu)
    works = True
    if given.json:
        rows = [finding._asdict() for finding in findings]
        works = all(row["status"] != "FAIL" for row in rows)
        cli.put(json.dumps({"training_works": works, "findings": rows}, indent=1))
    else:
        for finding in folded(findings):
            cli.put(line(finding))
            works = works and finding.status != "FAIL"
    return 0 if works else 1


def examine(path: str | None = None, *, require_gpu: bool = False) -> Iterator[Diagnosis]:
    """All findings, each as soon as it is made.

    `path` is that of the data, as in data.load; `require_gpu` lets a GPU that cannot be used fail.
    """
    try:
        yield from diagnosis.software(require_gpu=require_gpu)
    except CompatError as error:
        yield Diagnosis("FAIL", "TensorFlow", str(error))
        return
    yield from diagnosis.gpu_libraries(require_gpu=require_gpu)
    yield from diagnosis.device(require_gpu=require_gpu)
    yield data_set(path)
    yield from diagnosis.machine()


def data_set(path: str | None) -> Diagnosis:
    """What training would read; nothing is downloaded to find out."""
    path = path or os.environ.get(data.DATA_VARIABLE) or mnist.cached_file()
    if path == mnist.cached_file() and not os.path.isfile(path):
        remedy = "the first run downloads MNIST there; offline, give --data or TF1_DNN_DATA"
        return Diagnosis("warn", "data", f"{path} is not there yet", remedy)
    try:
        splits = data.load(path=path)
    except Error as error:
        return Diagnosis("FAIL", "data", str(error))
    name = "MNIST, bit for bit the post's," if splits.is_mnist else splits.name
    return Diagnosis("ok", "data", f"{name} from {splits.source}")


def folded(findings: Iterable[Diagnosis]) -> Iterator[Diagnosis]:
    """The findings, with what is not there and not missed either in one for all of it."""
    for not_missed, group in itertools.groupby(findings, lambda each: each.detail == NOT_MISSED):
        if not_missed:
            first, *others = (finding.what for finding in group)
            more = f" and {len(others)} more parts" if others else ""
            yield Diagnosis("ok", "GPU", f"{first}{more} not found; only a GPU would need them")
        else:
            yield from group


def line(finding: Diagnosis) -> str:
    """The finding as it is printed."""
    remedy = f" — {finding.remedy}" if finding.remedy else ""
    return f"{finding.status:4} {finding.what}: {finding.detail}{remedy}"


if __name__ == "__main__":
    cli.end(main)

"""python -m tf1_dnn.check: find the classic mistakes in a TensorFlow 1 graph."""

from __future__ import annotations

import sys
from typing import Sequence

from tf1_dnn import cli


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.check",
        description="Find the classic mistakes in a TensorFlow 1 graph, as data: nothing is run.",
        epilog="Exit code: 0 nothing found at or above --fail-on, 1 something, 2 unusable input.",
    )
    add = parser.add_argument
    add(
        "graph",
        nargs="?",
        metavar="GRAPH",
        help="a MetaGraph (.meta), checkpoint prefix, GraphDef (.pb, .pbtxt), SavedModel folder, "
        "or run directory with TensorBoard events",
    )
    add(
        "--train-op",
        action="append",
        default=[],
        metavar="NAME[,NAME...]",
        help="what a training step fetches: ops or collections, as in train_op,update_ops; again "
        "for another kind of step (default: looked for)",
    )
    add("--ignore", nargs="+", action="extend", default=[], metavar="RULE", help="leave out rules")
    add(
        "--fail-on",
        choices=["error", "warning", "note"],
        default="error",
        help="the mildest finding that gives exit code 1 (default: error)",
    )
    add("--json", action="store_true", help="print JSON")
    add("--explain", metavar="RULE", help="show a rule's page and exit")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = make_parser()
    given = parser.parse_args(argv)
    if given.graph is None and given.explain is None:
        parser.error("give a GRAPH")
    from tf1_dnn import check
    from tf1_dnn.check import report

    if given.explain is not None:
        print(report.page(given.explain.upper()).rstrip())
        return 0
    ignore = [name.upper() for name in given.ignore]
    for name in ignore:
        report.page(name)  # refuses unknown rules
    checked = check.examine(given.graph, given.train_op, ignore)
    print(report.as_json(checked) if given.json else report.report(checked))
    worst = check.SEVERITIES[: check.SEVERITIES.index(given.fail_on) + 1]
    return int(any(finding.severity in worst for finding in checked.findings))


if __name__ == "__main__":
    sys.exit(cli.run(main))

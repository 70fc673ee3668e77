"""python -m tf1_dnn.check: find the classic mistakes in a TensorFlow 1 graph."""

import contextlib
import signal
from typing import Any, Iterator, NoReturn, Sequence

from tf1_dnn import cli
from tf1_dnn.errors import Error


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
    add("--ignore", action="append", default=[], metavar="RULE[,RULE...]", help="leave out rules")
    add(
        "--fail-on",
        choices=["error", "warning", "note"],
        default="error",
        help="the mildest finding that gives exit code 1 (default: error)",
    )
    add(
        "--time-limit",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="give up a graph that takes longer (default: 60)",
    )
    add("--json", action="store_true", help="print JSON")
    add("--explain", metavar="RULE", help="show a rule's page and exit")
    return parser


@contextlib.contextmanager
def limited(seconds: float, graph: str) -> Iterator[None]:
    """Raise Error after so many seconds: hostile graphs are tangled so as to take hours."""

    def give_up(*_: Any) -> NoReturn:
        raise Error(f"{graph} takes longer than {seconds:g} s to examine: raise --time-limit.")

    handler = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = make_parser()
    given = parser.parse_args(argv)
    if given.graph is None and given.explain is None:
        parser.error("give a GRAPH")
    if not 0 < given.time_limit <= 1e6:
        parser.error(f"--time-limit must be greater than 0 and at most 1e6, not {given.time_limit}")
    from tf1_dnn import check
    from tf1_dnn.check import report

    if given.explain is not None:
        cli.put(report.page(given.explain.upper()).rstrip())
        return 0
    ignore = [name.strip().upper() for names in given.ignore for name in names.split(",")]
    for name in ignore:
        report.page(name)  # refuses unknown rules
    with limited(given.time_limit, given.graph):
        checked = check.examine(given.graph, given.train_op, ignore)
    cli.put(report.as_json(checked) if given.json else report.report(checked))
    worst = check.SEVERITIES[: check.SEVERITIES.index(given.fail_on) + 1]
    return int(any(finding.severity in worst for finding in checked.findings))


if __name__ == "__main__":
    cli.end(main)

"""python -m tf1_dnn.check: find the classic mistakes in a TensorFlow 1 graph."""

import contextlib
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, NoReturn, Sequence

from tf1_dnn import cli
from tf1_dnn.errors import Error

if TYPE_CHECKING:
    from tf1_dnn.check import Checked

FORMATS = ("text", "json", "sarif", "github")


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
        "run directory with TensorBoard events, or a folder of any of these",
    )
    add(
        "--train-op",
        action="append",
        default=[],
        metavar="NAME[,NAME...]",
        help="what a training step fetches: ops or collections, as in train_op,update_ops; again "
        "for another kind of step (default: looked for)",
    )
    for option, words in [("--select", "no rules but these"), ("--ignore", "leave out rules")]:
        names = "RULE|FAMILY[,...]"
        add(option, action="append", default=[], metavar=names, help=f"{words}: BN001, or BN")
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
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    form.add_argument("--json", action="store_const", dest="format", const="json", help="JSON")
    kept = parser.add_mutually_exclusive_group()
    words = "leave out the findings that FILE lists"
    kept.add_argument("--baseline", metavar="FILE", help=words)
    words = "list all findings in FILE, for --baseline, and exit with 0"
    kept.add_argument("--write-baseline", metavar="FILE", help=words)
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
    from tf1_dnn.check import baseline, report
    from tf1_dnn.check.read.folders import graphs_in

    if given.explain is not None:
        cli.put(report.page(given.explain.upper()).rstrip())
        return 0
    left_out = _left_out(given.select, given.ignore)
    known = baseline.read(given.baseline) if given.baseline is not None else frozenset()
    folder = Path(given.graph)
    is_many = folder.is_dir() and graphs_in(folder) not in ([], [folder])
    checked = []
    for graph in graphs_in(folder) if is_many else [given.graph]:
        try:
            with limited(given.time_limit, str(graph)):
                found = check.examine(graph, given.train_op, left_out)
        except Error as error:
            if not is_many:
                raise
            cli.say(f"passed over: {error}")
            continue
        checked.append(found._replace(findings=baseline.unknown(found.findings, known)))
    if not checked:
        raise Error(f"{folder} holds no graph that can be read: name another.")
    findings = [finding for each in checked for finding in each.findings]
    if given.write_baseline is not None:
        baseline.write(given.write_baseline, findings)
        cli.say_written(given.write_baseline)
        return 0
    cli.put(_printed(checked, given.format, is_many))
    worst = check.SEVERITIES[: check.SEVERITIES.index(given.fail_on) + 1]
    return int(any(finding.severity in worst for finding in findings))


def _left_out(select: Sequence[str], ignore: Sequence[str]) -> frozenset[str]:
    """The rules that --select does not name and those that --ignore does."""
    from tf1_dnn.check.rules.registry import RULES, chosen

    def split(given: Sequence[str]) -> list[str]:
        return [name.strip().upper() for names in given for name in names.split(",")]

    wanted = chosen(split(select)) if select else frozenset(RULES)
    return (frozenset(RULES) - wanted) | chosen(split(ignore))


def _printed(checked: "list[Checked]", form: str, is_many: bool) -> str:
    from tf1_dnn.check import formats, report

    if form == "sarif":
        return formats.as_sarif(checked)
    if form == "github":
        return formats.as_github(checked)
    if form == "json":
        return report.as_json_list(checked) if is_many else report.as_json(checked[0])
    parts = [report.report(each) for each in checked if each.findings or not is_many]
    return "\n\n".join([*parts, report.overview(checked)] if is_many else parts)


if __name__ == "__main__":
    cli.end(main)

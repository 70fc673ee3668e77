"""python -m tf1_dnn.cluster: a cluster of processes on this machine, to try one out."""

import sys
from typing import Sequence

from tf1_dnn import cli
from tf1_dnn.cluster import launcher


def make_parser() -> cli.Parser:
    """The command's options; what follows -- is for train."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.cluster",
        usage="%(prog)s [--workers N] [--ps N] [--evaluator] -- [options of tf1_dnn.train]",
        description="Train on a cluster of processes on this machine: python -m tf1_dnn.train for "
        "each, on free ports. The first worker keeps the run.",
    )
    add = parser.add_argument
    add("--workers", type=_count, default=2, metavar="N", help="processes that train [2]")
    add("--ps", type=_count, default=1, metavar="N", help="parameter servers [1]")
    add("--evaluator", action="store_true", help="one more that reads the checkpoints")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError
    return count


_count.__name__ = "positive whole number"  # what argparse calls it in its message


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the worst exit code of its tasks."""
    words, for_train = cli.cut_at_dashes(argv)
    given = make_parser().parse_args(words)
    sizes = {"ps": given.ps, "worker": given.workers}
    command = [sys.executable, "-m", "tf1_dnn.train", *for_train]
    return launcher.launch(command, launcher.make_environments(sizes, evaluator=given.evaluator))


if __name__ == "__main__":
    cli.end(main)

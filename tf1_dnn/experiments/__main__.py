"""python -m tf1_dnn.experiments: the post's claims put to the test, and a report of it."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Sequence

from tf1_dnn import cli, experiments, options
from tf1_dnn.errors import ConfigError
from tf1_dnn.experiments import document, suite


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.experiments",
        description="Put the post's claims to the test: print the verdicts and write a report.",
        epilog="Experiments: " + ", ".join(experiments.NAMES) + ". The same command goes on where "
        "it was interrupted; settings, seeds and data that differ are run anew.",
    )
    add = parser.add_argument
    add("names", nargs="+", metavar="NAME", help="experiments, or all")
    add(
        "--seeds",
        type=int,
        metavar="N",
        help=f"runs of each condition [{suite.SEEDS}; quick: {suite.QUICK_SEEDS}]",
    )
    add(
        "--out", default="claims", metavar="DIR", help="where report.md, report.json and figures go"
    )
    add("--quick", action="store_true", help="fewer seeds, shorter runs, no verdicts")
    add(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes of one thread each (default: one per core)",
    )
    options.add_data_options(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    given = make_parser().parse_args(argv)
    suite.check_names([name for name in given.names if name != "all"])
    names = dict.fromkeys(experiments.NAMES if "all" in given.names else given.names)
    if given.seeds is not None:
        suite.check_seeds(given.seeds)
    if given.workers < 1:
        raise ConfigError(f"--workers must be at least 1, not {given.workers}.")
    folder = Path(given.out)

    from tf1_dnn import data

    splits = data.load(given.dataset or "auto", given.data)
    cli.say(f"data: {splits.name} from {splits.source}; report: {folder}")
    results = experiments.run_all(
        list(names), splits, seeds=given.seeds, quick=given.quick, out=folder, workers=given.workers
    )
    facts = {
        "command": " ".join(["python -m tf1_dnn.experiments", *arguments]),
        "data": "MNIST" if splits.is_mnist else splits.name,
        "data_sha256": splits.sha256(),
        "seeds": results[0].rows[0].value.n,
        "quick": given.quick,
        "tensorflow": version("tensorflow"),
    }
    paths = document.write(folder, results, facts)
    cli.put(experiments.verdicts_markdown(results))
    cli.say("written: " + ", ".join(map(str, paths)))
    return 0


if __name__ == "__main__":
    cli.end(main)

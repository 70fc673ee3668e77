"""python -m tf1_dnn.diff: whether two TensorFlow 1 graphs compute the same, and where they part."""

import os
import tempfile
import zipfile
from typing import Any, Sequence

from tf1_dnn import cli
from tf1_dnn.errors import Error, told


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.diff",
        usage="%(prog)s [options] OLD (NEW | -- PROGRAM.py [ARGS...])",
        description="Tell whether a migrated TensorFlow 1 graph computes what the old one did, "
        "side by side and by running both with the same numbers.",
        epilog="Without --static both graphs are run, and a stranger's graph is a stranger's "
        "program: it can write files and call out. Exit code: 0 the same, 1 not, 2 unusable input.",
    )
    add = parser.add_argument
    words = "a .meta, checkpoint prefix, GraphDef, SavedModel folder, run directory or PROGRAM.py"
    add("old", metavar="OLD", help=words)
    add("new", metavar="NEW", nargs="?", help="likewise; a program with arguments after --")
    add("--checkpoint", metavar="PREFIX", help="whose values both get (default: drawn numbers)")
    add("--new-checkpoint", metavar="PREFIX", help="of NEW, where its variables have other names")
    add(
        "--map",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="a variable of OLD and the one of NEW that it is",
    )
    add("--feed", metavar="FILE.npz", help="arrays by placeholders' names (default: drawn)")
    add("--train-op", metavar="NAME[,NAME...]", help="what a step fetches (default: looked for)")
    add("--steps", type=int, default=10, metavar="N", help="training steps to run [10]")
    add("--rtol", type=float, default=1e-4, metavar="R", help="relative difference allowed [1e-4]")
    add("--static", action="store_true", help="set them side by side only; run nothing")
    add("--json", action="store_true", help="print JSON")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = make_parser()
    words, program = cli.cut_at_dashes(argv)
    given = parser.parse_args(words)
    if (given.new is None) != bool(program):
        parser.error("give OLD and either NEW or a program after --")
    if given.steps < 0 or not 0 <= given.rtol < 1e6:
        parser.error("--steps and --rtol must be at least 0")
    if given.new_checkpoint is not None and given.checkpoint is None:
        parser.error("--new-checkpoint needs --checkpoint")
    options = dict(
        checkpoint=given.checkpoint,
        new_checkpoint=given.new_checkpoint,
        mapping=dict(_pair(each) for each in given.map),
        feed=_arrays(given.feed) if given.feed is not None else {},
        train_op=given.train_op,
        n_steps=given.steps,
        rtol=given.rtol,
        static=given.static,
    )
    found = _compared([given.old], program or [given.new], options)
    from tf1_dnn.diff import report

    cli.put(report.as_json(found) if given.json else report.report(found))
    return 0 if found.is_same else 1


def _compared(old: list[str], new: list[str], options: dict[str, Any]) -> Any:
    """The Comparison of two graphs, of which programs are run for theirs."""
    from tf1_dnn.diff import comparison, programs

    with tempfile.TemporaryDirectory(prefix="tf1_dnn_diff_") as folder:
        graphs = [
            (
                programs.graph_of(words, os.path.join(folder, f"{side}.meta"))
                if len(words) > 1 or programs.is_program(words[0])
                else words[0]
            )
            for side, words in (("old", old), ("new", new))
        ]
        found = comparison.diff(*graphs, **options)
    return found._replace(sources=(" ".join(old), " ".join(new)))


def _pair(text: str) -> tuple[str, str]:
    old, is_given, new = text.partition("=")
    if not (old and is_given and new):
        raise Error(f"--map {text} is no pair: give it as OLD=NEW.")
    return old, new


def _arrays(path: str) -> dict[str, Any]:
    import numpy as np

    faults = (OSError, ValueError, zipfile.BadZipFile, EOFError)
    with told(Error, f"cannot read the arrays in {path}", "give an npz file", *faults):
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)


if __name__ == "__main__":
    cli.end(main)

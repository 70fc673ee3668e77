"""python -m tf1_dnn.run: run a TensorFlow 1 program, unedited, on today's TensorFlow."""

import argparse
import os
import sys
from typing import Any, Sequence

from tf1_dnn import cli


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.run",
        usage="%(prog)s [options] (SCRIPT.py | -m MODULE | NOTEBOOK.ipynb | -) [ARGS...]",
        description="Run a TensorFlow 1 program, unedited, with its old weights and digits.",
        epilog="Exit code: the program's own; 2 unusable input. A notebook's: 1 if a cell failed.",
    )
    add = parser.add_argument
    add("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="as in `python -m`")
    add("program", nargs=argparse.REMAINDER, help="a script, a notebook, or - for standard input")
    add("--check", action="store_true", help="watch its sessions; at the end, tell what is wrong")
    add(
        "--like",
        metavar="META",
        help="at the end, tell whether the graph built here is this saved one: a .meta, a "
        "checkpoint prefix, a GraphDef, or a run directory",
    )
    add("--save-graph", metavar="FILE.meta", help="at the end, write the graph that it ran")
    add("--verbose", action="store_true", help="show what TensorFlow says of deprecated names")
    add = parser.add_argument_group("notebooks, before or after the notebook's name").add_argument
    add("--out", metavar="FILE.ipynb", help="where the executed copy goes; by default nowhere")
    add("--strict", action="store_true", help="exit 1 if a stored output line did not come again")
    add("--digits", type=int, metavar="N", help="to how many digits stored numbers must come again")
    add("--cell-timeout", type=int, metavar="SECONDS", help="interrupt a cell that takes longer")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = make_parser()
    given = parser.parse_args(argv)
    if not (given.module or given.program):
        parser.error("give a SCRIPT.py, a NOTEBOOK.ipynb, -m MODULE, or -")
    if given.program and given.program[0].endswith(".ipynb"):
        return run_notebook(parser, given)
    for option in ("out", "strict", "digits", "cell_timeout"):
        if getattr(given, option):
            parser.error(f"--{option.replace('_', '-')} is for notebooks")
    from tf1_dnn.run import behaviour, program, source

    if given.module:
        source.require_module(given.module[0])
        behaviour.activate(**activation(given))  # before the module's packages are imported
        prepared = program.module(given.module[0], given.module[1:])
    else:
        name, *arguments = given.program
        prepared = program.stdin() if name == "-" else program.script(name, arguments)
        behaviour.activate(**activation(given))
    return program.run(prepared, behaviour.finish)


def activation(given: argparse.Namespace) -> dict[str, Any]:
    """What `activate` is told of the options."""
    return {
        "verbose": given.verbose,
        "check": given.check,
        "like": given.like,
        "save_graph": given.save_graph,
    }


def run_notebook(parser: cli.Parser, given: argparse.Namespace) -> int:
    """Execute a notebook, after whose name there may be more options; returns the exit code."""
    path, *options = given.program
    given = parser.parse_args([*options, path], namespace=given)
    if given.module or given.program != [path]:
        parser.error("a notebook takes options, but no arguments")
    for option in ("digits", "cell_timeout"):
        if getattr(given, option) is not None and getattr(given, option) < 1:
            parser.error(f"--{option.replace('_', '-')} must be at least 1")
    if given.like is not None:
        given.like = os.path.abspath(given.like)  # the kernel runs in the notebook's folder
    if given.save_graph is not None:
        given.save_graph = os.path.abspath(given.save_graph)
    from tf1_dnn.run import notebook

    outcome = notebook.run(
        path,
        out=given.out,
        digits=given.digits,
        cell_timeout=given.cell_timeout,
        **activation(given),
    )
    cli.put(str(outcome))
    return outcome.exit_code(strict=given.strict)


if __name__ == "__main__":
    sys.exit(cli.run(main))

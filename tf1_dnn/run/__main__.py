"""python -m tf1_dnn.run: run a TensorFlow 1 program, unedited, on today's TensorFlow."""

import argparse
import sys
from typing import Sequence

from tf1_dnn import cli


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.run",
        usage="%(prog)s [options] (SCRIPT.py | -m MODULE | NOTEBOOK.ipynb | -) [ARGS...]",
        description="Run a TensorFlow 1 program, unedited, with its old weights and digits.",
        epilog="Exit code: the program's own; 2 unusable input.",
    )
    add = parser.add_argument
    add("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE", help="as in `python -m`")
    add("program", nargs=argparse.REMAINDER, help="a script, a notebook, or - for standard input")
    add("--verbose", action="store_true", help="show what TensorFlow says of deprecated names")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = make_parser()
    given = parser.parse_args(argv)
    if not (given.module or given.program):
        parser.error("give a SCRIPT.py, a NOTEBOOK.ipynb, -m MODULE, or -")
    from tf1_dnn.run import behaviour, program, source

    if given.module:
        source.require_module(given.module[0])
        behaviour.activate(verbose=given.verbose)  # before the module's packages are imported
        return program.run(program.module(given.module[0], given.module[1:]))
    name, *arguments = given.program
    prepared = program.stdin() if name == "-" else program.script(name, arguments)
    behaviour.activate(verbose=given.verbose)
    return program.run(prepared)


if __name__ == "__main__":
    sys.exit(cli.run(main))

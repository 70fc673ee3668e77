"""python -m tf1_dnn, or tf1-dnn: the commands, and each of them by its name."""

import runpy
import signal
import sys
from typing import Sequence

from tf1_dnn import cli

COMMANDS = {
    "train": "train the post's network and print its curve",
    "evaluate": "how good a trained run is, class by class",
    "predict": "which digits pictures show",
    "export": "a run's network as a SavedModel",
    "compare": "runs side by side",
    "run": "run a TensorFlow 1 program, unedited",
    "check": "find the classic mistakes in a TensorFlow 1 graph",
    "diff": "whether a migrated graph computes what the old one did",
    "experiments": "test the post's claims",
    "cluster": "start several processes that train together",
    "benchmark": "time both loops on this machine",
    "doctor": "whether training would work here, and why not",
}


def main(argv: Sequence[str] | None = None) -> int:
    """List the commands, or become the one that is named; returns the exit code."""
    name, *arguments = (sys.argv[1:] if argv is None else list(argv)) or ["--help"]
    if name in COMMANDS:
        return become(name, arguments)
    if name in ("-h", "--help"):
        cli.put(usage())
        return 0
    hint = cli.nearest(name, COMMANDS) or "see --help"
    cli.say(f"python -m tf1_dnn: error: there is no command {name!r} ({hint})")
    return 2


def usage() -> str:
    """All commands, a line each."""
    lines = cli.table([[f"  {name}", words] for name, words in COMMANDS.items()], left=2)
    return (
        "usage: python -m tf1_dnn COMMAND [options], or tf1-dnn COMMAND [options]\n\n"
        + "\n".join(line.rstrip() for line in lines.splitlines())
        + "\n\npython -m tf1_dnn COMMAND --help tells a command's options."
    )


def become(name: str, arguments: Sequence[str]) -> int:
    """What `python -m tf1_dnn.NAME ARGUMENTS` is: this process's `__main__`."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # while it is imported, as with python -m
    sys.argv[1:] = arguments
    runpy.run_module(f"tf1_dnn.{name}", run_name="__main__", alter_sys=True)
    return 0  # reached by no command: each ends the process


def console() -> int:
    """The console script tf1-dnn."""
    return cli.run(main)


if __name__ == "__main__":
    sys.exit(console())

"""The graph of a Python program: the program is run, and what it built is kept."""

import os
import subprocess
import sys
from typing import Sequence

from tf1_dnn.errors import Error


def is_program(word: str) -> bool:
    """Whether a source is a Python program rather than a graph."""
    return word.endswith(".py")


def graph_of(words: Sequence[str], path: str) -> str:
    """Run a program as `python -m tf1_dnn.run` does, and keep its graph at `path`; returns it.

    What it prints goes to stderr. Of several graphs the largest is kept.

    Args:
      words: the program and its arguments, or -m, a module and its arguments.
      path: where there is no file yet.

    Raises:
      Error: the program fails, or builds no graph.
    """
    command = [sys.executable, "-m", "tf1_dnn.run", "--save-graph", path, *words]
    done = subprocess.run(command, stdout=2, check=False)
    name = " ".join(words)
    if done.returncode:
        raise Error(f"{name} ended with exit code {done.returncode}: see what it said above.")
    if not os.path.exists(path):
        raise Error(f"{name} built no graph: give a program that builds one when it is run.")
    return path

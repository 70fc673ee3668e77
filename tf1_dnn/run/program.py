"""A program as Python itself would run it: its own `__main__`, arguments, path and traceback."""

import os
import sys
import types
from typing import Callable, NamedTuple, Sequence

from tf1_dnn.run.source import Source, read_module, read_script, read_stdin


class Program(NamedTuple):
    """What to run, and what it sees of itself."""

    source: Source
    path: str  # sys.path[0]
    argv: Sequence[str]


def script(path: str, arguments: Sequence[str]) -> Program:
    """As in `python SCRIPT.py ARGUMENTS`."""
    folder = os.path.dirname(os.path.realpath(path))
    return Program(read_script(path), folder, [path, *arguments])


def module(name: str, arguments: Sequence[str]) -> Program:
    """As in `python -m MODULE ARGUMENTS`."""
    sys.path[0] = os.getcwd()  # where Python looks for it
    source = read_module(name)
    return Program(source, os.getcwd(), [source.file, *arguments])


def stdin() -> Program:
    """As in `python -`."""
    return Program(read_stdin(), "", ["-"])


def run(program: Program, finish: Callable[[], None] = lambda: None) -> int:
    """Run it as `__main__`; returns its exit code. SystemExit passes, for Python to act on.

    `finish` is called at its end, however it ends.
    """
    main = types.ModuleType("__main__")
    main.__dict__.update(program.source.main_attributes())
    sys.modules["__main__"] = main
    sys.argv[:] = program.argv
    sys.path[0] = program.path
    try:
        exec(program.source.code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        return _report(error)
    finally:
        finish()
    return 0


def _report(error: BaseException) -> int:
    """Show the program's traceback without the frame of `run`; the exit code as Python's."""
    traceback = error.__traceback__
    error.__traceback__ = traceback.tb_next if traceback else None
    sys.excepthook(type(error), error, error.__traceback__)
    return 130 if isinstance(error, KeyboardInterrupt) else 1

"""A program as Python itself would run it: its own `__main__`, arguments, path and traceback."""

import os
import signal
import sys
import types
from typing import Callable, NamedTuple, Sequence

from tf1_dnn.errors import Error
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
    """As in `python -m MODULE ARGUMENTS`; imports the packages that the module lies in."""
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
    if not getattr(sys.flags, "safe_path", False):  # python -P, of Python 3.11
        sys.path[0] = program.path
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # no frame of ours at Ctrl-C
    try:
        exec(program.source.code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        _show(error)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    finally:
        finish()
    return 0


def _show(error: BaseException) -> None:
    """The program's own traceback: without the frame of `run`, and of what raised an Error."""
    traceback = error.__traceback__ and error.__traceback__.tb_next
    if isinstance(error, Error):
        error.__cause__ = None
        last = traceback
        while last and last.tb_next and not _is_ours(last.tb_next):
            last = last.tb_next
        if last:
            last.tb_next = None
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)


def _is_ours(traceback: types.TracebackType) -> bool:
    return str(traceback.tb_frame.f_globals.get("__name__")).startswith("tf1_dnn.")

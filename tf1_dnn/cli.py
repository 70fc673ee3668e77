"""What every command shares: results on stdout, messages on stderr, errors in one sentence.

Whatever the user does to the streams or with Ctrl-C, no traceback comes of it.
"""

import argparse
import atexit
import contextlib
import difflib
import io
import itertools
import os
import signal
import sys
import threading
import traceback
from typing import Any, Callable, Iterable, Iterator, NoReturn, Sequence, TextIO

from tf1_dnn.errors import Error, Interrupted, NetworkError, OutputError, first_sentence
from tf1_dnn.frames import in_one_chunk


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one sentence, without the usage block."""

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: error: {message} (see --help)")
        raise SystemExit(2)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = sys.argv[1:] if args is None else list(args)
        if not any(action.nargs == argparse.REMAINDER for action in self._actions):
            self._require_options(words)
        return super().parse_known_args(words, namespace)

    def _require_options(self, words: Sequence[str]) -> None:
        """End with an error at an unknown option, before its value is taken for something else."""
        options = list(self._option_string_actions)
        for word in itertools.takewhile(lambda word: word != "--", words):
            name = word.partition("=")[0]
            if name.startswith("--") and not any(each.startswith(name) for each in options):
                self.error(f"there is no option {name}: {nearest(name, options)}".rstrip(": "))

    def print_help(self, file: Any = None) -> None:
        put(self.format_help().rstrip())


def cut_at_dashes(argv: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """A command's own words, and those behind a "--", which are another program's."""
    words = list(sys.argv[1:] if argv is None else argv)
    cut = words.index("--") if "--" in words else len(words)
    return words[:cut], words[cut + 1 :]


def put(results: str) -> None:
    """Print results to stdout, at once; OutputError if they cannot be written."""
    try:
        sys.stdout.write(f"{results}\n")  # one write, which threads do not tear apart
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise OutputError(first_sentence(error)) from error


def say(message: str) -> None:
    """Tell the user something beside the results, to stderr; where that fails, nothing stops."""
    if sys.stderr is None:  # closed
        return
    try:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _discard(sys.stderr)


def say_written(path: str | os.PathLike[str]) -> None:
    """Tell where a file or folder asked for has been written."""
    say(f"wrote {os.fspath(path)}")


def nearest(word: str, known: Iterable[str]) -> str:
    """What to say of a word that is none of those known: the nearest, if any is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else ""


def table(rows: Sequence[Sequence[str]], *, left: int = 0) -> str:
    """Rows of words as aligned columns, the first `left` of them to the left."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    aligned = [
        [
            word.ljust(n) if i < left else word.rjust(n)
            for i, (word, n) in enumerate(zip(row, widths))
        ]
        for row in rows
    ]
    return "\n".join("  ".join(words) for words in aligned)


def run(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Call a command's main; what the user can mend becomes one line on stderr and exit code 2."""
    try:
        with _interruptible():
            _mend_streams()
            return in_one_chunk(main)(argv)
    except Error as error:
        if isinstance(error, OutputError):
            _discard(sys.stdout)
        if isinstance(error, NetworkError):
            _say_own_traceback(error.__cause__)
        say(f"error: {error}")
        return 2
    except Interrupted as interrupted:
        say(str(interrupted))
        return interrupted.exit_code
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except BrokenPipeError:  # `| head` closed our stdout: leave quietly, as other tools do
        _discard(sys.stdout)
        return 141


def _say_own_traceback(error: BaseException | None) -> None:
    """Show the traceback of a user's own code, if it is its fault: from its first frame on."""
    if error is None:
        return
    frame = error.__traceback__
    while frame is not None and _is_library(frame.tb_frame.f_code.co_filename):
        frame = frame.tb_next
    if frame is not None:
        say("".join(traceback.format_exception(type(error), error, frame)).rstrip())


def _is_library(file: str) -> bool:
    is_ours = file.startswith(os.path.dirname(__file__) + os.sep)
    return is_ours or f"{os.sep}tensorflow{os.sep}" in file


def end(main: Callable[[Sequence[str] | None], int]) -> NoReturn:
    """Run a command's main as this process, which ends with its exit code.

    What a process does at its end is done: threads are waited for, exit functions called, streams
    flushed. What the system frees anyway is not taken apart, which takes TensorFlow half a second.
    """
    code = run(main)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _mend_streams() -> None:
    """Give closed streams a place, lest the next file that is opened become one of them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8")
    if sys.stdout is None:
        raise OutputError("it is closed")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # its encoding may lack letters of a file's name
            stream.reconfigure(errors="backslashreplace")


def _discard(stream: TextIO | None) -> None:
    """Drop what a stream holds and all to come: Python would fail on it again when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        with open(os.devnull, "wb") as devnull:
            os.dup2(devnull.fileno(), stream.fileno())  # type: ignore[union-attr]


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt, or ends the process at once while TensorFlow is imported.

    Extension modules of TensorFlow turn the exception into others, or swallow it. In a process
    that was started to ignore Ctrl-C, as jobs in the background of a script are, it stays ignored.
    """
    noted = []

    def interrupt(number: int, frame: Any) -> None:
        noted.append(number)
        compat = sys.modules.get("tf1_dnn.compat")
        if compat is not None and not hasattr(compat, "tf"):
            os._exit(128 + number)
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    try:
        signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not the main thread, which alone is interrupted
        before = None
    try:
        yield
    except Exception as error:
        if noted:
            raise KeyboardInterrupt from error
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)

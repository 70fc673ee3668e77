"""SIGTERM and Ctrl-C during a run: noted, so that the epoch can be finished and saved first."""

import contextlib
import os
import signal
import socket
import threading
from typing import Any, Iterator

from tf1_dnn.errors import Interrupted


@contextlib.contextmanager
def signals_noted() -> Iterator[list[int]]:
    """SIGTERM and SIGINT are noted in the list yielded; a second one ends the process at once."""
    noted: list[int] = []

    def note(number: int, frame: Any) -> None:
        noted.append(number)
        for each in handlers:
            signal.signal(each, signal.SIG_DFL)

    handlers = {number: signal.getsignal(number) for number in heeded()}
    try:
        for number in handlers:
            signal.signal(number, note)
    except ValueError:  # not the main thread, as in some notebooks: signals stay as they are
        handlers = {}
    try:
        yield noted
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def heeded() -> list[signal.Signals]:
    """Those that this process was not started to ignore, as a script's background jobs are."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def raise_if_noted(signals: list[int]) -> None:
    """Raise Interrupted for the first signal noted."""
    if signals:
        raise Interrupted(signals[0])


@contextlib.contextmanager
def exiting_at_signals() -> Iterator[None]:
    """SIGTERM and SIGINT end the process at once, with exit code 128 + N. In the main thread only.

    Python's own handlers wait for the main thread, which may be deep inside TensorFlow; and the
    first process of a container, which ignores signals without a handler, would not end at all.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)

    def wait() -> None:
        number = reader.recv(1)  # nothing once the writer is closed
        if number:
            os._exit(128 + number[0])

    thread = threading.Thread(target=wait, daemon=True)
    handlers = {number: signal.signal(number, lambda *_: None) for number in heeded()}
    before = signal.set_wakeup_fd(writer.fileno())  # where Python notes a signal when it comes
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        writer.close()
        thread.join()
        reader.close()

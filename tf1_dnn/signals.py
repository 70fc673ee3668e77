"""SIGTERM and Ctrl-C during a run: noted, so that the epoch can be finished and saved first."""

from __future__ import annotations

import contextlib
import signal
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

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
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


def raise_if_noted(signals: list[int]) -> None:
    """Raise Interrupted for the first signal noted."""
    if signals:
        raise Interrupted(signals[0])

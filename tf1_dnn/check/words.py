"""Words for findings."""

from __future__ import annotations

from typing import Iterable


def some(names: Iterable[str], most: int = 3) -> str:
    """The first few of some names, and how many there are besides."""
    listed = list(dict.fromkeys(names))
    rest = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + rest

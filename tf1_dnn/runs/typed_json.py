"""JSON that others may have written: bounded in size, of the types that are meant, or refused."""

import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tf1_dnn.errors import RunError, told
from tf1_dnn.files import open_regular

# What reading, parsing and converting hostile text can raise.
FAULTS = (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError, MemoryError)

T = TypeVar("T")


def read(path: Path, kind: type[T], *, most_bytes: int = 1 << 20) -> T:
    """A file's JSON as a value of `kind`, such as a dataclass. Raises FAULTS.

    Not only what is malformed is refused, but also null or text in the place of a number, numbers
    out of range, and a file that is larger than any that we write.
    """
    return convert(json.loads(text(path, most_bytes=most_bytes)), kind)


def text(path: Path, *, most_bytes: int) -> str:
    """A regular file's text. Raises OSError, or ValueError if it is larger than `most_bytes`.

    A file that this user may not read is not damaged: that is a RunError.
    """
    with told(RunError, f"cannot read {path}", "permit it", PermissionError):
        file = io.TextIOWrapper(open_regular(path), encoding="utf-8")
    with file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise ValueError(f"{path.name} has {size:,} bytes, more than {most_bytes:,}")
        return file.read(most_bytes)


def convert(value: Any, kind: type[T]) -> T:
    """A parsed value as one of `kind`; ValueError, which says where, if it is none."""
    return msgspec.convert(value, kind)


def dumps(value: Any) -> str:
    """A value, dataclasses in it or itself one, as indented JSON with a line end."""
    return json.dumps(value, indent=1, default=dataclasses.asdict) + "\n"

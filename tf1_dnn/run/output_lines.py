"""Which output lines of a notebook's cell came out again, and how two lines are compared.

Compared is what a cell wrote to standard output and its result's plain text, line by line; of a
line that was rewritten by carriage returns, the last state. Not compared: pictures, HTML, other
displays and standard error; blank lines; lines with a memory address; what %time and %timeit say.

A stored line came out again if the cell's new lines hold it, in the stored order: the same text,
white space left out, with the same numbers. Numbers are compared by value, so 0.50 is 0.5; given a
count of digits, two numbers are the same if they differ by no more than half a unit of that
significant digit of the larger. A number inside a word, as in hidden1, is part of the word.
"""

import difflib
import math
import os
import re
from typing import Any, Iterator, NamedTuple, Sequence

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")
_NOT_COMPARED = re.compile(
    r"\b0x[0-9a-f]{6,}|^(CPU times|Wall time): |\bloops?, best of \d|\d loops? each\)"
)
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Line(NamedTuple):
    """An output line as it is compared."""

    text: str
    words: str  # the text without its numbers and white space
    numbers: tuple[float, ...]


class Agreement(NamedTuple):
    """How many stored lines of a cell came out again, and the first that did not."""

    n_stored: int
    n_again: int
    difference: str | None


def compare(stored: Sequence[Any], new: Sequence[Any], *, digits: int | None = None) -> Agreement:
    """Compare a cell's stored outputs with its new ones, both in nbformat's form.

    `digits` is to how many significant digits numbers have to agree; by default to all.
    """
    old_lines, new_lines = list(lines(stored)), list(lines(new))
    partners = _partners([line.words for line in old_lines], [line.words for line in new_lines])
    differences = [
        _difference(line, new_lines[partners[index]] if index in partners else None, digits)
        for index, line in enumerate(old_lines)
    ]
    n_again = differences.count(None)
    return Agreement(len(old_lines), n_again, next(filter(None, differences), None))


def lines(outputs: Sequence[Any]) -> Iterator[Line]:
    """The lines of a cell's outputs that are compared."""
    for text in map(_text, outputs):
        for row in _COLOUR.sub("", text).split("\n"):
            row = row.rstrip().rpartition("\r")[2]
            if row.strip() and not _NOT_COMPARED.search(row):
                numbers = tuple(float(number) for number in _NUMBER.findall(row))
                yield Line(row, "".join(_NUMBER.sub("#", row).split()), numbers)


def _text(output: Any) -> str:
    if output.output_type == "stream" and output.name == "stdout":
        return str(output.text)
    if output.output_type == "execute_result":
        return str(output.data.get("text/plain", ""))
    return ""


def _partners(stored: list[str], new: list[str]) -> dict[int, int]:
    """Which new line stands for which stored line: the longest runs of equal words, in order."""
    n_common = len(os.path.commonprefix([stored, new]))
    partners = {index: index for index in range(n_common)}
    rest = difflib.SequenceMatcher(None, stored[n_common:], new[n_common:], autojunk=False)
    for i, j, n_lines in rest.get_matching_blocks():
        partners.update((n_common + i + k, n_common + j + k) for k in range(n_lines))
    return partners


def _difference(stored: Line, new: Line | None, digits: int | None) -> str | None:
    if new is None:
        return f"{stored.text!r} did not come"
    if all(_same(a, b, digits) for a, b in zip(stored.numbers, new.numbers)):
        return None
    return f"{stored.text!r} is now {new.text!r}"


def _same(a: float, b: float, digits: int | None) -> bool:
    larger = max(abs(a), abs(b))
    if a == b or digits is None or math.isinf(larger):
        return a == b
    unit = 10.0 ** (math.floor(math.log10(larger)) + 1 - digits)
    return abs(a - b) <= unit / 2

"""Readers of CSV files: a label and numbers in every line, as the well-known mnist_train.csv."""

import csv
import math
import os
from typing import IO, Any, Iterator, NamedTuple, Sequence

import numpy as np

from tf1_dnn.data.formats import Array
from tf1_dnn.data.own import Own, Pair, set_test_aside
from tf1_dnn.errors import DataError, told

SUFFIX = ".csv"
_LABEL = "label"  # what a header calls the column of labels; without a header it is the first
_MOST_LINE = 1 << 22  # characters; a picture of a million pixels has less
_LARGEST_LABEL = 2**31 - 1


class _Table(NamedTuple):
    """A file's content."""

    values: Array  # float32 [n, columns]
    labels: list[str]


def read(path: str) -> Own:
    """The examples of a CSV file, and of the test file that may lie beside it.

    Beside a file with "train" in its name, one with "test" in its place is the test set; otherwise
    a sixth of the examples is. Labels are numbers of classes from 0 on, or names. Whole numbers
    from 0 to 255 are grey levels, uint8, `[n, side, side]` where they make a square; all other
    numbers are float32 `[n, columns]`, taken as they are.

    Raises DataError, which names the line, for what is no such table.
    """
    folder, name = os.path.split(path)
    beside = os.path.join(folder, name.replace("train", "test"))
    has_test = beside != path and os.path.isfile(beside)
    tables = [_read_table(each) for each in ([path, beside] if has_test else [path])]
    n_columns = [table.values.shape[1] for table in tables]
    if n_columns[0] != n_columns[-1]:
        raise DataError(
            f"{beside} has {n_columns[1]} numbers a line, {path} {n_columns[0]}: mend it"
        )
    values = _as_pictures([table.values for table in tables])
    labels, classes = _classes([table.labels for table in tables])
    pairs: list[Pair] = list(zip(values, labels))
    if not has_test:
        return set_test_aside(pairs[0], classes)
    return Own(pairs[0], pairs[1], has_test=True, classes=classes)


def _read_table(path: str) -> _Table:
    if not os.path.isfile(path):
        raise DataError(f"there is no file {path!r}: name a CSV file")
    remedy = "save it as text with commas between the columns"
    with told(DataError, f"cannot read {path}", remedy, OSError, csv.Error, MemoryError):
        with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
            return _parse(csv.reader(_lines(file, path)), path)


def _lines(file: IO[str], path: str) -> Iterator[str]:
    number = 0
    while line := file.readline(_MOST_LINE):
        number += 1
        if len(line) == _MOST_LINE:
            raise DataError(f"{path}, line {number} has no end: begin a line for each example")
        yield line


def _parse(rows: Any, path: str) -> _Table:
    """The table of a csv.reader."""
    first: list[str] = next((row for row in rows if row), [])
    column, n_columns = _label_column(first, path), len(first)
    data, labels = bytearray(), list[str]()
    if column is None:
        column = 0
        _add(first, column, data, labels, f"{path}, line {rows.line_num}")
    for row in rows:
        if not row:
            continue
        where = f"{path}, line {rows.line_num}"
        if len(row) != n_columns:
            raise DataError(f"{where} has {len(row)} columns: give it {n_columns}, as the first")
        _add(row, column, data, labels, where)
    if not labels:
        raise DataError(f"{path} holds no examples: give it a line for each")
    return _Table(np.frombuffer(data, np.float32).reshape(len(labels), -1), labels)


def _label_column(first: Sequence[str], path: str) -> int | None:
    """The column that a header calls label; None if the first line is no header, but an example."""
    if len(first) < 2:
        raise DataError(f"{path} has one column: put commas between the label and the numbers")
    names = [name.strip().lower() for name in first]
    if _LABEL in names:
        return names.index(_LABEL)
    if all(_is_number(name) for name in names[1:]):
        return None
    remedy = "call the labels' column that, or put labels first and drop the header"
    raise DataError(f"{path} has words in its first line, but no column {_LABEL!r}: {remedy}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _add(row: list[str], column: int, data: bytearray, labels: list[str], where: str) -> None:
    """Append a line's numbers to `data`, as float32, and its label."""
    labels.append(_label(row.pop(column).strip(), where))
    try:
        with np.errstate(over="ignore"):
            values = np.fromiter(map(float, row), np.float64, len(row)).astype(np.float32)
    except ValueError:
        word = next(word for word in row if not _is_number(word))
        raise DataError(f"{where} has {word!r} where a number belongs: mend the line") from None
    if not np.isfinite(values).all():
        raise DataError(f"{where} has a number that is not finite: replace it or drop the line")
    data += values.tobytes()


def _label(text: str, where: str) -> str:
    if not text:
        raise DataError(f"{where} has no label: give it one or drop the line")
    if _is_number(text) and not _is_class_number(text):
        raise DataError(f"{where} has the label {text}: number classes 0, 1, 2, ... or name them")
    return text


def _is_class_number(text: str) -> bool:
    number = float(text) if _is_number(text) else math.nan
    return 0 <= number <= _LARGEST_LABEL and number.is_integer()


def _as_pictures(parts: list[Array]) -> list[Array]:
    """The numbers of train and test as grey levels where they can all be, else as they are."""
    if any(part.min() < 0 or part.max() > 255 or (part != np.rint(part)).any() for part in parts):
        return parts
    side = math.isqrt(parts[0].shape[1])
    shape = (side, side) if side * side == parts[0].shape[1] else parts[0].shape[1:]
    return [part.astype(np.uint8).reshape(-1, *shape) for part in parts]


def _classes(parts: list[list[str]]) -> tuple[list[Array], tuple[str, ...] | None]:
    """The labels of train and test as numbers, and the classes' names if they have names."""
    if all(_is_class_number(label) for label in {*sum(parts, [])}):
        return [np.array([int(float(label)) for label in part]) for part in parts], None
    names = sorted({*sum(parts, [])})
    numbers = {name: number for number, name in enumerate(names)}
    return [np.array([numbers[label] for label in part]) for part in parts], tuple(names)

"""What a comparison found, to be read or as JSON."""

import json
import math
from typing import Any, Iterator

from tf1_dnn import cli
from tf1_dnn.check.report import printable
from tf1_dnn.diff.comparison import Comparison

_MOST = 12  # rows of a table
_FEW = 5


def report(found: Comparison) -> str:
    """The sentence, what differs, the stages at which values were compared."""
    parts = [f"{found.sources[0]} against {found.sources[1]}", found.verdict, *_differences(found)]
    if found.stages:
        parts.append(_stages(found))
    parts += ["\n".join(f"note: {note}" for note in found.notes)] * bool(found.notes)
    return "\n".join(map(printable, "\n\n".join(parts).split("\n")))


def _differences(found: Comparison) -> Iterator[str]:
    deciding = [each for each in found.differences if each.changes_digits]
    harmless = [each for each in found.differences if not each.changes_digits]
    if deciding:
        rows = [["what changes digits", "old", "new"]]
        rows += [[each.what, each.old, each.new] for each in deciding[:_MOST]]
        more = f"\n… and {len(deciding) - _MOST} more" if len(deciding) > _MOST else ""
        yield _table(rows) + more
    if harmless:
        told = ", ".join(f"{each.what} ({each.old}, {each.new})" for each in harmless[:_FEW])
        yield f"harmless: {told}" + (", …" if len(harmless) > _FEW else "")
    renamed = [(a, b) for a, b in found.variables if a != b]
    if renamed:
        rows = [["old variable", "new variable"], *map(list, renamed[:_MOST])]
        yield _table(rows) + (f"\n… and {len(renamed) - _MOST} more" if renamed[_MOST:] else "")


def _stages(found: Comparison) -> str:
    """A row for each part of the computing, with its worst stage; and the one where they part."""
    rows = [["compared", "places", "largest difference", "at"]]
    for when in dict.fromkeys(each.when for each in found.stages):
        part = [each for each in found.stages if each.when == when]
        worst = max(part, key=lambda each: each.difference)
        rows.append([when, str(len(part)), f"{worst.difference:.0e}", worst.name])
    return _table(rows)


def _table(rows: list[list[str]]) -> str:
    return "\n".join(line.rstrip() for line in cli.table(rows, left=len(rows[0])).splitlines())


def as_json(found: Comparison) -> str:
    """All of it; a difference that is no number, as of two shapes, is null."""
    content = found._asdict()
    content["differences"] = [each._asdict() for each in found.differences]
    content["stages"] = [_finite(each._asdict()) for each in found.stages]
    return json.dumps({"same": found.is_same, "verdict": found.verdict, **content}, indent=1)


def _finite(stage: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in stage.items()
    }

"""A baseline: findings that a team takes as they are, so that only new ones are told."""

import json
import os
from pathlib import Path
from typing import Iterable

from tf1_dnn.check.findings import Finding, GraphError
from tf1_dnn.errors import Error, told
from tf1_dnn.files import open_regular

_MOST_BYTES = 1 << 26
_REMEDY = "write one with --write-baseline FILE"

Known = frozenset[tuple[str, tuple[str, ...]]]


def read(path: str) -> Known:
    """The findings that a file lists; GraphError if it is no baseline."""
    faults = (OSError, ValueError, KeyError, TypeError, RecursionError)
    with told(GraphError, f"{path} is no baseline", _REMEDY, *faults):
        with open_regular(path) as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError(f"it has more than {_MOST_BYTES:,} bytes")
        entries = json.loads(text)["findings"]
        return frozenset((str(each["rule"]), tuple(map(str, each["ops"]))) for each in entries)


def write(path: str, findings: Iterable[Finding]) -> None:
    """Write the findings' rules and ops, whole or not at all; Error if the disk refuses."""
    entries = sorted({(each.rule, each.ops) for each in findings})
    text = json.dumps({"findings": [dict(rule=rule, ops=ops) for rule, ops in entries]}, indent=1)
    target, partial = Path(path), Path(f"{path}.partial")
    with told(Error, f"cannot write the baseline {path}", "permit it, or name another", OSError):
        partial.write_text(text + "\n", encoding="utf-8")
        os.replace(partial, target)


def unknown(findings: Iterable[Finding], known: Known) -> list[Finding]:
    """The findings that a baseline does not list."""
    return [each for each in findings if (each.rule, each.ops) not in known]

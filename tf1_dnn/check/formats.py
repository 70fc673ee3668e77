"""Findings for other programs: SARIF for code scanning, commands for GitHub's log."""

import importlib.metadata
import json
import re
from typing import Any, Sequence

from tf1_dnn.check import Checked
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.report import remedy
from tf1_dnn.check.rules import RULES

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_GITHUB = {"error": "error", "warning": "warning", "note": "notice"}
_PLACE = re.compile(r"^(?P<file>.*), line (?P<line>\d+)")


def as_sarif(checked: Sequence[Checked]) -> str:
    """SARIF 2.1.0: one run, with every rule that found something and all findings."""
    used = sorted({finding.rule for each in checked for finding in each.findings})
    driver = {
        "name": "tf1_dnn.check",
        "version": importlib.metadata.version("tf1_dnn"),
        "rules": [
            {
                "id": id,
                "shortDescription": {"text": RULES[id].title},
                "help": {"text": remedy(id)},
                "defaultConfiguration": {"level": RULES[id].severity},
            }
            for id in used
        ],
    }
    results = [_result(finding, each.source) for each in checked for finding in each.findings]
    run = {"tool": {"driver": driver}, "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _result(finding: Finding, source: str) -> dict[str, Any]:
    file, line = _place(finding, source)
    physical: dict[str, Any] = {"artifactLocation": {"uri": file}}
    if line:
        physical["region"] = {"startLine": line}
    location = {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": name} for name in finding.ops],
    }
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [location],
    }


def _place(finding: Finding, source: str) -> tuple[str, int]:
    """The program's file and line, where they are known; else the graph's file and 0."""
    match = _PLACE.match(finding.place)
    return (match["file"], int(match["line"])) if match else (source, 0)


def as_github(checked: Sequence[Checked]) -> str:
    """A workflow command for each finding, which GitHub shows beside the file."""
    return "\n".join(
        _command(finding, each.source) for each in checked for finding in each.findings
    )


def _command(finding: Finding, source: str) -> str:
    file, line = _place(finding, source)
    where = f"file={_escaped(file, ',:')}" + (f",line={line}" if line else "")
    title = _escaped(f"{finding.rule}: {RULES[finding.rule].title}", ",:")
    text = _escaped(f"{finding.message} ({', '.join(finding.ops[:3])})")
    return f"::{_GITHUB[finding.severity]} {where},title={title}::{text}"


def _escaped(text: str, more: str = "") -> str:
    """As GitHub's workflow commands want it; in their properties commas and colons as well."""
    for letter in "%\r\n" + more:
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text

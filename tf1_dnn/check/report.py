"""What was found, to be read in a terminal or a CI log, or as JSON; and the rules' pages."""

import importlib.resources
import itertools
import json
import re
from typing import Any, Iterator

from tf1_dnn.check import Checked
from tf1_dnn.check.findings import SEVERITIES, Finding, GraphError
from tf1_dnn.check.rules import RULES
from tf1_dnn.check.rules.registry import some

_MOST_FINDINGS = 10  # of a rule, in the report; JSON has them all
_MOST_OPS = 4  # of a finding
_MOST_STEPS = 4  # kinds of them
_WIDTH = 100


def page(rule_id: str) -> str:
    """A rule's page, Markdown; GraphError for an unknown rule."""
    if rule_id not in RULES:
        raise GraphError(f"unknown rule {rule_id[:50]!r}: choose from {', '.join(sorted(RULES))}.")
    return (importlib.resources.files(__package__) / "explain" / f"{rule_id}.md").read_text("utf-8")


def remedy(rule_id: str) -> str:
    """The first paragraph under Remedy on a rule's page, on one line."""
    match = re.search(r"^## Remedy\s+(.*?)(?=\n\n|\Z)", page(rule_id), re.MULTILINE | re.DOTALL)
    return " ".join(match[1].split()) if match else ""


def report(checked: Checked) -> str:
    """Grouped by rule, worst first."""
    found = ", ".join(map(_printable, checked.train_ops[:3])) or "not found"
    more = ", …" if len(checked.train_ops) > 3 else ""
    guessed = " (guessed; --train-op tells what a step fetches)" if checked.guessed else ""
    lines = [f"{checked.source}: {checked.n_ops} ops; train op: {found}{more}{guessed}"]
    lines += [*_steps(checked), ""]
    for _, group in itertools.groupby(checked.findings, key=lambda finding: finding[:2]):
        lines += [*_group(list(group)), ""]
    if checked.left_out:
        told = f"Not checked, for no train op was found: {', '.join(checked.left_out)}. If the "
        told += "graph trains, name what a step fetches: --train-op NAME."
        lines += [*_wrapped(told, ""), ""]
    return "\n".join([*lines, _summary(checked.findings)])


def _steps(checked: Checked) -> Iterator[str]:
    """What the steps of a program fetched, where it was watched."""
    for times, fetches in checked.steps[:_MOST_STEPS]:
        yield from _wrapped(f"{times} step{'s' * (times > 1)} fetched {some(fetches)}", "  ")
    if len(checked.steps) > _MOST_STEPS:
        yield f"  … and {len(checked.steps) - _MOST_STEPS} kinds of step more"


def _group(findings: list[Finding]) -> Iterator[str]:
    first = findings[0]
    yield f"{first.rule} {first.severity}: {RULES[first.rule].title}"
    for finding in findings[:_MOST_FINDINGS]:
        yield from _wrapped(finding.message, "  - ")
        names = [_printable(name) for name in finding.ops[:_MOST_OPS]]
        yield from (f"      {name}" for name in names)
        if len(finding.ops) > _MOST_OPS:
            yield f"      … and {len(finding.ops) - _MOST_OPS} ops more"
    if len(findings) > _MOST_FINDINGS:
        yield f"  - … and {len(findings) - _MOST_FINDINGS} more of this kind (--json lists them)"
    yield from _wrapped(remedy(first.rule), "  remedy: ")
    yield f"  why, and in code: python -m tf1_dnn.check --explain {first.rule}"


def _summary(findings: list[Finding]) -> str:
    counts = [(sum(each.severity == kind for each in findings), kind) for kind in SEVERITIES]
    said = [f"{count} {kind}{'s' * (count > 1)}" for count, kind in counts if count]
    return ", ".join(said) or "nothing found"


def _wrapped(text: str, first: str) -> Iterator[str]:
    """Lines of at most _WIDTH where words allow it; names are never broken."""
    line = first
    for word in _printable(text).split():
        if len(line) + len(word) > _WIDTH and line.strip(" -"):
            yield line.rstrip()
            line = " " * len(first)
        line += word + " "
    yield line.rstrip()


def _printable(name: str) -> str:
    """Names come from files of unknown origin: no control characters reach the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def as_json(checked: Checked) -> str:
    """Everything that the report says, and all of the findings."""
    findings: list[dict[str, Any]] = [
        {**finding._asdict(), "title": RULES[finding.rule].title} for finding in checked.findings
    ]
    return json.dumps({**checked._asdict(), "findings": findings}, indent=1)

"""What was found, to be read in a terminal or a CI log, or as JSON; and the rules' pages."""

import importlib.resources
import itertools
import json
import re
from typing import Any, Iterator, Sequence

from tf1_dnn.check import Checked
from tf1_dnn.check.findings import SEVERITIES, Finding, GraphError
from tf1_dnn.check.rules import RULES
from tf1_dnn.check.rules.registry import some
from tf1_dnn.cli import table

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
    found = ", ".join(map(printable, checked.train_ops[:3])) or "not found"
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
        names = [printable(name) for name in finding.ops[:_MOST_OPS]]
        yield from (f"      {name}" for name in names)
        if len(finding.ops) > _MOST_OPS:
            yield f"      … and {len(finding.ops) - _MOST_OPS} ops more"
        if finding.place:
            yield from _wrapped(f"made at {finding.place}", "      ")
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
    for word in printable(text).split():
        if len(line) + len(word) > _WIDTH and line.strip(" -"):
            yield line.rstrip()
            line = " " * len(first)
        line += word + " "
    yield line.rstrip()


def printable(name: str) -> str:
    """Names come from files of unknown origin: no control characters reach the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def as_json(checked: Checked) -> str:
    """Everything that the report says, and all of the findings."""
    return json.dumps(_as_dict(checked), indent=1)


def as_json_list(checked: Sequence[Checked]) -> str:
    """The same of several graphs, as a list."""
    return json.dumps([_as_dict(each) for each in checked], indent=1)


def _as_dict(checked: Checked) -> dict[str, Any]:
    findings: list[dict[str, Any]] = [
        {**each._asdict(), "title": RULES[each.rule].title, "basis": basis(checked, each.rule)}
        for each in checked.findings
    ]
    return {**checked._asdict(), "findings": findings}


def basis(checked: Checked, rule_id: str) -> str:
    """What a finding is known by."""
    by = RULES[rule_id].basis
    if by != "train op":
        return by
    if checked.steps:
        return "session"
    return "train op, guessed" if checked.guessed else "train op, named"


def overview(checked: Sequence[Checked]) -> str:
    """A line for each graph: how many findings of each severity, and of which rules."""
    rows = [["graph", *(f"{kind}s" for kind in SEVERITIES), "rules"]]
    for each in checked:
        counts = [sum(f.severity == kind for f in each.findings) for kind in SEVERITIES]
        ids = " ".join(sorted({finding.rule for finding in each.findings}))
        rows.append([printable(each.source), *map(str, counts), ids])
    return "\n".join(line.rstrip() for line in table(rows, left=1).splitlines())

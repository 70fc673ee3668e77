"""The report: tables in Markdown, everything in JSON, a figure per experiment."""

import json
import math
from pathlib import Path
from typing import Any, Mapping, Sequence

from tf1_dnn.errors import RunError, told
from tf1_dnn.experiments import cells
from tf1_dnn.experiments.estimates import Estimate
from tf1_dnn.experiments.protocol import QUICK, Result, Row, conclude
from tf1_dnn.experiments.registry import EXPERIMENTS
from tf1_dnn.runs import durable, plots
from tf1_dnn.spec import PathLike


def write(folder: Path, results: Sequence[Result], facts: Mapping[str, Any]) -> list[Path]:
    """Write report.md, report.json and a PNG per experiment; returns their paths.

    `facts` are what the figures depend on beside the code: the command, the data, the seeds.

    Raises RunError where a file cannot be written.
    """
    paths = [folder / f"{result.name}.png" for result in results]
    for result, path in zip(results, paths):
        plot(result, path)
    texts = {"report.md": whole_markdown(results, facts), "report.json": as_json(results, facts)}
    advice = "make room, or name another folder; finished cells are kept."
    with cells.writing(f"the report to {folder}", advice):
        for name, text in texts.items():
            durable.write_whole(folder / name, text)
    return [*(folder / name for name in texts), *paths]


def read_report(path: PathLike) -> dict[str, Result]:
    """The results in a report.json, by name; rows and verdicts are made anew from its values.

    Raises RunError for a file that is missing or not a report.
    """
    faults = (OSError, ValueError, LookupError, TypeError, AttributeError)
    remedy = "make it with python -m tf1_dnn.experiments"
    with told(RunError, f"cannot read the report {path}", remedy, *faults):
        kept = json.loads(Path(path).read_text(encoding="utf-8"))
        values = {name: each["values"] for name, each in kept["experiments"].items()}
        return {
            name: conclude(EXPERIMENTS[name], values[name], quick=kept["quick"]) for name in values
        }


def plot(result: Result, path: PathLike) -> None:
    """Draw an experiment's figure into a .png, .pdf or .svg file; Error if that cannot be."""
    plots.save(result.experiment.draw(result.values), path)


def verdicts_markdown(results: Sequence[Result]) -> str:
    """One line per claim: what the post says, whether it holds, by which figures."""
    lines = ["| the post says | verdict | by these figures |", "| --- | --- | --- |"]
    for result in results:
        for claim, verdict in zip(result.experiment.claims, result.verdicts):
            lines.append(f"| {claim.sentence} | **{verdict.word}** | {verdict.because} |")
    return "\n".join(lines)


def markdown(result: Result) -> str:
    """The table of an experiment: mean [95% interval] over the seeds."""
    lines = [
        "| quantity | condition | mean [95%] | control | its mean [95%] | difference [95%] | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in result.rows:
        entries = (row.quantity, row.condition, row.value.text(row.form), *_compared(row))
        lines.append("| " + " | ".join((*entries, str(row.value.n))) + " |")
    return "\n".join(lines)


def _compared(row: Row) -> tuple[str, str, str]:
    if row.control_value is None or row.difference is None:
        return "", "", ""
    sign = "" if row.form.startswith("+") else "+"
    return row.control, row.control_value.text(row.form), row.difference.text(sign + row.form)


def whole_markdown(results: Sequence[Result], facts: Mapping[str, Any]) -> str:
    """report.md: the verdicts, then each experiment's claims, rules, table and figure."""
    parts = ["# The post's claims put to the test"]
    data = f"{facts['data']} (SHA-256 {facts['data_sha256'][:12]}…)"
    parts.append(
        f"Made by `{facts['command']}` on {data}, {facts['seeds']} seeds, TensorFlow "
        f"{facts['tensorflow']}. A seed decides initial weights, shuffling, dropout and which "
        "training images are taken. Means over seeds with 95% intervals (Student's t); differences "
        "are paired by seed. Rules were written before the figures, unless a setup says "
        "otherwise, and verdicts are computed from them."
    )
    parts.append(verdicts_markdown(results))
    for result in results:
        parts += _section(result)
    return "\n\n".join(parts) + "\n"


def _section(result: Result) -> list[str]:
    experiment = result.experiment
    parts = [f"## {experiment.title}", experiment.setup]
    for claim, verdict in zip(experiment.claims, result.verdicts):
        word = QUICK.capitalize() if verdict.word == QUICK else f"Verdict: {verdict.word}"
        parts.append(
            f"- *Claim.* {claim.sentence}\n- *Rule.* {claim.rule}\n"
            f"- ***{word}.*** {verdict.because}."
        )
    return [*parts, f"![{experiment.title}]({result.name}.png)", markdown(result)]


def as_json(results: Sequence[Result], facts: Mapping[str, Any]) -> str:
    """report.json: facts, and each experiment's rules, verdicts, rows and values per seed."""
    experiments = {result.name: _as_dict(result) for result in results}
    return json.dumps({**facts, "experiments": experiments}, indent=1, ensure_ascii=False) + "\n"


def _as_dict(result: Result) -> dict[str, Any]:
    claims = [
        {"claim": claim.sentence, "rule": claim.rule, "verdict": word, "because": because}
        for claim, (word, because) in zip(result.experiment.claims, result.verdicts)
    ]
    return {
        "title": result.experiment.title,
        "setup": result.experiment.setup,
        "claims": claims,
        "rows": [_row_as_dict(row) for row in result.rows],
        "values": result.values,
    }


def _row_as_dict(row: Row) -> dict[str, Any]:
    return {
        name: _estimate_as_dict(value) if isinstance(value, Estimate) else value
        for name, value in row._asdict().items()
        if name != "form"
    }


def _estimate_as_dict(value: Estimate) -> dict[str, float | None]:
    return {
        name: number if math.isfinite(number) else None for name, number in value._asdict().items()
    }

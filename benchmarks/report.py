"""What the benchmark makes of its results: medians, ratios, the table, the Markdown in a file."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any, Sequence

from contenders import BASELINE, CONTENDERS, Result

from tf1_dnn.benchmark import flops_per_example
from tf1_dnn.config import PRESETS

IMAGE_SHAPE, N_OUTPUTS = (28, 28), 10  # MNIST's
QUIET = 0.8  # of the best rate of sgemm: what a quiet machine never falls below
N_WARM_UP = 2  # epochs at the start of each process that are not counted as steady
Table = list[list[str]]


def steady_epochs(results: Sequence[Result]) -> list[float]:
    """Seconds of all rounds' epochs after the first two; of a shorter run, its last epoch."""
    epochs = [result["epoch_seconds"] for result in results]
    return [s for seconds in epochs for s in seconds[N_WARM_UP:] or seconds[-1:]]


def summary(
    results: Sequence[Result], gflops: float, n_examples: int, preset: str
) -> dict[str, Any]:
    """The figures of one contender under one preset; `results` has one entry per round.

    `n_examples` are those of an epoch, `gflops` is the rate of NumPy's matrix products.
    """
    flops = n_examples * flops_per_example(PRESETS[preset], IMAGE_SHAPE, N_OUTPUTS)

    def median(values: Any) -> float:
        return statistics.median(values)

    steady = steady_epochs(results)
    return {
        "epoch_seconds": median(steady),
        "epoch_seconds_range": [min(steady), max(steady)],
        "times_sgemm": median(steady) * gflops * 1e9 / flops,
        "job_seconds": median(r["job_seconds"] for r in results),
        "peak_bytes": median(r["peak_bytes"] for r in results),
        "valid_accuracy": median(r["valid_accuracies"][-1] for r in results),
        "test_accuracy": median(r["test_accuracy"] for r in results),
        "versions": results[-1]["versions"],
    }


def busy(rates: Sequence[float]) -> str:
    """A sentence, if NumPy's product ran at rates further apart than on a quiet machine."""
    if min(rates) >= QUIET * max(rates):
        return ""
    return f" The machine was busy: sgemm ran at {min(rates):.0f} to {max(rates):.0f} GFLOP/s."


def versions(summaries: dict[str, dict[str, Any]]) -> str:
    """Every version that took part, each once."""
    figures = [figures for by_name in summaries.values() for figures in by_name.values()]
    parts = {f"{name} {v}" for each in figures for name, v in each["versions"].items()}
    return ", ".join(sorted(parts))


def table(summaries: dict[str, dict[str, Any]], jobs_only: bool) -> Table:
    """Header and one row per contender, ratios to the epoch loop of tf1_dnn."""
    header = ["job, s", "ratio", "peak memory, MB", "valid. acc.", "test acc."]
    epoch_header = ["epoch, s", "(min–max)", "ratio", "× sgemm"]
    rows = [["contender", *([] if jobs_only else epoch_header), *header]]
    base = summaries.get(BASELINE)
    for contender in CONTENDERS:
        if contender.name in summaries:
            figures = summaries[contender.name]
            epoch_cells = [] if jobs_only else _epoch_cells(figures, base)
            rows.append([contender.title, *epoch_cells, *_job_cells(figures, base)])
    return rows


def _epoch_cells(figures: dict[str, Any], base: dict[str, Any] | None) -> list[str]:
    low, high = figures["epoch_seconds_range"]
    return [
        f"{figures['epoch_seconds']:.3f}",
        f"({low:.3f}–{high:.3f})",
        _ratio(figures, base, "epoch_seconds"),
        f"{figures['times_sgemm']:.1f}",
    ]


def _job_cells(figures: dict[str, Any], base: dict[str, Any] | None) -> list[str]:
    return [
        f"{figures['job_seconds']:.1f}",
        _ratio(figures, base, "job_seconds"),
        f"{figures['peak_bytes'] / 1e6:.0f}",
        f"{figures['valid_accuracy']:.4f}",
        f"{figures['test_accuracy']:.4f}",
    ]


def _ratio(figures: dict[str, Any], base: dict[str, Any] | None, key: str) -> str:
    return f"{figures[key] / base[key]:.2f}" if base else "–"


def plain(rows: Table) -> str:
    """The table for a terminal."""
    rows = [[row[0].replace("**", "").replace("`", ""), *row[1:]] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths)))
        for row in rows
    )


def markdown(rows: Table) -> str:
    """The table in Markdown."""
    rule = ["---", *["---:"] * (len(rows[0]) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [rows[0], rule, *rows[1:]])


def markers(section: str) -> tuple[str, str]:
    """The comments between which a section of a Markdown file is generated."""
    return f"<!-- {section} -->", f"<!-- end of {section} -->"


def check_section(path: Path, section: str) -> None:
    """Raise ValueError if the file is there, but without the section's markers."""
    if path.exists():
        _around_section(path.read_text(encoding="utf-8"), section, path)


def write_section(path: Path, section: str, text: str) -> None:
    """Put `text` between the section's markers; a file that is not there is made with them."""
    first, last = markers(section)
    old = path.read_text(encoding="utf-8") if path.exists() else f"{first}\n{last}\n"
    before, after = _around_section(old, section, path)
    path.write_text(f"{before}{first}\n\n{text}\n\n{last}{after}", encoding="utf-8")


def _around_section(old: str, section: str, path: Path) -> tuple[str, str]:
    first, last = markers(section)
    before, found, rest = old.partition(first)
    _, ended, after = rest.partition(last)
    if not (found and ended):
        raise ValueError(f"{path} lacks the lines {first} and {last}")
    return before, after

"""An experiment's table: a quantity under each condition, beside a control, over the seeds."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence

from tf1_dnn.experiments.estimates import Estimate, Numbers, difference, estimate


class Row(NamedTuple):
    """A line of the table: a quantity under a condition, beside its control where it has one."""

    quantity: str  # with its unit
    form: str  # of its numbers
    condition: str
    value: Estimate
    control: str = ""
    control_value: Estimate | None = None
    difference: Estimate | None = None  # paired by seed: value − control


def make_row(quantity: tuple[str, str], sides: Mapping[str, Numbers]) -> Row:
    """A row of values, one per seed.

    Args:
      quantity: its name with the unit, and its format.
      sides: the condition's name and values, then its control's, if it is not its own.
    """
    (condition, values), *control = sides.items()
    row = Row(*quantity, condition, estimate(values))
    for name, beside in control:
        row = row._replace(
            control=name, control_value=estimate(beside), difference=difference(values, beside)
        )
    return row


def to_markdown(rows: Sequence[Row]) -> str:
    """The rows in Markdown: mean [95% interval] over the seeds."""
    lines = [
        "| quantity | condition | mean [95%] | control | its mean [95%] | difference [95%] | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = (row.quantity, row.condition, row.value.text(row.form), *_compared(row))
        lines.append("| " + " | ".join((*cells, str(row.value.n))) + " |")
    return "\n".join(lines)


def _compared(row: Row) -> tuple[str, str, str]:
    if row.control_value is None or row.difference is None:
        return "", "", ""
    sign = "" if row.form.startswith("+") else "+"
    return row.control, row.control_value.text(row.form), row.difference.text(sign + row.form)

"""What most experiments compare: one network with batch norm and without."""

from tf1_dnn.experiments.protocol import Values

WITH, WITHOUT = True, False  # of Config.batch_norm
BOTH = (WITH, WITHOUT)
WORD = {WITH: "batch norm", WITHOUT: "none"}  # at the end of a condition's label
LEGEND = {WITH: "batch norm", WITHOUT: "no batch norm"}  # in a figure


def labels(values: Values) -> list[list[str]]:
    """Of conditions that differ in batch norm alone: with it, without it."""
    starts = [each.removesuffix(WORD[WITH]) for each in values if each.endswith(WORD[WITH])]
    return [[start + WORD[each] for each in BOTH] for start in starts]

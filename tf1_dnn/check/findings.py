"""What a check gives: findings, or the error for a graph that cannot be read."""

from typing import NamedTuple

from tf1_dnn.errors import Error

SEVERITIES = ("error", "warning", "note")  # worst first


class GraphError(Error, ValueError):
    """A graph that cannot be read, or a name that is not in it."""


class Finding(NamedTuple):
    """One mistake in a graph."""

    rule: str  # "BN001"
    severity: str  # "error", "warning" or "note"
    ops: tuple[str, ...]  # names of the ops it is about, the most telling first
    message: str  # one or two sentences: what was found in this graph
    place: str = ""  # where the program made the first op, as in "train.py, line 31", if it ran

    @property
    def rank(self) -> tuple[int, str, tuple[str, ...]]:
        """Sorts findings worst first, then by rule."""
        return SEVERITIES.index(self.severity), self.rule, self.ops

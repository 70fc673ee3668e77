"""What a rule finds, and the registry of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Iterator, NamedTuple, Sequence

from tf1_dnn.errors import Error

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

SEVERITIES = ("error", "warning", "note")  # worst first


class GraphError(Error, ValueError):
    """A graph that cannot be read, or a name that is not in it."""


class Finding(NamedTuple):
    """One mistake in a graph."""

    rule: str  # "BN001"
    severity: str  # "error", "warning" or "note"
    ops: tuple[str, ...]  # names of the ops it is about, the most telling first
    message: str  # one or two sentences: what was found in this graph

    @property
    def rank(self) -> tuple[int, str, tuple[str, ...]]:
        """Sorts findings worst first, then by rule."""
        return SEVERITIES.index(self.severity), self.rule, self.ops


class Rule(NamedTuple):
    """A check of one kind of mistake; its page is explain/<id>.md."""

    id: str
    severity: str  # the worst its findings may have
    title: str  # a few words, as in "batch-norm updates that the train op does not run"
    needs_train_op: bool
    find: Callable[[GraphView], Iterator[Finding]]

    def finding(self, ops: Sequence[str], message: str, severity: str | None = None) -> Finding:
        """A finding of this rule, of its own severity unless told otherwise."""
        return Finding(self.id, severity or self.severity, tuple(ops), message)


RULES: dict[str, Rule] = {}  # by id; filled when the rules_* modules are imported


def rule(
    id: str, severity: str, title: str, *, needs_train_op: bool = False
) -> Callable[[Callable[[Rule, GraphView], Iterator[Finding]]], Rule]:
    """Register a function `(rule, view) -> Iterator[Finding]` as a rule.

    @rule("BN001", "error", "batch-norm updates that ...", needs_train_op=True)
    def bn001(rule, view):
        yield rule.finding([node.name], "...")

    A rule that needs a train op is left out where the graph has none.
    """
    assert severity in SEVERITIES and id not in RULES

    def register(function: Callable[[Rule, GraphView], Iterator[Finding]]) -> Rule:
        made = Rule(id, severity, title, needs_train_op, lambda view: function(made, view))
        RULES[id] = made
        return made

    return register

"""What a rule is, and the registry of rules."""

from typing import Callable, Iterable, Iterator, NamedTuple

from tf1_dnn.check.facts.variables import Variable
from tf1_dnn.check.findings import SEVERITIES, Finding, GraphError
from tf1_dnn.check.graph import Graph, Node


class Rule(NamedTuple):
    """A check of one kind of mistake; its page is explain/<id>.md."""

    id: str
    severity: str  # the worst its findings may have
    title: str  # a few words, as in "batch-norm updates that the train op does not run"
    needs_train_op: bool
    basis: str  # what it judges by: "graph" alone, the "train op", or what a "session" ran
    find: Callable[[Graph], Iterator[Finding]]

    def finding(
        self, ops: Iterable[Node | Variable], message: str, severity: str | None = None
    ) -> Finding:
        """A finding of this rule, of its own severity unless told otherwise."""
        names = tuple(each.name for each in ops)
        return Finding(self.id, severity or self.severity, names, message)


RULES: dict[str, Rule] = {}  # by id; filled when the topics' modules are imported


def rule(
    id: str,
    severity: str,
    title: str,
    *,
    needs_train_op: bool = False,
    basis: str | None = None,
) -> Callable[[Callable[[Rule, Graph], Iterator[Finding]]], Rule]:
    """Register a function `(rule, graph) -> Iterator[Finding]` as a rule.

    @rule("BN001", "error", "batch-norm updates that ...", needs_train_op=True)
    def bn001(rule, graph):
        yield rule.finding([node], "...")

    A rule that needs a train op is left out where the graph has none.
    """
    assert severity in SEVERITIES and id not in RULES

    def register(function: Callable[[Rule, Graph], Iterator[Finding]]) -> Rule:
        by = basis or ("train op" if needs_train_op else "graph")
        made = Rule(id, severity, title, needs_train_op, by, lambda graph: function(made, graph))
        RULES[id] = made
        return made

    return register


def chosen(names: Iterable[str]) -> frozenset[str]:
    """The ids that rules and families name, as in BN001 or BN; GraphError for another name."""
    found: set[str] = set()
    for name in names:
        ids = {id for id in RULES if id == name or (len(name) == 2 and id.startswith(name))}
        if not ids:
            families = ", ".join(sorted({id[:2] for id in RULES}))
            raise GraphError(
                f"there is no rule {name[:50]!r}: name one, such as BN001, or a family, {families}."
            )
        found |= ids
    return frozenset(found)


def some(names: Iterable[str], most: int = 3) -> str:
    """The first few of some names, and how many there are besides."""
    listed = list(dict.fromkeys(names))
    rest = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + rest

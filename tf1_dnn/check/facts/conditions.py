"""The booleans that conditions turn on: tf.cond as Switch and Merge, If, and tf.where."""

from __future__ import annotations

from typing import Callable, Iterable

from tf1_dnn.check.facts.variables import origins
from tf1_dnn.check.graph import Graph, Node, Output, ancestors, fact, walk
from tf1_dnn.check.graph.nodes import BRANCHES, PASSING, RESULT, SWITCHES

JOINS = ("Merge", "RefMerge", RESULT)  # where a condition's two sides meet
_THROUGH = PASSING | {"LogicalNot"}
_NEAR = 300


def predicate(graph: Graph, boolean: Output) -> Node:
    """Where a boolean comes from, say the placeholder `training`; negations passed through."""
    found = origins(graph, boolean, _THROUGH)
    return found[0].node if found else boolean.node  # none: it was passed on too often to follow


@fact
def condition_of(graph: Graph, join: Node) -> Node | None:
    """The predicate that decides what a Merge, or a call's RESULT, passes on."""
    if join.op == RESULT:
        calls = [call for call in join.controls if call.op in BRANCHES and call.inputs]
        return predicate(graph, calls[0].inputs[0]) if calls else None
    for node in walk([join], Node.sources, most=_NEAR, nearest_first=True):
        if node.op in SWITCHES and len(node.inputs) > 1:
            return predicate(graph, node.inputs[1])
    return None


def hangs_on(
    graph: Graph, node: Node, predicates: Iterable[Node], stop: Callable[[Node], bool]
) -> bool:
    """Whether any of these predicates decides if an op runs or what it computes.

    What lies beyond nodes that `stop` holds for is not looked at.
    """
    behind = ancestors([node], stop=stop)
    around = {each.call for each in behind if each.call is not None}
    calls = around.union(*(call.calls() for call in around))
    branches = [call for call in calls if call.op in BRANCHES and call.inputs]
    deciding = {predicate(graph, call.inputs[0]) for call in branches}
    return not (behind | deciding).isdisjoint(predicates)

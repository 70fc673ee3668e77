"""The booleans that conditions turn on: tf.cond as Switch and Merge, If, and tf.where."""

from typing import Callable, Iterable

from tf1_dnn.check.facts.variables import origins
from tf1_dnn.check.graph import Graph, Node, Output, ancestors, fact, walk
from tf1_dnn.check.graph.nodes import BRANCHES, PASSING, RESULT, SWITCHES

JOINS = ("Merge", "RefMerge", RESULT)  # where a condition's two sides meet
CHOICES = ("Select", "SelectV2", *JOINS)
_THROUGH = PASSING | {"LogicalNot"}
_NEAR = 300


def predicate(graph: Graph, boolean: Output) -> Node:
    """Where a boolean comes from, say the placeholder `training`; negations passed through."""
    found = origins(graph, boolean, _THROUGH)
    return found[0].node if found else boolean.node  # none: it was passed on too often to follow


@fact
def conditions_at(graph: Graph, choice: Node) -> frozenset[Node]:
    """The predicate by which one of CHOICES chooses what it passes on, as far as one is found."""
    deciding = choice.inputs
    if choice.op == RESULT:
        calls = [call for call in choice.controls if call.op in BRANCHES]
        deciding = [output for call in calls for output in call.inputs[:1]]
    elif choice.op in JOINS:
        near = walk([choice], Node.sources, most=_NEAR, nearest_first=True)
        switched = (each.inputs[1:2] for each in near if each.op in SWITCHES)
        deciding = next(filter(None, switched), [])
    return frozenset(predicate(graph, boolean) for boolean in deciding[:1])


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

"""The booleans that conditions turn on: tf.cond as Switch and Merge, If, and tf.where."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Callable, Iterable

from tf1_dnn.check.nodes import BRANCHES, PASSING, RESULT, Node, Output

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

SWITCHES = ("Switch", "RefSwitch")
_THROUGH = PASSING | {"LogicalNot"}
_NEAR = 300


def root(view: GraphView, condition: Output) -> Node:
    """Where a boolean comes from, say the placeholder `training`; negations passed through."""
    return view.origins(condition, _THROUGH)[0].node


def condition_of(view: GraphView, join: Node) -> Node | None:
    """The root of the boolean that decides what a Merge, or a call's RESULT, passes on."""
    if join not in view.conditions:
        view.conditions[join] = _condition_of(view, join)
    return view.conditions[join]


def _condition_of(view: GraphView, join: Node) -> Node | None:
    if join.op == RESULT:
        calls = [call for call in join.controls if call.op in BRANCHES and call.inputs]
        return root(view, calls[0].inputs[0]) if calls else None
    seen, waiting = {join}, deque([join])
    while waiting and len(seen) < _NEAR:
        node = waiting.popleft()
        if node.op in SWITCHES and len(node.inputs) > 1:
            return root(view, node.inputs[1])
        for source in [source for source, _ in node.inputs] + node.controls:
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return None


def hangs_on(
    view: GraphView, node: Node, roots: Iterable[Node], stop: Callable[[Node], bool]
) -> bool:
    """Whether any of these booleans decides if an op runs or what it computes."""
    behind = view.ancestors([node], stop=stop)
    calls = set()
    for each in behind:
        call = each.call
        while call is not None and call not in calls:
            calls.add(call)
            call = call.call
    branches = [call for call in calls if call.op in BRANCHES and call.inputs]
    deciding = {root(view, call.inputs[0]) for call in branches}
    return not (behind | deciding).isdisjoint(roots)

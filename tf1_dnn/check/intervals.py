"""Clips on both sides: ClipByValue, or a minimum and a maximum one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Iterator, NamedTuple

from tf1_dnn.check.nodes import Node, Output

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_OPPOSITE = {"Minimum": "Maximum", "Maximum": "Minimum"}


class Interval(NamedTuple):
    """A tensor clipped to [low, high]."""

    clip: Node  # the op that gives the result
    value: Output
    low: Output
    high: Output


def intervals(view: GraphView, nodes: Iterable[Node]) -> Iterator[Interval]:
    """The clips that these nodes give the result of, by name."""
    for node in sorted(nodes, key=lambda node: node.name):
        if node.op == "ClipByValue" and len(node.inputs) == 3:
            yield Interval(node, *node.inputs)
        elif node.op in _OPPOSITE and len(node.inputs) == 2:
            yield from _nested(view, node)


def _nested(view: GraphView, outer: Node) -> Iterator[Interval]:
    for inner, outer_side in (outer.inputs, outer.inputs[::-1]):
        if inner.node.op == _OPPOSITE[outer.op] and len(inner.node.inputs) == 2:
            value, inner_side = inner.node.inputs
            if view.constant(value) is not None:  # as in maximum(0.0, minimum(1.0, x))
                value, inner_side = inner_side, value
            sides = (outer_side, inner_side)
            low, high = sides if outer.op == "Maximum" else sides[::-1]
            yield Interval(outer, value, low, high)

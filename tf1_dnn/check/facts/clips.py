"""Clips on both sides, and clips of several replicas' gradients before their average."""

from __future__ import annotations

import re
from typing import Iterable, Iterator, NamedTuple

from tf1_dnn.check.facts.gradients import Route, gradients, passed
from tf1_dnn.check.graph import Graph, Node, Output, constant, walk

_OPPOSITE = {"Minimum": "Maximum", "Maximum": "Minimum"}
_AVERAGES = re.compile(
    r"(?i)^\w*(all_?reduce|collectivereduce|crossreplicasum|pushpull|AccumulatorTakeGradient)\w*$"
)


class Interval(NamedTuple):
    """A tensor clipped to [low, high]: ClipByValue, or a minimum and a maximum in a row."""

    clip: Node  # the op that gives the result
    value: Output
    low: Output
    high: Output


def intervals(nodes: Iterable[Node]) -> Iterator[Interval]:
    """The clips that these nodes give the result of, by name."""
    for node in sorted(nodes, key=lambda node: node.name):
        if node.op == "ClipByValue" and len(node.inputs) == 3:
            yield Interval(node, *node.inputs)
        elif node.op in _OPPOSITE and len(node.inputs) == 2:
            yield from _nested(node)


def _nested(outer: Node) -> Iterator[Interval]:
    for inner, outer_side in (outer.inputs, outer.inputs[::-1]):
        if inner.node.op == _OPPOSITE[outer.op] and len(inner.node.inputs) == 2:
            value, inner_side = inner.node.inputs
            if constant(value) is not None:  # as in maximum(0.0, minimum(1.0, x))
                value, inner_side = inner_side, value
            sides = (outer_side, inner_side)
            low, high = sides if outer.op == "Maximum" else sides[::-1]
            yield Interval(outer, value, low, high)


def early_clips(graph: Graph, route: Route) -> list[Node]:
    """The route's clips that come before an average of replicas, if none comes after it."""
    copies = _copies(graph, route.raws)
    averages = {node for node in route.nodes if _AVERAGES.match(node.op)}
    early = []
    for clip in route.clips:
        behind = _behind(clip, route)
        if not averages.isdisjoint(behind):
            return []
        if copies > 1 and _copies(graph, route.raws & behind) > 1:
            return []
        if copies > 1 or averages:
            early.append(clip)
    return sorted(early, key=lambda clip: clip.name)


def _behind(clip: Node, route: Route) -> set[Node]:
    """The part of the route that leads to the clip."""

    def sources(node: Node) -> list[Node]:
        return [source for source in passed(node) if source in route.nodes or source in route.raws]

    return set(walk([clip], sources, stop=route.raws.__contains__))


def _copies(graph: Graph, raws: Iterable[Node]) -> int:
    """How many copies of a forward op the gradients come from, as in towers or workers.

    Copies have names that differ in digits only.
    """
    alike: dict[str, set[str]] = {}
    for raw in raws:
        name = gradients(graph).differentiated(raw)
        alike.setdefault(re.sub(r"_?\d+", "", name), set()).add(name)
    return max(map(len, alike.values()), default=0)

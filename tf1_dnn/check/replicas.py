"""Gradients of several replicas (towers, workers), and clips that come before their average."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterable

from tf1_dnn.check.gradients import Route, gradients_of, value_inputs
from tf1_dnn.check.nodes import Node

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_AVERAGES = re.compile(
    r"(?i)^\w*(all_?reduce|collectivereduce|crossreplicasum|pushpull|AccumulatorTakeGradient)\w*$"
)


def early_clips(view: GraphView, route: Route) -> list[Node]:
    """The route's clips that come before an average, if none comes after it."""
    all_replicas = replicas(view, route.raws)
    averages = [node for node in route.nodes if _AVERAGES.match(node.op)]
    early = []
    for clip in route.clips:
        behind = _behind(clip, route)
        after_average = any(average in behind for average in averages)
        if after_average or (all_replicas > 1 and replicas(view, route.raws & behind) > 1):
            return []
        if all_replicas > 1 or averages:
            early.append(clip)
    return sorted(early, key=lambda clip: clip.name)


def _behind(clip: Node, route: Route) -> set[Node]:
    """The part of the route that leads to the clip."""
    seen, waiting = {clip}, [clip]
    while waiting:
        for source, _ in value_inputs(waiting.pop()):
            if source not in seen and (source in route.nodes or source in route.raws):
                seen.add(source)
                if source not in route.raws:
                    waiting.append(source)
    return seen


def replicas(view: GraphView, raws: Iterable[Node]) -> int:
    """How many copies of a forward op the gradients come from: names that differ in digits only."""
    alike: dict[str, set[str]] = {}
    for raw in raws:
        name = gradients_of(view).differentiated(raw)
        alike.setdefault(re.sub(r"_?\d+", "", name), set()).add(name)
    return max(map(len, alike.values()), default=0)

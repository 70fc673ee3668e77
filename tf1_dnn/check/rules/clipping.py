"""Rules on gradient clipping: CL001 to CL005."""

import re
from typing import Iterable, Iterator

import numpy as np

from tf1_dnn.check.facts.losses import losses
from tf1_dnn.check.facts.routes import (
    Route,
    backpropagation,
    beyond,
    clips_among,
    early_clips,
    intervals,
    routes,
)
from tf1_dnn.check.facts.steps import training
from tf1_dnn.check.facts.variables import variables
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Node, ancestors, constant, descendants
from tf1_dnn.check.rules.registry import Rule, rule, some

# Between a loss and its terms: ops that sum, scale, or bend the terms one by one.
_TERMWISE = frozenset(
    "Identity Mean Sum Add AddV2 AddN Neg Mul RealDiv Div DivNoNan Square Abs Pow Reshape "
    "Squeeze Cast".split()
)


@rule("CL001", "error", "gradients clipped but applied unclipped", needs_train_op=True)
def cl001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    unclipped = [route for route in routes(graph) if not route.clips]
    raws = {raw for route in unclipped for raw in route.raws}
    changing = _changing(graph)
    wasted: dict[Node, None] = {}
    wasting: dict[Route, None] = {}
    for route in unclipped:
        twins = _twins(graph, route.raws) - raws
        for clip in clips_among(graph, beyond(graph, route.raws | twins)):
            if changing.isdisjoint(descendants([clip], control=False)):
                wasted[clip] = wasting[route] = None
    if wasting:
        clips = _last(wasted)
        yield rule.finding(
            clips + [route.apply.node for route in wasting],
            f"Nothing uses the clipped gradients {some(clip.name for clip in clips)}: the train op "
            f"changes {_changed(wasting)} by the unclipped ones.",
        )


def _twins(graph: Graph, raws: set[Node]) -> set[Node]:
    """The same gradients from other calls of tf.gradients, as minimize() makes beside another."""
    found = backpropagation(graph)
    twins: set[Node] = set()
    for raw in raws:
        own = found.scope(raw) or ""
        twins.update(graph.named(scope + raw.name[len(own) :] for scope in found.scopes - {own}))
    return twins


def _changing(graph: Graph) -> set[Node]:
    """The ops that write variables, or queues and accumulators that may lead to variables."""
    writes = {write for variable in variables(graph) for write in variable.writes}
    return writes | set(graph.matching(re.compile(r".*(Queue|Enqueue|Accumulator)").match))


@rule("CL002", "warning", "some gradients clipped and others not", needs_train_op=True)
def cl002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    scope = backpropagation(graph).scope
    by_loss: dict[frozenset[str | None], list[Route]] = {}
    for route in routes(graph):
        by_loss.setdefault(frozenset(map(scope, route.raws)), []).append(route)
    for alike in by_loss.values():
        clipped = [route for route in alike if route.clips]
        others = [route for route in alike if not route.clips]
        if clipped and others:
            yield rule.finding(
                [route.apply.node for route in others],
                f"Of {len(alike)} gradients of one loss {len(clipped)} are clipped; those of "
                f"{_changed(others)} are not.",
            )


@rule("CL003", "warning", "clipping before replicas are averaged", needs_train_op=True)
def cl003(rule: Rule, graph: Graph) -> Iterator[Finding]:
    early = {route: early_clips(graph, route) for route in routes(graph)}
    hasty = [route for route, clips in early.items() if clips]
    if hasty:
        clips = _last(clip for route in hasty for clip in early[route])
        yield rule.finding(
            clips,
            f"The replicas' gradients of {_changed(hasty)} are clipped one by one "
            f"({some(clip.name for clip in clips)}) and averaged afterwards.",
        )


@rule("CL004", "error", "a clip that no gradient passes through", needs_train_op=True)
def cl004(rule: Rule, graph: Graph) -> Iterator[Finding]:
    outputs = {loss.output.node for loss in losses(graph)}
    on_routes = {clip for route in routes(graph) for clip in route.clips}
    trained = _trained(graph)
    empty: dict[str, list[Node]] = {}
    for clip, value, *sides in intervals(ancestors(outputs, control=False) | on_routes):
        low, high = map(constant, sides)
        if low is not None and high is not None and low.size and high.size:
            if np.all(low >= high) and (clip in on_routes or value.node in trained):
                bounds = f"{low.flat[0]:g} to {high.flat[0]:g}"
                empty.setdefault(bounds, []).append(clip)
    for bounds, clips in empty.items():
        yield rule.finding(
            clips,
            f"{some(clip.name for clip in clips)}: clipped to the empty interval from {bounds}, so "
            "that the result is constant and nothing is learned through it.",
        )
    for loss in outputs:
        yield from _clipped_losses(rule, loss, trained)


def _clipped_losses(rule: Rule, loss: Node, trained: set[Node]) -> Iterator[Finding]:
    """Terms of the loss that are clipped on both sides: past the bounds their gradient is zero."""
    near = ancestors([loss], control=False, stop=lambda node: node.op not in _TERMWISE)
    terms = {node for node in near if node.op in _TERMWISE}
    for clip, value, *sides in intervals(near):
        if value.node not in trained or any(side.node in trained for side in sides):
            continue
        behind = ancestors([loss], control=False, stop=lambda node: node is clip)
        if value.node in behind or any(user in behind - terms for user in clip.consumers):
            continue  # there is a way around, or what is clipped is more than a term
        yield rule.finding(
            [clip, loss],
            f"{clip.name} clips the loss {loss.name}, or a term of it, and not the gradient: "
            "nothing is learned from what is clipped.",
            "warning",
        )


def _trained(graph: Graph) -> set[Node]:
    """All that depends on variables that are trained, as far as gradients pass."""
    trained = [apply.variable.node for apply in training(graph).applies]
    reached = descendants(trained, control=False, stop=lambda node: node.op == "StopGradient")
    return {node for node in reached if node.op != "StopGradient"}


@rule("CL005", "warning", "gradients clipped by value and by norm both", needs_train_op=True)
def cl005(rule: Rule, graph: Graph) -> Iterator[Finding]:
    twice = [route for route in routes(graph) if set(route.clips.values()) == {"value", "norm"}]
    if twice:
        yield rule.finding(
            _last(clip for route in twice for clip in route.clips),
            f"The gradients of {_changed(twice)} are clipped by value and by norm both.",
        )


def _changed(found: Iterable[Route]) -> str:
    """The variables that the routes' gradients change."""
    return some(route.apply.variable.name for route in found)


def _last(clips: Iterable[Node]) -> list[Node]:
    """The clips by name, of a minimum and a maximum one after the other only the last."""
    listed = dict.fromkeys(clips)
    last = [
        clip
        for clip in listed
        if not any(user in listed and user.op in ("Minimum", "Maximum") for user in clip.consumers)
    ]
    return sorted(last, key=lambda clip: clip.name)

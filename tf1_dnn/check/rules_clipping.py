"""Rules on gradient clipping: CL001 to CL005."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterable, Iterator

import numpy as np

from tf1_dnn.check.findings import Finding, Rule, rule
from tf1_dnn.check.gradients import Route, gradients_of
from tf1_dnn.check.intervals import intervals
from tf1_dnn.check.nodes import Node
from tf1_dnn.check.replicas import early_clips
from tf1_dnn.check.words import some

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

# Between a loss and its terms: ops that sum, scale, or bend the terms one by one.
_TERMWISE = frozenset(
    "Identity Mean Sum Add AddV2 AddN Neg Mul RealDiv Div DivNoNan Square Abs Pow Reshape "
    "Squeeze Cast".split()
)


@rule("CL001", "error", "gradients clipped but applied unclipped", needs_train_op=True)
def cl001(rule: Rule, view: GraphView) -> Iterator[Finding]:
    gradients = gradients_of(view)
    unclipped = [route for route in gradients.routes if not route.clips]
    raws = {raw for route in unclipped for raw in route.raws}
    changing = _changing(view)
    wasted: dict[Node, None] = {}
    routes: dict[Route, None] = {}
    for route in unclipped:
        twins = route.raws | _twins(view, route.raws, raws)
        for clip in gradients.clips_among(gradients.beyond(twins)):
            if changing.isdisjoint(view.descendants([clip], control=False)):
                wasted[clip] = routes[route] = None
    if routes:
        yield rule.finding(
            _last(wasted) + [route.apply.node.name for route in routes],
            f"Nothing uses the clipped gradients {some(_last(wasted))}: the train op changes "
            f"{some(route.apply.variable.name for route in routes)} by the unclipped ones.",
        )


def _twins(view: GraphView, raws: set[Node], applied: set[Node]) -> set[Node]:
    """The same gradients from other calls of tf.gradients, as minimize() makes beside another."""
    gradients = gradients_of(view)
    found = set()
    for raw in raws:
        own = gradients.scope(raw) or ""
        for scope in gradients.scopes - {own}:
            twin = view.nodes.get(scope + raw.name[len(own) :])
            if twin is not None and twin not in applied:
                found.add(twin)
    return found


def _changing(view: GraphView) -> set[Node]:
    """The ops that write variables, or queues and accumulators that may lead to variables."""
    writes = {write for variable in view.variables for write in variable.writes}
    return writes | set(view.matching(re.compile(r".*(Queue|Enqueue|Accumulator)").match))


@rule("CL002", "warning", "some gradients clipped and others not", needs_train_op=True)
def cl002(rule: Rule, view: GraphView) -> Iterator[Finding]:
    gradients = gradients_of(view)
    by_loss: dict[frozenset[str | None], list[Route]] = {}
    for route in gradients.routes:
        by_loss.setdefault(frozenset(map(gradients.scope, route.raws)), []).append(route)
    for routes in by_loss.values():
        clipped = [route for route in routes if route.clips]
        others = [route for route in routes if not route.clips]
        if clipped and others:
            yield rule.finding(
                [route.apply.node.name for route in others],
                f"Of {len(routes)} gradients of one loss {len(clipped)} are clipped; those of "
                f"{some(route.apply.variable.name for route in others)} are not.",
            )


@rule("CL003", "warning", "clipping before replicas are averaged", needs_train_op=True)
def cl003(rule: Rule, view: GraphView) -> Iterator[Finding]:
    found = {route: early_clips(view, route) for route in gradients_of(view).routes}
    routes = {route: clips for route, clips in found.items() if clips}
    if routes:
        clips = [clip for early in routes.values() for clip in early]
        yield rule.finding(
            _last(clips),
            f"The replicas' gradients of {some(each.apply.variable.name for each in routes)} are "
            f"clipped one by one ({some(_last(clips))}) and averaged afterwards.",
        )


@rule("CL004", "error", "a clip that no gradient passes through", needs_train_op=True)
def cl004(rule: Rule, view: GraphView) -> Iterator[Finding]:
    gradients = gradients_of(view)
    losses = {loss.output.node for loss in gradients.losses}
    on_routes = {clip for route in gradients.routes for clip in route.clips}
    trained = _trained(view)
    empty: dict[str, list[str]] = {}
    for clip, value, *sides in intervals(view, view.ancestors(losses, control=False) | on_routes):
        low, high = map(view.constant, sides)
        if low is not None and high is not None and low.size and high.size:
            if np.all(low >= high) and (clip in on_routes or value.node in trained):
                bounds = f"{low.flat[0]:g} to {high.flat[0]:g}"
                empty.setdefault(bounds, []).append(clip.name)
    for bounds, clips in empty.items():
        yield rule.finding(
            clips,
            f"{some(clips)}: clipped to the empty interval from {bounds}, so that the result is "
            "constant and nothing is learned through it.",
        )
    for loss in losses:
        yield from _clipped_losses(rule, view, loss, trained)


def _clipped_losses(
    rule: Rule, view: GraphView, loss: Node, trained: set[Node]
) -> Iterator[Finding]:
    """Terms of the loss that are clipped on both sides: past the bounds their gradient is zero."""
    near = view.ancestors([loss], control=False, stop=lambda node: node.op not in _TERMWISE)
    terms = {node for node in near if node.op in _TERMWISE}
    for clip, value, *sides in intervals(view, near):
        if value.node not in trained or any(side.node in trained for side in sides):
            continue
        behind = view.ancestors([loss], control=False, stop=lambda node: node is clip)
        if value.node in behind or any(user in behind - terms for user in clip.consumers):
            continue  # there is a way around, or what is clipped is more than a term
        yield rule.finding(
            [clip.name, loss.name],
            f"{clip.name} clips the loss {loss.name}, or a term of it, and not the gradient: "
            "nothing is learned from what is clipped.",
            "warning",
        )


def _trained(view: GraphView) -> set[Node]:
    """All that depends on variables that are trained, as far as gradients pass."""
    variables = [apply.variable.node for apply in view.training.applies]
    reached = view.descendants(
        variables, control=False, stop=lambda node: node.op == "StopGradient"
    )
    return {node for node in reached if node.op != "StopGradient"}


@rule("CL005", "warning", "gradients clipped by value and by norm both", needs_train_op=True)
def cl005(rule: Rule, view: GraphView) -> Iterator[Finding]:
    routes = [r for r in gradients_of(view).routes if set(r.clips.values()) == {"value", "norm"}]
    if routes:
        yield rule.finding(
            _last(clip for route in routes for clip in route.clips),
            f"The gradients of {some(route.apply.variable.name for route in routes)} are clipped "
            "by value and by norm both.",
        )


def _last(clips: Iterable[Node]) -> list[str]:
    """The names of clips, of a minimum and a maximum one after the other only the last."""
    listed = dict.fromkeys(clips)
    inner = {
        clip
        for clip in listed
        if any(user in listed and user.op in ("Minimum", "Maximum") for user in clip.consumers)
    }
    return sorted(clip.name for clip in listed if clip not in inner)

"""The way of a gradient, from backpropagation through clipping and averaging to the variable."""

import collections
import dataclasses
import re
from typing import Iterable, Iterator, NamedTuple

from tf1_dnn.check.facts.steps import Apply, seeds, training
from tf1_dnn.check.graph import (
    Graph,
    Node,
    Output,
    ancestors,
    chain,
    constant,
    fact,
    operands,
    walk,
)

# What is computed about a gradient, not the gradient itself.
_STATISTICS = frozenset(
    "Sqrt Rsqrt Square SquaredDifference L2Loss Abs Sign Pow EuclideanNorm Max Min Prod Any All "
    "Less LessEqual Greater GreaterEqual Equal NotEqual IsFinite IsNan IsInf Shape ShapeN Size "
    "Rank Where ZerosLike OnesLike ArgMax ArgMin HistogramSummary ScalarSummary".split()
)
_FIRST_INPUT_ONLY = frozenset(
    "Sum Mean RealDiv Div DivNoNan Squeeze Transpose Gather GatherV2 StridedSlice Slice "
    "UnsortedSegmentSum SegmentSum Enter Tile BroadcastTo".split()
)
_STACKS = frozenset("Pack ConcatV2 Concat".split())
_MOST_NODES = 5000  # between a gradient and its apply op; without a gradient it would be all
_REDUCTIONS = frozenset("Sum L2Loss EuclideanNorm Max Mean".split())
_OPPOSITE = {"Minimum": "Maximum", "Maximum": "Minimum"}
_AVERAGES = re.compile(
    r"(?i)^\w*(all_?reduce|collectivereduce|crossreplicasum|pushpull|AccumulatorTakeGradient)\w*$"
)


@dataclasses.dataclass(eq=False)
class Route:
    """What becomes of the gradients that one op applies."""

    apply: Apply
    raws: set[Node]  # the gradients as backpropagation left them
    nodes: set[Node]  # the ops between, from the raws to the last before the apply op
    clips: dict[Node, str]  # those that clip: "value" or "norm"


class Backpropagation:
    """The ops that calls of tf.gradients made, by their name scopes, say "train/gradients/"."""

    def __init__(self, scopes: Iterable[str]) -> None:
        self.scopes = frozenset(scopes)

    def scope(self, node: Node) -> str | None:
        """The name scope of the tf.gradients call that made the node; the outermost of several."""
        end = node.name.find("/") + 1
        while end:
            if node.name[:end] in self.scopes:
                return node.name[:end]
            end = node.name.find("/", end) + 1
        return None

    def differentiated(self, raw: Node) -> str:
        """The forward op whose gradient this is, as in "hidden1/MatMul" (of a sum the first)."""
        for _ in range(8):
            scope = self.scope(raw)
            name = raw.name[len(scope or "") :]
            if "_grad/" in name or not raw.inputs or scope is None:
                break
            raw = raw.inputs[0].node
        return name.split("_grad/")[0]


@fact
def backpropagation(graph: Graph) -> Backpropagation:
    """The graph's calls of tf.gradients."""
    return Backpropagation(seeds(graph).values())


@fact
def routes(graph: Graph) -> list[Route]:
    """The routes of all gradients that are applied and that backpropagation gave."""
    found = [_route(graph, apply) for apply in training(graph).applies]
    return [route for route in found if route.raws]


def _route(graph: Graph, apply: Apply) -> Route:
    scope = backpropagation(graph).scope
    users: dict[Node, list[Node]] = collections.defaultdict(list)
    raws = set()
    for node in walk([apply.gradient.node], passed, stop=scope, most=_MOST_NODES):
        if scope(node) is not None:
            raws.add(node)
            continue
        for source in passed(node):
            users[source].append(node)
    nodes = set(walk(raws, users.__getitem__))
    return Route(apply, raws, nodes - raws, clips_among(graph, nodes))


def beyond(graph: Graph, raws: Iterable[Node]) -> set[Node]:
    """The raw gradients, and every op outside of backpropagation that passes them on."""
    scope = backpropagation(graph).scope

    def users(node: Node) -> list[Node]:
        forward = (user for user in node.consumers if scope(user) is None)
        return [user for user in forward if node in passed(user)]

    return set(walk(raws, users))


def clips_among(graph: Graph, nodes: set[Node]) -> dict[Node, str]:
    """Which of these ops clip the gradients that come to them along these ops."""
    kinds = {node: _clip_kind(graph, node, nodes) for node in nodes}
    return {node: kind for node, kind in kinds.items() if kind}


def _clip_kind(graph: Graph, node: Node, nodes: set[Node]) -> str | None:
    if len(node.inputs) < 2 or backpropagation(graph).scope(node) is not None:
        return None
    first, second = (source in nodes for source, _ in node.inputs[:2])
    if node.op == "ClipByValue" and first:
        return "value"
    if first == second:
        return None
    if node.op in ("Minimum", "Maximum"):
        return "value"
    other = node.inputs[1 if first else 0]
    if node.op in ("Mul", "RealDiv", "Div", "DivNoNan") and _is_norm_scale(graph, other):
        return "norm"
    return None


@fact
def _is_norm_scale(graph: Graph, scale: Output) -> bool:
    """A factor min(1, c / norm) or a divisor max(norm, c), the norm being of gradients."""
    scope = backpropagation(graph).scope
    behind = ancestors([scale.node], control=False, stop=scope)
    ops = {node.op for node in behind if scope(node) is None}
    is_norm = ops & {"Minimum", "Maximum"} and ops & _REDUCTIONS
    return bool(is_norm) and any(scope(node) for node in behind)


def passed(node: Node) -> list[Node]:
    """The nodes whose values a node passes on, changed in size perhaps; [] of a statistic."""
    return [source for source, _ in _passed_inputs(node)]


def _passed_inputs(node: Node) -> list[Output]:
    if node.op in _STATISTICS:
        return []
    if node.op in ("Sum", "Mean") and not _is_stack(node):
        return []
    if node.op == "Mul" and len(set(node.inputs)) == 1:  # a square
        return []
    if node.op in _FIRST_INPUT_ONLY:
        return node.inputs[:1]
    if node.op.endswith("AccumulatorTakeGradient"):
        return [apply.inputs[3 if "Sparse" in apply.op else 2] for apply in _accumulated(node)]
    return operands(node)


def _is_stack(reduction: Node) -> bool:
    """A mean or sum of several tensors laid side by side, as towers' gradients are."""
    first = reduction.inputs[:1]
    return any(chain(each, ("Identity",))[-1].node.op in _STACKS for each in first)


def _accumulated(take: Node) -> list[Node]:
    """The ops that give an accumulator the gradients that another takes out of it."""
    users = take.inputs[0].node.consumers if take.inputs else []
    applies = [user for user in users if user.op.endswith("AccumulatorApplyGradient")]
    return [apply for apply in applies if len(apply.inputs) > 3 - ("Sparse" not in apply.op)]


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
        name = backpropagation(graph).differentiated(raw)
        alike.setdefault(re.sub(r"_?\d+", "", name), set()).add(name)
    return max(map(len, alike.values()), default=0)

"""The way of a gradient, from backpropagation through clipping and averaging to the variable."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Iterable
from weakref import WeakKeyDictionary, proxy

from tf1_dnn.check.nodes import Node, Output
from tf1_dnn.check.training import Apply, Loss

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

# tf.gradients names its seeds grad_ys_0, …; before TensorFlow 1.8 it had only Fill in its scope.
_SEED = re.compile(r"(?:^|/)(?:grad_ys_\d+(?:_values)?|gradients(?:_\d+)?/Fill(?:_\d+)?)$")
# What is computed about a gradient, not the gradient itself.
_STATISTICS = frozenset(
    "Sqrt Rsqrt Square SquaredDifference L2Loss Abs Sign Pow EuclideanNorm Max Min Prod Any All "
    "Less LessEqual Greater GreaterEqual Equal NotEqual IsFinite IsNan IsInf Shape ShapeN Size "
    "Rank Where ZerosLike OnesLike ArgMax ArgMin HistogramSummary ScalarSummary".split()
)
_FIRST_INPUT_ONLY = frozenset(
    "Sum Mean RealDiv Div DivNoNan Reshape ExpandDims Squeeze Transpose Switch RefSwitch Gather "
    "GatherV2 StridedSlice Slice UnsortedSegmentSum SegmentSum Enter Tile BroadcastTo".split()
)
_SELECTS = frozenset("Select SelectV2".split())
_STACKS = frozenset("Pack ConcatV2 Concat".split())
_MOST_NODES = 5000  # between a gradient and its apply op; without a gradient it would be all
_REDUCTIONS = frozenset("Sum L2Loss EuclideanNorm Max Mean".split())


@dataclasses.dataclass(eq=False)
class Route:
    """What becomes of the gradients that one op applies."""

    apply: Apply
    raws: set[Node]  # the gradients as backpropagation left them
    nodes: set[Node]  # the ops between, from the raws to the last before the apply op
    clips: dict[Node, str]  # those that clip: "value" or "norm"


class Gradients:
    """Backpropagation in a graph, and the routes of what it gives."""

    def __init__(self, view: GraphView) -> None:
        self.view = proxy(view)  # the view keeps its Gradients alive, not the other way round
        self.scopes = {name.rpartition("/")[0] + "/" for name in view.nodes if _SEED.search(name)}
        self._norm_scales: dict[Output, bool] = {}
        routes = [self._route(apply) for apply in view.training.applies]
        self.routes = [route for route in routes if route.raws]
        used = {self.scope(raw) for route in self.routes for raw in route.raws}
        self.losses: list[Loss] = [
            loss for loss in view.training.losses if self.scope(loss.seed) in used
        ]

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

    def clips_among(self, nodes: set[Node]) -> dict[Node, str]:
        """Which of these ops clip the gradients that come to them along these ops."""
        kinds = {node: self._clip_kind(node, nodes) for node in nodes}
        return {node: kind for node, kind in kinds.items() if kind}

    def beyond(self, raws: Iterable[Node]) -> set[Node]:
        """The raw gradients, and every op outside of backpropagation that passes them on."""
        seen = set(raws)
        waiting = list(seen)
        while waiting:
            node = waiting.pop()
            for user in node.consumers:
                if user not in seen and self.scope(user) is None:
                    if any(source is node for source, _ in value_inputs(user)):
                        seen.add(user)
                        waiting.append(user)
        return seen

    def _route(self, apply: Apply) -> Route:
        cone: dict[Node, list[Node]] = {}  # each node's users within the cone
        waiting = [apply.gradient.node]
        cone[apply.gradient.node] = []
        raws = set()
        while waiting and len(cone) < _MOST_NODES:
            node = waiting.pop()
            if self.scope(node) is not None:
                raws.add(node)
                continue
            for source, _ in value_inputs(node):
                if source not in cone:
                    cone[source] = []
                    waiting.append(source)
                cone[source].append(node)
        nodes = _reached(raws, cone)
        return Route(apply, raws, nodes - raws, self.clips_among(nodes))

    def _clip_kind(self, node: Node, nodes: set[Node]) -> str | None:
        if len(node.inputs) < 2 or self.scope(node) is not None:
            return None
        first, second = (source in nodes for source, _ in node.inputs[:2])
        if node.op == "ClipByValue" and first:
            return "value"
        if first == second:
            return None
        if node.op in ("Minimum", "Maximum"):
            return "value"
        other = node.inputs[1 if first else 0]
        if node.op in ("Mul", "RealDiv", "Div", "DivNoNan") and self._is_norm_scale(other):
            return "norm"
        return None

    def _is_norm_scale(self, scale: Output) -> bool:
        """A factor min(1, c / norm) or a divisor max(norm, c), the norm being of gradients."""
        if scale not in self._norm_scales:
            cone = self.view.ancestors([scale.node], control=False, stop=self.scope)
            ops = {node.op for node in cone if self.scope(node) is None}
            self._norm_scales[scale] = bool(
                ops & {"Minimum", "Maximum"}
                and ops & _REDUCTIONS
                and any(self.scope(node) for node in cone)
            )
        return self._norm_scales[scale]


def value_inputs(node: Node) -> list[Output]:
    """The inputs whose values a node passes on, changed in size perhaps; [] of a statistic."""
    if node.op in _STATISTICS:
        return []
    if node.op in ("Sum", "Mean") and not _is_stack(node):
        return []
    if node.op == "Mul" and len(set(node.inputs)) == 1:  # a square
        return []
    if node.op in _FIRST_INPUT_ONLY:
        return node.inputs[:1]
    if node.op in _SELECTS:
        return node.inputs[1:]
    if node.op.endswith("AccumulatorTakeGradient"):
        return [apply.inputs[3 if "Sparse" in apply.op else 2] for apply in _accumulated(node)]
    return node.inputs


def _is_stack(reduction: Node) -> bool:
    """A mean or sum of several tensors laid side by side, as towers' gradients are."""
    node = reduction.inputs[0].node if reduction.inputs else reduction
    for _ in range(8):
        if node.op == "Identity" and node.inputs:
            node = node.inputs[0].node
    return node.op in _STACKS


def _accumulated(take: Node) -> list[Node]:
    users = take.inputs[0].node.consumers if take.inputs else []
    applies = [user for user in users if user.op.endswith("AccumulatorApplyGradient")]
    return [apply for apply in applies if len(apply.inputs) > 3 - ("Sparse" not in apply.op)]


def _reached(raws: set[Node], users: dict[Node, list[Node]]) -> set[Node]:
    seen = set(raws)
    waiting = list(raws)
    while waiting:
        for user in users[waiting.pop()]:
            if user not in seen:
                seen.add(user)
                waiting.append(user)
    return seen


_CACHE: WeakKeyDictionary[GraphView, Gradients] = WeakKeyDictionary()


def gradients_of(view: GraphView) -> Gradients:
    """The view's gradients, found once."""
    if view not in _CACHE:
        _CACHE[view] = Gradients(view)
    return _CACHE[view]

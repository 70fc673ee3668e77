"""Of a loss: what it depends on, where no gradient passes on the way, and its rank."""

import dataclasses
from typing import Callable

import numpy as np
from tensorboard.compat.proto import types_pb2

from tf1_dnn.check.facts.routes import backpropagation, routes
from tf1_dnn.check.facts.steps import Loss, training
from tf1_dnn.check.graph import Graph, Node, Output, ancestors, constant, fact, fold, shape

ROUNDING = {
    **dict.fromkeys(["Round", "Rint", "Floor", "Ceil", "FloorDiv"], "rounding"),
    "Cast": "a cast to or from an integer or a bool",
}
# Ops without a gradient, or whose gradient is zero everywhere, in TensorFlow 1.15's registry.
CUTS = {
    **ROUNDING,
    "StopGradient": "a stop_gradient",
    "Sign": "a sign, whose gradient is zero",
    **dict.fromkeys(["ArgMax", "ArgMin"], "an index, not a value"),
    **dict.fromkeys(["OneHot", "Bucketize", "InTopK", "InTopKV2"], "made from integers"),
    **dict.fromkeys(["Less", "LessEqual", "Greater", "GreaterEqual"], "a comparison"),
    **dict.fromkeys(["Equal", "NotEqual"], "a comparison"),
    **dict.fromkeys(["Multinomial", "StatelessMultinomial"], "a sample"),
    **dict.fromkeys(["PyFunc", "PyFuncStateless"], "a Python function"),
}
# Of these only the shape or the length of the input matters.
_SHAPES = frozenset("Shape ShapeN Size Rank ZerosLike OnesLike VariableShape".split())
_INTEGERS = frozenset(
    (types_pb2.DT_BOOL, types_pb2.DT_INT8, types_pb2.DT_INT16, types_pb2.DT_INT32)
    + (types_pb2.DT_INT64, types_pb2.DT_UINT8, types_pb2.DT_UINT16)
)
# Ops whose result has the largest of their inputs' ranks.
_ELEMENTWISE = frozenset(
    "Identity Add AddV2 AddN Sub Mul RealDiv Div DivNoNan Neg Abs Square Sqrt Rsqrt Exp Log Log1p "
    "Pow Maximum Minimum SquaredDifference Sigmoid Softplus Tanh Relu Elu Selu LeakyRelu Softmax "
    "LogSoftmax Select SelectV2 Switch Merge Cast StopGradient BiasAdd CheckNumerics".split()
)
_REDUCTIONS = frozenset("Sum Mean Max Min Prod".split())
_RANKS = {
    **dict(SparseSoftmaxCrossEntropyWithLogits=1, SoftmaxCrossEntropyWithLogits=1, CTCLoss=1),
    **dict(MatMul=2, SparseTensorDenseMatMul=2, Conv2D=4, Conv3D=5),
}
_DEEPEST = 39


@dataclasses.dataclass
class Paths:
    """The nodes that losses depend on: at all, and by paths that gradients pass."""

    any: set[Node]
    differentiable: set[Node]

    def cuts(self) -> list[Node]:
        """The ops that gradients reach and do not pass, by name."""
        return sorted(filter(is_cut, self.differentiable), key=lambda node: node.name)


@fact
def losses(graph: Graph) -> list[Loss]:
    """The losses whose gradients are applied."""
    scope = backpropagation(graph).scope
    used = {scope(raw) for route in routes(graph) for raw in route.raws}
    return [loss for loss in training(graph).losses if scope(loss.seed) in used]


@fact
def paths(graph: Graph) -> Paths | None:
    """The paths to all losses that a gradient of is applied; None if there is none."""
    outputs = [loss.output.node for loss in losses(graph)]
    if not outputs:
        return None
    behind = ancestors(outputs, control=False, stop=lambda node: node.op in _SHAPES)
    passed = ancestors(outputs, control=False, stop=lambda node: node.op in _SHAPES or is_cut(node))
    return Paths(behind, passed)


def is_cut(node: Node) -> bool:
    """Whether gradients end at this op."""
    if "_gradient_op_type" in node.attr:  # a gradient of its own, by gradient_override_map
        return False
    if node.op == "Cast":
        kinds = {node.attr[key].type for key in ("SrcT", "DstT") if key in node.attr}
        return bool(kinds & _INTEGERS)
    return node.op in CUTS


def least_rank(output: Output) -> int:
    """A rank that the tensor has or exceeds; 0 where nothing is known."""
    return fold(output, _least_rank, unknown=0, deepest=_DEEPEST)


def _least_rank(output: Output, rank_of: Callable[[Output], int]) -> int:
    """As `least_rank`, where `rank_of` tells it of the inputs."""
    node, dims = output.node, shape(output)
    if dims is not None:
        return 0 if set(dims) <= {1} else len(dims)
    if not node.inputs:
        return 0
    if node.op in _RANKS:
        return _RANKS[node.op] if output.index == 0 else 0
    if node.op in _ELEMENTWISE:
        return max(map(rank_of, node.inputs))
    first = rank_of(node.inputs[0])
    second = constant(node.inputs[1]) if len(node.inputs) == 2 else None
    if node.op in _REDUCTIONS:
        keeps = "keep_dims" in node.attr and node.attr["keep_dims"].b
        return 0 if second is None or keeps else max(first - np.size(second), 0)
    if node.op == "ExpandDims":
        return first + 1
    if node.op == "Reshape" and second is not None:
        return 0 if set(second.ravel()) <= {1} else np.size(second)
    return 0

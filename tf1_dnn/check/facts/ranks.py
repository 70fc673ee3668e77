"""How many dimensions a tensor has at least, as far as a graph without shapes tells."""

from __future__ import annotations

from typing import Callable

import numpy as np

from tf1_dnn.check.graph import Output, constant, fold, shape

_DEEPEST = 39
_ELEMENTWISE = frozenset(
    "Identity Add AddV2 AddN Sub Mul RealDiv Div DivNoNan Neg Abs Square Sqrt Rsqrt Exp Log Log1p "
    "Pow Maximum Minimum SquaredDifference Sigmoid Softplus Tanh Relu Elu Selu LeakyRelu Softmax "
    "LogSoftmax Select SelectV2 Switch Merge Cast StopGradient BiasAdd CheckNumerics".split()
)
_REDUCTIONS = frozenset("Sum Mean Max Min Prod".split())
_FIXED = {
    "SparseSoftmaxCrossEntropyWithLogits": 1,
    "SoftmaxCrossEntropyWithLogits": 1,
    "CTCLoss": 1,
    "MatMul": 2,
    "SparseTensorDenseMatMul": 2,
    "Conv2D": 4,
    "Conv3D": 5,
}


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
    if node.op in _FIXED:
        return _FIXED[node.op] if output.index == 0 else 0
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

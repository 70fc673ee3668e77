"""How many dimensions a tensor has at least, as far as a graph without shapes tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tf1_dnn.check.nodes import Output

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_DEEPEST = 40
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


def least_rank(view: GraphView, output: Output) -> int:
    """A rank that the tensor has or exceeds; 0 where nothing is known."""
    return _Ranks(view).of(output, 0)


class _Ranks:
    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.known: dict[Output, int] = {}

    def of(self, output: Output, depth: int) -> int:
        if output not in self.known:
            self.known[output] = 0  # meanwhile, should the graph lead back here
            self.known[output] = self._find(output, depth + 1) if depth < _DEEPEST else 0
        return self.known[output]

    def _find(self, output: Output, depth: int) -> int:
        shape = self.view.shape(output)
        if shape is not None:
            return 0 if set(shape) <= {1} else len(shape)
        node = output.node
        if not node.inputs:
            return 0
        if node.op in _FIXED:
            return _FIXED[node.op] if output.index == 0 else 0
        if node.op in _ELEMENTWISE:
            return max(self.of(source, depth) for source in node.inputs)
        first = self.of(node.inputs[0], depth)
        second = self.view.constant(node.inputs[1]) if len(node.inputs) == 2 else None
        if node.op in _REDUCTIONS:
            keeps = "keep_dims" in node.attr and node.attr["keep_dims"].b
            return 0 if second is None or keeps else max(first - np.size(second), 0)
        if node.op == "ExpandDims":
            return first + 1
        if node.op == "Reshape" and second is not None:
            return 0 if set(second.ravel()) <= {1} else np.size(second)
        return 0

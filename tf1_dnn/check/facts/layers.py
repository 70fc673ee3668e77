"""Layers: what multiplies by a trained kernel, what lies between one and the next, and in it."""

import dataclasses
from typing import Iterator

from tf1_dnn.check.facts.shapes import Dims, shape_of
from tf1_dnn.check.facts.steps import is_backward, trainable
from tf1_dnn.check.facts.variables import Variable, variable_read
from tf1_dnn.check.graph import Graph, Node, Output, fact, operands, walk
from tf1_dnn.check.graph.nodes import RESHAPING

PRODUCTS = ("MatMul", "Conv2D", "Conv3D")
# Ops that bend: with one of them between two layers, the two are not one.
ACTIVATIONS = frozenset(
    "Relu Relu6 Elu Selu LeakyRelu Sigmoid Tanh Softplus Softsign Softmax LogSoftmax".split()
)
# Ops that pass a layer's outputs on, in whatever place, scaled or shifted.
LINEAR = RESHAPING | frozenset(
    "Add AddV2 BiasAdd BiasAddV1 Sub Mul RealDiv Div Neg Transpose Pad ConcatV2 Concat AvgPool "
    "Mean "
    "Sum Select SelectV2 FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 AddN Slice StridedSlice "
    "Pack Unpack SpaceToBatchND BatchToSpaceND".split()
)
_MOST = 400  # ops looked at behind a layer


@dataclasses.dataclass(eq=False)
class Layer:
    """A product with a kernel that is trained."""

    node: Node  # MatMul or Conv2D
    inputs: Output
    kernel: Variable
    kernel_shape: Dims

    @property
    def fan_in(self) -> int | None:
        return _product(self.kernel_shape[:-1])

    @property
    def n_outputs(self) -> int | None:
        return self.kernel_shape[-1]


def _product(dims: Dims) -> int | None:
    size = 1
    for dim in dims:
        if dim is None:
            return None
        size *= dim
    return size


@fact
def layers(graph: Graph) -> list[Layer]:
    """All layers of the forward pass, in the graph's order; a kernel that is shared has several."""
    found = []
    for node in graph.of_type(*PRODUCTS):
        if is_backward(node) or len(node.inputs) < 2:
            continue
        kernel = variable_read(graph, node.inputs[1])
        if kernel is None or kernel not in trainable(graph) or _is_transposed(node):
            continue
        dims = shape_of(graph, kernel.output)
        if dims is not None and len(dims) >= 2:
            found.append(Layer(node, node.inputs[0], kernel, dims))
    return found


def _is_transposed(node: Node) -> bool:
    return any(key in node.attr and node.attr[key].b for key in ("transpose_a", "transpose_b"))


@fact
def layer_at(graph: Graph) -> dict[Node, Layer]:
    """The layers by their products."""
    return {layer.node: layer for layer in layers(graph)}


@dataclasses.dataclass(eq=False)
class Link:
    """The way from one layer's product to the next one's."""

    first: Layer
    second: Layer
    between: tuple[Node, ...]  # the ops of the way, in no order


@fact
def links(graph: Graph) -> list[Link]:
    """Each layer with those that take its outputs, and the ops between."""
    known = layer_at(graph)
    found = []
    for second in layers(graph):
        for first in _before(graph, second):
            found.append(Link(first, second, tuple(_between(first, second, known))))
    return found


def _before(graph: Graph, layer: Layer) -> Iterator[Layer]:
    known = layer_at(graph)
    for node in walk([layer.inputs.node], _values, stop=known.__contains__, most=_MOST):
        if node in known and node is not layer.node:
            yield known[node]


def _between(first: Layer, second: Layer, known: dict[Node, Layer]) -> set[Node]:
    """The ops on some way from the first product to the second."""
    behind = set(walk([second.inputs.node], _values, stop=known.__contains__, most=_MOST))

    def users(node: Node) -> list[Node]:
        onward = (user for user in node.consumers if user in behind and user not in known)
        return [user for user in onward if node in _values(user)]

    ahead = set(walk([first.node], users, most=_MOST))
    return (behind & ahead) - {first.node}


def _values(node: Node) -> list[Node]:
    """The nodes whose values a node takes, not only their shapes."""
    return [] if node.op in ("Shape", "Size", "Rank") else [each.node for each in operands(node)]

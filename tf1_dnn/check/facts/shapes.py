"""Static shapes: as the graph stores them, or as far as they follow from the ops."""

import math
from typing import Callable, Sequence

import numpy as np

from tf1_dnn.check.graph import Graph, Node, Output, constant, fact, fold, shape

Dims = tuple[int | None, ...]  # None for a dimension that is not known
ShapeOf = Callable[[Output], "Dims | None"]

_DEEPEST = 60
_SAME = frozenset(
    "Identity StopGradient PreventGradient CheckNumerics Snapshot Cast Relu Relu6 Elu Selu "
    "LeakyRelu Sigmoid Tanh Softplus Softsign Softmax LogSoftmax Neg Abs Square Sqrt Rsqrt Exp "
    "Log Log1p BiasAdd Floor Round Sign ClipByValue ZerosLike OnesLike FusedBatchNorm "
    "FusedBatchNormV2 FusedBatchNormV3 ReadVariableOp Enter Exit LRN LogicalNot Sin Cos".split()
)
_ELEMENTWISE = frozenset(
    "Add AddV2 Sub Mul RealDiv Div DivNoNan Maximum Minimum Pow SquaredDifference FloorDiv "
    "FloorMod Less LessEqual Greater GreaterEqual Equal NotEqual LogicalAnd LogicalOr".split()
)
_REDUCTIONS = frozenset("Sum Mean Max Min Prod Any All".split())
_POOLINGS = frozenset("MaxPool AvgPool".split())


@fact
def shape_of(graph: Graph, output: Output) -> Dims | None:
    """The shape of a tensor; None for one of unknown rank."""
    return fold(output, _inferred, unknown=None, deepest=_DEEPEST)


def _inferred(output: Output, of: ShapeOf) -> Dims | None:
    node, stored = output.node, shape(output)
    if stored is not None or not node.inputs:
        return stored
    first = node.inputs[0]
    if node.op in _SAME and output.index == 0:
        return of(first)
    if node.op in _ELEMENTWISE:
        return broadcast([of(each) for each in node.inputs])
    if node.op in ("Select", "SelectV2", "Switch", "Merge", "AddN"):
        known = [of(each) for each in node.inputs[node.op.startswith("Select") :]]
        return next((each for each in known if each is not None), None)
    if node.op in _REDUCTIONS:
        return _reduced(node, of(first), constant(node.inputs[1]) if len(node.inputs) > 1 else None)
    special = _SPECIAL.get(node.op)
    return special(output, of) if special else None


def broadcast(shapes: Sequence[Dims | None]) -> Dims | None:
    """What NumPy's rule makes of shapes; None where a rank is unknown."""
    known = [each for each in shapes if each is not None]
    if len(known) < len(shapes) or not known:
        return None
    rank = max(map(len, known))
    padded = [(1,) * (rank - len(each)) + each for each in known]
    return tuple(_joined(column) for column in zip(*padded))


def _joined(dims: Sequence[int | None]) -> int | None:
    wide = {dim for dim in dims if dim != 1}
    certain = wide - {None}
    if not wide:
        return 1
    return certain.pop() if len(certain) == 1 else None


def _reduced(node: Node, dims: Dims | None, axes: np.ndarray | None) -> Dims | None:
    if dims is None or axes is None:
        return None
    gone = {int(axis) % len(dims) for axis in np.ravel(axes)} if dims else set()
    if "keep_dims" in node.attr and node.attr["keep_dims"].b:
        return tuple(1 if i in gone else dim for i, dim in enumerate(dims))
    return tuple(dim for i, dim in enumerate(dims) if i not in gone)


def _matmul(output: Output, of: ShapeOf) -> Dims | None:
    node = output.node
    if len(node.inputs) < 2:
        return None
    a, b = of(node.inputs[0]), of(node.inputs[1])
    transposed = [key in node.attr and node.attr[key].b for key in ("transpose_a", "transpose_b")]
    rows = a[1 if transposed[0] else 0] if a and len(a) == 2 else None
    columns = b[0 if transposed[1] else 1] if b and len(b) == 2 else None
    return rows, columns


def _conv2d(output: Output, of: ShapeOf) -> Dims | None:
    node = output.node
    if len(node.inputs) < 2:
        return None
    inputs, kernel = of(node.inputs[0]), of(node.inputs[1])
    filters = kernel[3] if kernel and len(kernel) == 4 else None
    return _strided(node, inputs, kernel[:2] if kernel else None, filters)


def _pool(output: Output, of: ShapeOf) -> Dims | None:
    node = output.node
    inputs = of(node.inputs[0])
    window = list(node.attr["ksize"].list.i)[1:3] if "ksize" in node.attr else None
    return _strided(node, inputs, window, inputs[3] if inputs and len(inputs) == 4 else None)


def _strided(
    node: Node, inputs: Dims | None, window: Sequence[int | None] | None, filters: int | None
) -> Dims | None:
    """A convolution's or pooling's output, where pictures are NHWC."""
    batch = inputs[0] if inputs and len(inputs) == 4 else None
    strides = list(node.attr["strides"].list.i) if "strides" in node.attr else []
    is_nhwc = "data_format" not in node.attr or node.attr["data_format"].s in (b"", b"NHWC")
    if not inputs or len(inputs) != 4 or len(strides) != 4 or not is_nhwc or not window:
        return batch, None, None, filters if is_nhwc else None
    is_same = node.attr["padding"].s == b"SAME"
    sides: list[int | None] = []
    for side, size, stride in zip(inputs[1:3], window, strides[1:3]):
        if side is None or size is None or stride < 1:
            sides.append(None)
        else:
            sides.append(-(-side // stride) if is_same else -(-(side - size + 1) // stride))
    return batch, sides[0], sides[1], filters


def _reshape(output: Output, of: ShapeOf) -> Dims | None:
    wanted = constant(output.node.inputs[1]) if len(output.node.inputs) > 1 else None
    if wanted is None or wanted.ndim != 1:
        return _packed_shape(output.node)
    dims = [int(dim) if dim >= 0 else None for dim in wanted]
    before = of(output.node.inputs[0])
    if dims.count(None) == 1 and before is not None and None not in before:
        rest = math.prod(dim for dim in dims if dim is not None) or 1
        dims[dims.index(None)] = math.prod(dim for dim in before if dim is not None) // rest
    return tuple(dims)


def _packed_shape(node: Node) -> Dims | None:
    """Of tf.reshape(x, [tf.shape(x)[0], 5]): what of the shape is constant."""
    packed = node.inputs[1].node if len(node.inputs) > 1 else None
    if packed is None or packed.op != "Pack":
        return None
    dims = []
    for each in packed.inputs:
        value = constant(each)
        dims.append(int(value) if value is not None and value.ndim == 0 and value >= 0 else None)
    return tuple(dims)


def _squeeze(output: Output, of: ShapeOf) -> Dims | None:
    node = output.node
    dims = of(node.inputs[0])
    axes = list(node.attr["squeeze_dims"].list.i) if "squeeze_dims" in node.attr else []
    if dims is None or (not axes and None in dims):
        return None
    gone = (
        {axis % len(dims) for axis in axes} if axes else {i for i, d in enumerate(dims) if d == 1}
    )
    return tuple(dim for i, dim in enumerate(dims) if i not in gone)


def _expand_dims(output: Output, of: ShapeOf) -> Dims | None:
    dims = of(output.node.inputs[0])
    axis = constant(output.node.inputs[1]) if len(output.node.inputs) > 1 else None
    if dims is None or axis is None or axis.size != 1:
        return None
    at = int(axis.ravel()[0]) % (len(dims) + 1)
    return dims[:at] + (1,) + dims[at:]


def _transpose(output: Output, of: ShapeOf) -> Dims | None:
    dims = of(output.node.inputs[0])
    order = constant(output.node.inputs[1]) if len(output.node.inputs) > 1 else None
    if dims is None or order is None or sorted(order.ravel()) != list(range(len(dims))):
        return None
    return tuple(dims[int(i)] for i in order.ravel())


def _one_hot(output: Output, of: ShapeOf) -> Dims | None:
    node = output.node
    dims, depth = of(node.inputs[0]), constant(node.inputs[1]) if len(node.inputs) > 1 else None
    axis = node.attr["axis"].i if "axis" in node.attr else -1
    if dims is None or axis not in (-1, len(dims)):
        return None
    return (*dims, int(depth) if depth is not None and depth.ndim == 0 else None)


def _arg(output: Output, of: ShapeOf) -> Dims | None:
    node = output.node
    axis = constant(node.inputs[1]) if len(node.inputs) > 1 else np.asarray(0)
    dims = of(node.inputs[0])
    if not dims or axis is None or axis.size != 1:
        return None
    gone = int(axis.ravel()[0]) % len(dims)
    return tuple(dim for i, dim in enumerate(dims) if i != gone)


def _of_first(output: Output, of: ShapeOf) -> Dims | None:
    """The batch of a loss per example, that of its logits."""
    dims = of(output.node.inputs[0])
    return dims[:-1] if dims and output.index == 0 else None


_SPECIAL: dict[str, Callable[[Output, ShapeOf], Dims | None]] = {
    **dict.fromkeys(["ArgMax", "ArgMin"], _arg),
    **dict.fromkeys(_POOLINGS, _pool),
    **dict(MatMul=_matmul, Conv2D=_conv2d, Reshape=_reshape, Squeeze=_squeeze),
    **dict(ExpandDims=_expand_dims, Transpose=_transpose, OneHot=_one_hot),
    **dict(SparseSoftmaxCrossEntropyWithLogits=_of_first, SoftmaxCrossEntropyWithLogits=_of_first),
}

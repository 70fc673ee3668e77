"""Values of small constants and static shapes, read off the graph."""

from typing import Any, Callable

import numpy as np
from tensorboard.compat.proto import types_pb2
from tensorboard.util import tensor_util

from tf1_dnn.check.graph.nodes import ARG, RESULT, Node, Output
from tf1_dnn.check.graph.walks import chain, fold

_MOST_ENTRIES = 4096
_DEEPEST = 30
_NUMERIC = "biuf"  # kinds of dtype: bool, integers, floating
_SAME_SHAPE = ("Identity", "ReadVariableOp", ARG, RESULT)
_SHAPE_ATTRIBUTES = {"VariableV2", "Variable", "VarHandleOp", "Placeholder", "ImmutableConst"}
_SHAPE_ATTRIBUTES |= {"PlaceholderWithDefault", "PlaceholderV2"}
_DTYPES = {
    types_pb2.DT_FLOAT: np.float32,
    types_pb2.DT_DOUBLE: np.float64,
    types_pb2.DT_INT32: np.int32,
    types_pb2.DT_INT64: np.int64,
    types_pb2.DT_BOOL: np.bool_,
}
_FOLDED: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(["Identity", "StopGradient", "Snapshot", "Enter", ARG, RESULT], lambda x: x),
    **dict(Neg=np.negative, Add=np.add, AddV2=np.add, Sub=np.subtract, Mul=np.multiply),
    **dict(RealDiv=np.divide, Sqrt=np.sqrt, Equal=np.equal, Less=np.less, Greater=np.greater),
    **dict(LogicalNot=np.logical_not, LogicalAnd=np.logical_and, LogicalOr=np.logical_or),
    **dict(Reshape=np.reshape, Squeeze=np.squeeze),
    "Fill": lambda dims, value: np.full(dims, value) if np.prod(dims) <= _MOST_ENTRIES else None,
}


def constant(output: Output) -> np.ndarray | None:
    """The value of a small number or array, folded through simple ops; None if it is none.

    Small: of at most 4,096 entries. Strings, and types that NumPy does not know, are none.
    """
    value = fold(output, _folded, unknown=None, deepest=_DEEPEST)
    return value if _is_numeric(value) else None


def scalar(output: Output) -> float | None:
    """The number that a constant of one entry is; None if it is none."""
    value = constant(output)
    return float(value.ravel()[0]) if value is not None and value.size == 1 else None


def strings(output: Output) -> list[str | None]:
    """The entries of a constant vector of strings, None for what is no string; [] if it is none."""
    value = fold(output, _folded, unknown=None, deepest=_DEEPEST)
    if value is None or value.ndim != 1:
        return []
    return [each.decode("utf-8", "replace") if isinstance(each, bytes) else None for each in value]


def _is_numeric(value: np.ndarray | None) -> bool:
    return value is not None and value.dtype.kind in _NUMERIC


def _folded(output: Output, value_of: Callable[[Output], np.ndarray | None]) -> np.ndarray | None:
    """What an op makes of constants, `value_of` its inputs; of its outputs all the same."""
    node = output.node
    if node.op == "Const":
        return _const(node)
    is_merged = node.op in (ARG, RESULT) and len(node.inputs) > 1
    if not node.inputs or is_merged or not (node.op in _FOLDED or node.op == "Cast"):
        return None
    values = [value_of(each) for each in node.inputs]
    if not all(map(_is_numeric, values)):
        return None
    if node.op == "Cast":
        dtype = _DTYPES.get(node.attr["DstT"].type) if "DstT" in node.attr else None
        return None if dtype is None else np.asarray(values[0]).astype(dtype)
    try:
        with np.errstate(all="ignore"):
            folded = _FOLDED[node.op](*values)
    except (TypeError, ValueError):
        return None
    return None if folded is None or np.size(folded) > _MOST_ENTRIES else np.asarray(folded)


def _const(node: Node) -> np.ndarray | None:
    if "value" not in node.attr:
        return None
    proto = node.attr["value"].tensor
    dims = [dim.size for dim in proto.tensor_shape.dim]
    if any(dim < 0 for dim in dims) or np.prod([float(dim) for dim in dims]) > _MOST_ENTRIES:
        return None
    try:
        return np.asarray(tensor_util.make_ndarray(proto))
    except (TypeError, ValueError, KeyError, IndexError):  # a damaged or a foreign constant
        return None


def shape(output: Output) -> tuple[int | None, ...] | None:
    """The static shape as far as the graph tells it: None for each unknown dimension, and
    altogether for unknown rank."""
    for node, index in chain(output, _SAME_SHAPE, _DEEPEST):
        if node.op == "Const" and "value" in node.attr:
            return _dims(node.attr["value"].tensor.tensor_shape)
        if node.op in _SHAPE_ATTRIBUTES and "shape" in node.attr:
            return _dims(node.attr["shape"].shape)
        if "_output_shapes" in node.attr:
            shapes = node.attr["_output_shapes"].list.shape
            return _dims(shapes[index]) if index < len(shapes) else None
        if len(node.inputs) != 1:  # what several branches give
            return None
    return None


def _dims(proto: Any) -> tuple[int | None, ...] | None:
    if proto.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)

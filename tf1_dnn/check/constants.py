"""Values of small constants and static shapes, read off the graph."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
from tensorboard.compat.proto import types_pb2
from tensorboard.util import tensor_util

from tf1_dnn.check.nodes import ARG, RESULT, Node, Output

_MOST_ENTRIES = 4096
_DEEPEST = 30
_NUMERIC = "biuf"  # kinds of dtype: bool, integers, floating
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
    "Neg": np.negative,
    "Sub": np.subtract,
    "Add": np.add,
    "AddV2": np.add,
    "Mul": np.multiply,
    "RealDiv": np.divide,
    "Sqrt": np.sqrt,
    "LogicalNot": np.logical_not,
    "LogicalAnd": np.logical_and,
    "LogicalOr": np.logical_or,
    "Equal": np.equal,
    "Less": np.less,
    "Greater": np.greater,
    "Squeeze": np.squeeze,
    "Fill": lambda dims, value: np.full(dims, value) if np.prod(dims) <= _MOST_ENTRIES else None,
    "Reshape": np.reshape,
}


def evaluate(output: Output) -> np.ndarray | None:
    """The constant's value, or None where it is no constant of at most 4,096 entries."""
    return _evaluate(output, _DEEPEST, {})


def number(output: Output) -> np.ndarray | None:
    """As `evaluate`, but None for strings and for types that NumPy does not know."""
    value = evaluate(output)
    return value if value is not None and value.dtype.kind in _NUMERIC else None


def _evaluate(
    output: Output, depth: int, known: dict[Output, np.ndarray | None]
) -> np.ndarray | None:
    """As `evaluate`; `known` holds what was found before, for inputs used twice."""
    if output not in known:
        known[output] = None  # until it is known: a cycle is no constant
        known[output] = _folded(output.node, depth, known)
    return known[output]


def _folded(node: Node, depth: int, known: dict[Output, np.ndarray | None]) -> np.ndarray | None:
    if node.op == "Const":
        return _const(node)
    is_folded = node.op in _FOLDED or node.op == "Cast"
    is_merged = node.op in (ARG, RESULT) and len(node.inputs) > 1
    if depth == 0 or not node.inputs or is_merged or not is_folded:
        return None
    values = [_evaluate(each, depth - 1, known) for each in node.inputs]
    if any(value is None or value.dtype.kind not in _NUMERIC for value in values):
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
    """The static shape, None for each unknown dimension; None altogether for unknown rank."""
    node, index = output
    if node.op == "Const" and "value" in node.attr:
        return _dims(node.attr["value"].tensor.tensor_shape)
    if node.op in _SHAPE_ATTRIBUTES and "shape" in node.attr:
        return _dims(node.attr["shape"].shape)
    if "_output_shapes" in node.attr:
        shapes = node.attr["_output_shapes"].list.shape
        return _dims(shapes[index]) if index < len(shapes) else None
    if node.op in ("Identity", "ReadVariableOp", ARG, RESULT) and len(node.inputs) == 1:
        source = node.inputs[0].node
        return shape(node.inputs[0]) if source is not node and _is_shallow(source) else None
    return None


def _is_shallow(node: Node) -> bool:
    """Not the beginning of a long chain, which a recursion must not follow."""
    for _ in range(_DEEPEST):
        if node.op not in ("Identity", "ReadVariableOp", ARG, RESULT) or len(node.inputs) != 1:
            return True
        node = node.inputs[0].node
    return False


def _dims(proto: Any) -> tuple[int | None, ...] | None:
    if proto.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in proto.dim)

"""What a loss depends on, and through which ops no gradient passes on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from tensorboard.compat.proto import types_pb2

from tf1_dnn.check.nodes import Node

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

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
    **dict.fromkeys(
        ["Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual"], "a comparison"
    ),
    **dict.fromkeys(["Multinomial", "StatelessMultinomial"], "a sample"),
    **dict.fromkeys(["PyFunc", "PyFuncStateless"], "a Python function"),
}
# Of these only the shape or the length of the input matters.
_SHAPES = frozenset("Shape ShapeN Size Rank ZerosLike OnesLike VariableShape".split())
_INTEGERS = frozenset(
    (types_pb2.DT_BOOL, types_pb2.DT_INT8, types_pb2.DT_INT16, types_pb2.DT_INT32)
    + (types_pb2.DT_INT64, types_pb2.DT_UINT8, types_pb2.DT_UINT16)
)


class Paths:
    """The nodes that losses depend on: at all, and by paths that gradients pass."""

    def __init__(self, view: GraphView, losses: Iterable[Node]) -> None:
        losses = list(losses)
        self.any = view.ancestors(losses, control=False, stop=lambda node: node.op in _SHAPES)
        self.differentiable = view.ancestors(
            losses, control=False, stop=lambda node: node.op in _SHAPES or is_cut(node)
        )

    def cuts(self) -> list[Node]:
        """The ops that gradients reach and do not pass, by name."""
        found = filter(is_cut, self.differentiable)
        return sorted(found, key=lambda node: node.name)


def is_cut(node: Node) -> bool:
    """Whether gradients end at this op."""
    if "_gradient_op_type" in node.attr:  # a gradient of its own, by gradient_override_map
        return False
    if node.op == "Cast":
        kinds = {node.attr[key].type for key in ("SrcT", "DstT") if key in node.attr}
        return bool(kinds & _INTEGERS)
    return node.op in CUTS

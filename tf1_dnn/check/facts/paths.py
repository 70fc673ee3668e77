"""What a loss depends on, and through which ops no gradient passes on the way."""

from __future__ import annotations

import dataclasses

from tensorboard.compat.proto import types_pb2

from tf1_dnn.check.facts.gradients import gradients
from tf1_dnn.check.graph import Graph, Node, ancestors, fact

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


@dataclasses.dataclass
class Paths:
    """The nodes that losses depend on: at all, and by paths that gradients pass."""

    any: set[Node]
    differentiable: set[Node]

    def cuts(self) -> list[Node]:
        """The ops that gradients reach and do not pass, by name."""
        return sorted(filter(is_cut, self.differentiable), key=lambda node: node.name)


@fact
def paths(graph: Graph) -> Paths | None:
    """The paths to all losses that a gradient of is applied; None if there is none."""
    losses = [loss.output.node for loss in gradients(graph).losses]
    if not losses:
        return None
    return Paths(
        ancestors(losses, control=False, stop=_takes_shape),
        ancestors(losses, control=False, stop=lambda node: _takes_shape(node) or is_cut(node)),
    )


def _takes_shape(node: Node) -> bool:
    return node.op in _SHAPES


def is_cut(node: Node) -> bool:
    """Whether gradients end at this op."""
    if "_gradient_op_type" in node.attr:  # a gradient of its own, by gradient_override_map
        return False
    if node.op == "Cast":
        kinds = {node.attr[key].type for key in ("SrcT", "DstT") if key in node.attr}
        return bool(kinds & _INTEGERS)
    return node.op in CUTS

"""Where a mean or a variance comes from: statistics of the mini-batch, variables, or both."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tf1_dnn.check.nodes import RESHAPING, RESULT, Node, Output
from tf1_dnn.check.predicates import SWITCHES, condition_of, root
from tf1_dnn.check.variables import WRITES, Variable

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

FUSED = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "_FusedBatchNormEx")
# Ops of tf.nn.moments and of its exchange among replicas; of fused ops, outputs 1 and 2.
STATISTICS = ("Mean", "Sum", "HorovodAllreduce", "NcclAllReduce")
# What may be computed on the way, as in moving * decay + batch * (1 - decay).
_ARITHMETIC = RESHAPING | frozenset(
    "Add AddV2 AddN Sub Mul Neg RealDiv Div Square Select SelectV2 Maximum Relu".split()
)
_MOST_OUTPUTS = 500


@dataclasses.dataclass
class Values:
    """What an output is computed from, arithmetic and conditions passed through."""

    statistics: set[Output] = dataclasses.field(default_factory=set)
    variables: dict[Variable, Node] = dataclasses.field(default_factory=dict)  # and their reads
    written: set[Node] = dataclasses.field(default_factory=set)  # assigns, for their new value
    conditions: set[Node] = dataclasses.field(default_factory=set)  # roots of what chooses

    def __or__(self, other: Values) -> Values:
        return Values(
            self.statistics | other.statistics,
            self.variables | other.variables,
            self.written | other.written,
            self.conditions | other.conditions,
        )


def values_behind(view: GraphView, output: Output) -> Values:
    """Walk back from an output to the statistics and the variables that it is computed from."""
    found = Values()
    seen, waiting = {output}, [output]
    while waiting and len(seen) < _MOST_OUTPUTS:
        output = waiting.pop()
        node = output.node
        variable = view.read_by(node) or view.variable_of(output)
        if variable is not None:
            found.variables[variable] = node
        elif node.op in STATISTICS or (node.op in FUSED and output.index in (1, 2)):
            found.statistics.add(output)
        elif WRITES.match(node.op):
            written = view.variable_of(node.inputs[0]) if node.inputs else None
            if written is not None:
                found.variables[written] = node
                found.written.add(node)
        elif node.op in _ARITHMETIC:
            sources = [source for source in _sources(view, node, found) if source not in seen]
            waiting += sources
            seen.update(sources)
    return found


def _sources(view: GraphView, node: Node, found: Values) -> list[Output]:
    """The inputs that hold values; what chooses among them is noted."""
    if node.op in ("Select", "SelectV2"):
        found.conditions.update(root(view, condition) for condition in node.inputs[:1])
        return node.inputs[1:]
    if node.op in ("Merge", "RefMerge", RESULT):
        condition = condition_of(view, node)
        found.conditions.update([condition] if condition else [])
        return node.inputs
    if node.op in SWITCHES or node.op in ("Reshape", "ExpandDims"):
        return node.inputs[:1]
    return node.inputs

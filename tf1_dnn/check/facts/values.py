"""Where a mean or a variance comes from: statistics of the mini-batch, variables, or both."""

from __future__ import annotations

import dataclasses

from tf1_dnn.check.facts.conditions import CHOICES, conditions_at
from tf1_dnn.check.facts.variables import WRITES, Variable, variable_at, variable_of
from tf1_dnn.check.graph import Graph, Node, Output, operands, walk
from tf1_dnn.check.graph.nodes import RESHAPING

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
    conditions: set[Node] = dataclasses.field(default_factory=set)  # predicates of what chooses

    def __or__(self, other: Values) -> Values:
        return Values(
            self.statistics | other.statistics,
            self.variables | other.variables,
            self.conditions | other.conditions,
        )


def values_behind(graph: Graph, output: Output) -> Values:
    """Walk back from an output to the statistics and the variables that it is computed from."""
    found = Values()

    def changed_or_read(node: Node) -> Variable | None:
        if WRITES.match(node.op) and node.inputs:  # it gives the value that it has written
            return variable_of(graph, node.inputs[0])
        return variable_at(graph, node)

    def is_end(output: Output) -> bool:
        return output.node.op not in _ARITHMETIC or changed_or_read(output.node) is not None

    def sources(output: Output) -> list[Output]:
        return operands(output.node)

    for each in walk([output], sources, stop=is_end, most=_MOST_OUTPUTS):
        variable = changed_or_read(each.node)
        if variable is not None:
            found.variables[variable] = each.node
        elif _is_statistic(each):
            found.statistics.add(each)
        elif each.node.op in CHOICES:
            found.conditions |= conditions_at(graph, each.node)
    return found


def _is_statistic(output: Output) -> bool:
    node, index = output
    return node.op in STATISTICS or (node.op in FUSED and index in (1, 2))

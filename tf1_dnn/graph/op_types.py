"""What kinds of ops compute a tensor, those in the bodies of loops and conditions included."""

from typing import Any

from tf1_dnn.graph.layers import Tensor

# How the names of those begin that draw from a generator.
_DRAWING = tuple(
    "Random TruncatedNormal ParameterizedTruncatedNormal Multinomial StatefulRandom "
    "StatefulUniform StatefulStandardNormal".split()
)


def op_types(graph: Any) -> set[str]:
    """The types of all ops of a graph and of its functions."""
    types = {op.type for op in graph.get_operations()}
    library = graph.as_graph_def().library
    return types | {node.op for function in library.function for node in function.node_def}


def ancestors(op: Any) -> list[Any]:
    """The ops that an op needs, itself among them, each once; variables' initializers are none."""
    seen, todo = {op}, [op]
    while todo:
        op = todo.pop()
        for each in [source.op for source in op.inputs] + list(op.control_inputs):
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return list(seen)


def drawing_op(logits: Tensor) -> str | None:
    """The type of a random op in the network whose state no checkpoint keeps; None without any.

    The body of a loop or condition belongs to the network if any function of the graph does.
    """
    types = {op.type for op in ancestors(logits.op)}
    if types & {"While", "StatelessWhile", "If", "StatelessIf", "PartitionedCall"}:
        library = logits.graph.as_graph_def().library
        types |= {node.op for function in library.function for node in function.node_def}
    return min((each for each in types if each.startswith(_DRAWING)), default=None)

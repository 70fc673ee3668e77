"""Cross-entropies that take logits: TensorFlow's ops, and the formulas of its functions."""

from typing import NamedTuple

from tf1_dnn.check.facts.steps import is_backward
from tf1_dnn.check.graph import Graph, Node, Output, fact, operands


class Entropy(NamedTuple):
    """A cross-entropy of logits."""

    node: Node  # that gives it, or for a sigmoid's the heart of its formula
    function: str  # tf.nn's name for it
    logits: Output
    labels: Output | None


_OPS = {
    "SoftmaxCrossEntropyWithLogits": "softmax_cross_entropy_with_logits",
    "SparseSoftmaxCrossEntropyWithLogits": "sparse_softmax_cross_entropy_with_logits",
}


@fact
def entropies(graph: Graph) -> list[Entropy]:
    """All cross-entropies of the forward pass, in the graph's order within each kind."""
    found = []
    for op, function in _OPS.items():
        for node in graph.of_type(op):
            if not is_backward(node) and len(node.inputs) == 2:
                found.append(Entropy(node, function, *node.inputs))
    for node in graph.of_type("Log1p"):
        logits = None if is_backward(node) else _logits_of_log1p(node)
        if logits is not None:
            found.append(
                Entropy(node, "sigmoid_cross_entropy_with_logits", logits, _factor(logits, node))
            )
    return found


def _logits_of_log1p(node: Node) -> Output | None:
    """x of log1p(exp(-|x|)), as tf.nn's functions of a sigmoid spell it."""
    exp = node.inputs[0].node if node.inputs else None
    if exp is None or exp.op != "Exp" or not exp.inputs:
        return None
    inner = exp.inputs[0].node
    if inner.op == "Neg" and inner.inputs and inner.inputs[0].node.op == "Abs":
        return inner.inputs[0].node.inputs[0]
    if inner.op in ("Select", "SelectV2") and len(inner.inputs) == 3:
        first, second = operands(inner)
        if first.node.op == "Neg" and first.node.inputs[:1] == [second]:
            return second
    return None


def _factor(logits: Output, node: Node) -> Output | None:
    """z of x · z, beside it in the formula."""
    scope = node.name.rpartition("/")[0]
    for user in logits.node.consumers:
        if user.op == "Mul" and user.name.rpartition("/")[0] == scope and len(user.inputs) == 2:
            return next((each for each in user.inputs if each != logits), None)
    return None

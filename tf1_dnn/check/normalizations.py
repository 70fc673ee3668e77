"""The ops that normalize: FusedBatchNorm, tf.nn.batch_normalization, and the formula by hand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Iterator

from tf1_dnn.check.nodes import RESHAPING, RESULT, Node, Output
from tf1_dnn.check.training import is_backward
from tf1_dnn.check.values import FUSED, Values, values_behind
from tf1_dnn.check.variables import Variable

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_ADDS = ("Add", "AddV2", "BiasAdd")
_LARGEST_EPSILON = 0.1


@dataclasses.dataclass(eq=False)
class Normalization:
    """Ops that compute (inputs - mean) / sqrt(variance + epsilon) * gamma + beta."""

    inputs: Output
    mean: Values
    variance: Values
    uses: list[Node]  # the ops that take the mean and the variance
    results: list[Node]  # the ops that may be the last: gamma and beta are sometimes left out
    parameters: list[Variable]  # gamma and beta, as far as found


def find_normalizations(view: GraphView) -> list[Normalization]:
    """All of the graph but the backward part; layer normalization among them, as yet."""
    found = [made for node in view.of_type(*FUSED) for made in _fused(view, node)]
    for node in view.of_type("Rsqrt", "Sqrt"):
        if not is_backward(node):
            found += _unfused(view, node)
    return found


def _fused(view: GraphView, node: Node) -> Iterator[Normalization]:
    if len(node.inputs) < 5 or is_backward(node):
        return
    if "is_training" not in node.attr or node.attr["is_training"].b:  # the default is True
        mean, variance = (Values(statistics={Output(node, index)}) for index in (1, 2))
    else:
        mean, variance = (values_behind(view, output) for output in node.inputs[3:5])
    parameters = [view.variable_read(output) for output in node.inputs[1:3]]
    known = [parameter for parameter in parameters if parameter is not None]
    yield Normalization(node.inputs[0], mean, variance, [node], [node], known)


def _unfused(view: GraphView, root: Node) -> Iterator[Normalization]:
    """From the square root of variance + epsilon on; in the order of tf.nn.batch_normalization."""
    variance = _variance(view, root)
    if variance is None:
        return
    for scaled in [root, *(user for user in _users(root) if user.op == "Mul")]:
        products = [user for user in _users(scaled) if user.op in ("Mul", "RealDiv")]
        for product in products:
            other = _other(product, scaled)
            centered = _only(other, "Sub")
            if centered is not None:  # (inputs - mean) * rsqrt, or / sqrt
                parts = centered.inputs[0], centered.inputs[1], [root, centered], [product]
                yield _made(view, variance, *parts, _gamma(view, root, scaled))
                return
            inputs = [_other(each, scaled) for each in products if each is not product]
            subtracted = _subtracted(product)
            if inputs and subtracted is not None:  # inputs * rsqrt + (beta - mean * rsqrt)
                sub, mean = subtracted, _only(other, "Neg")
                source = mean.inputs[0] if mean is not None else other
                beta = [view.variable_read(sub.inputs[0])] if sub.op == "Sub" else []
                parameters = _gamma(view, root, scaled) + [each for each in beta if each]
                parts = inputs[0], source, [root, product], _users(sub)
                yield _made(view, variance, *parts, parameters)
                return


def _made(
    view: GraphView,
    variance: Output,
    inputs: Output,
    mean: Output,
    uses: list[Node],
    results: list[Node],
    parameters: list[Variable],
) -> Normalization:
    results = results + [user for result in results for user in _users(result)]
    values = values_behind(view, mean), values_behind(view, variance)
    return Normalization(inputs, *values, uses, results, parameters)


def _variance(view: GraphView, root: Node) -> Output | None:
    """The variance in sqrt(variance + epsilon)."""
    added = _only(root.inputs[0], "Add", "AddV2") if root.inputs else None
    if added is None or len(added.inputs) != 2:
        return None
    for variance, epsilon in [added.inputs, reversed(added.inputs)]:
        value = view.constant(epsilon)
        if value is not None and value.size == 1 and 0 <= value.item() <= _LARGEST_EPSILON:
            return variance
    return None


def _subtracted(product: Node) -> Node | None:
    """beta - product, or where the product is of -mean, the product itself."""
    for user in _users(product):
        if user.op == "Sub" and user.inputs[-1].node is not user.inputs[0].node:
            return user if _leads_to(user.inputs[1], product) else None
    if any(_only(source, "Neg") for source in product.inputs):
        return product
    return None


def _leads_to(output: Output, node: Node) -> bool:
    for _ in range(8):
        if output.node.op not in ("Identity", "Cast") or not output.node.inputs:
            break
        output = output.node.inputs[0]
    return output.node is node


def _gamma(view: GraphView, root: Node, scaled: Node) -> list[Variable]:
    if scaled is root:
        return []
    gamma = view.variable_read(_other(scaled, root))
    return [gamma] if gamma is not None else []


def _users(node: Node) -> list[Node]:
    """The forward ops that take a node's values, past Identity and Cast."""
    found: list[Node] = []
    for user in dict.fromkeys(node.consumers):
        if is_backward(user):
            continue
        passes = user.op in ("Identity", "Cast") and len(found) < 100
        found += _users_of_copy(user) if passes else [user]
    return found


def _users_of_copy(copy: Node) -> list[Node]:
    return [user for user in dict.fromkeys(copy.consumers) if not is_backward(user)]


def _other(node: Node, operand: Node) -> Output:
    """The other operand of a product."""
    first, second = node.inputs[0], node.inputs[-1]
    return second if _leads_to(first, operand) else first


def _only(output: Output, *ops: str) -> Node | None:
    """The node of one of these types that an output comes from, past reshaping."""
    for _ in range(8):
        node = output.node
        if node.op in ops:
            return node if len(node.inputs) == (1 if node.op == "Neg" else 2) else None
        if node.op not in RESHAPING or not node.inputs or node.op in ("Merge", RESULT):
            return None
        output = node.inputs[0]
    return None

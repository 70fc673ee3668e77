"""The ops that normalize: FusedBatchNorm, tf.nn.batch_normalization, and the formula by hand."""

import dataclasses
from typing import Iterator, Sequence

from tf1_dnn.check.facts.conditions import JOINS
from tf1_dnn.check.facts.steps import is_backward
from tf1_dnn.check.facts.values import FUSED, Values, values_behind
from tf1_dnn.check.facts.variables import Variable, variable_read
from tf1_dnn.check.graph import Graph, Node, Output, chain, constant
from tf1_dnn.check.graph.nodes import RESHAPING

_COPIES = ("Identity", "Cast")
_ONE_WAY = RESHAPING - set(JOINS)
_LARGEST_EPSILON = 0.1
_MOST_USERS = 100


@dataclasses.dataclass(eq=False)
class Normalization:
    """Ops that compute (inputs - mean) / sqrt(variance + epsilon) * gamma + beta."""

    inputs: Output
    mean: Values
    variance: Values
    uses: list[Node]  # the ops that take the mean and the variance
    results: list[Node]  # the ops that may be the last: gamma and beta are sometimes left out
    parameters: list[Variable]  # gamma and beta, as far as found


def find_normalizations(graph: Graph) -> list[Normalization]:
    """All of the graph but the backward part; layer normalization among them, as yet."""
    found = [made for node in graph.of_type(*FUSED) for made in _fused(graph, node)]
    for node in graph.of_type("Rsqrt", "Sqrt"):
        if not is_backward(node):
            found += _unfused(graph, node)
    return found


def _fused(graph: Graph, node: Node) -> Iterator[Normalization]:
    if len(node.inputs) < 5 or is_backward(node):
        return
    if "is_training" not in node.attr or node.attr["is_training"].b:  # the default is True
        mean, variance = (Values(statistics={Output(node, index)}) for index in (1, 2))
    else:
        mean, variance = (values_behind(graph, output) for output in node.inputs[3:5])
    parameters = _variables_read(graph, node.inputs[1:3])
    yield Normalization(node.inputs[0], mean, variance, [node], [node], parameters)


def _unfused(graph: Graph, root: Node) -> Iterator[Normalization]:
    """From the square root of variance + epsilon on; in the order of tf.nn.batch_normalization."""
    variance = _variance(root)
    if variance is None:
        return
    for scaled in [root, *(user for user in _users(root) if user.op == "Mul")]:
        gamma = [] if scaled is root else [_other(scaled, root)]
        products = [user for user in _users(scaled) if user.op in ("Mul", "RealDiv")]
        for product in products:
            parts = _parts(product, scaled, products)
            if parts is None:
                continue
            inputs, mean, use, results, beta = parts
            yield Normalization(
                inputs,
                values_behind(graph, mean),
                values_behind(graph, variance),
                [root, use],
                results + [user for result in results for user in _users(result)],
                _variables_read(graph, gamma + beta),
            )
            return


def _parts(
    product: Node, scaled: Node, products: list[Node]
) -> tuple[Output, Output, Node, list[Node], list[Output]] | None:
    """The inputs, the mean, the op that takes the mean, those that may be the last, and beta."""
    other = _other(product, scaled)
    centered = _only(other, "Sub")
    if centered is not None:  # (inputs - mean) * rsqrt, or / sqrt
        return centered.inputs[0], centered.inputs[1], centered, [product], []
    # Else inputs * rsqrt + (beta - mean * rsqrt), of which the product is mean * rsqrt.
    inputs = [_other(each, scaled) for each in products if each is not product]
    shift = _subtracted(product)
    if not inputs or shift is None:
        return None
    negative = _only(other, "Neg")
    mean = negative.inputs[0] if negative is not None else other
    beta = shift.inputs[:1] if shift.op == "Sub" else []
    return inputs[0], mean, product, _users(shift), beta


def _variables_read(graph: Graph, outputs: Sequence[Output]) -> list[Variable]:
    found = (variable_read(graph, output) for output in outputs)
    return [variable for variable in found if variable is not None]


def _variance(root: Node) -> Output | None:
    """The variance in sqrt(variance + epsilon)."""
    added = _only(root.inputs[0], "Add", "AddV2") if root.inputs else None
    if added is None:
        return None
    for variance, epsilon in [added.inputs, reversed(added.inputs)]:
        value = constant(epsilon)
        if value is not None and value.size == 1 and 0 <= value.item() <= _LARGEST_EPSILON:
            return variance
    return None


def _subtracted(product: Node) -> Node | None:
    """beta - product, or where the product is of -mean, the product itself."""
    for user in _users(product):
        if user.op == "Sub" and user.inputs[-1].node is not user.inputs[0].node:
            return user if _is_copy(user.inputs[1], product) else None
    if any(_only(source, "Neg") for source in product.inputs):
        return product
    return None


def _users(node: Node) -> list[Node]:
    """The forward ops that take a node's values, past an Identity or a Cast."""
    found: list[Node] = []
    for user in _forward_users(node):
        is_copy = user.op in _COPIES and len(found) < _MOST_USERS
        found += _forward_users(user) if is_copy else [user]
    return found


def _forward_users(node: Node) -> list[Node]:
    return [user for user in dict.fromkeys(node.consumers) if not is_backward(user)]


def _is_copy(output: Output, node: Node) -> bool:
    """Whether an output is the node's, past Identity and Cast."""
    return chain(output, _COPIES)[-1].node is node


def _other(node: Node, operand: Node) -> Output:
    """The other operand of a product."""
    first, second = node.inputs[0], node.inputs[-1]
    return second if _is_copy(first, operand) else first


def _only(output: Output, *ops: str) -> Node | None:
    """The node of one of these types that an output comes from, past reshaping."""
    node = chain(output, _ONE_WAY, 7)[-1].node
    n_inputs = 1 if node.op == "Neg" else 2
    return node if node.op in ops and len(node.inputs) == n_inputs else None

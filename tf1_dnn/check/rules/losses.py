"""Rules on the loss, LS001 to LS006: what is fed to it, its shape, its sign, where it breaks."""

from typing import Iterator, Sequence

from tf1_dnn.check.facts.entropies import Entropy, entropies
from tf1_dnn.check.facts.losses import losses, paths
from tf1_dnn.check.facts.shapes import Dims, shape_of
from tf1_dnn.check.facts.steps import is_backward
from tf1_dnn.check.facts.variables import origins
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Node, Output, constant, operands, walk
from tf1_dnn.check.graph.nodes import PASSING, RESHAPING
from tf1_dnn.check.rules.registry import Rule, rule

_PROBABILITIES = {"Softmax": "a softmax", "Sigmoid": "a sigmoid"}
_BENT = dict(Relu="a ReLU", Relu6="a ReLU6", Tanh="a tanh", Softplus="a softplus")
_BENT |= dict(Softsign="a softsign")
# What picks some of the probabilities without keeping them from zero.
_PICKING = RESHAPING | frozenset("Gather GatherV2 GatherNd Slice StridedSlice".split())
_MOST = 2000


@rule("LS001", "error", "probabilities where a loss takes logits")
def ls001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for entropy in entropies(graph):
        for origin in origins(graph, entropy.logits, RESHAPING):
            op = origin.node.op
            if op in _PROBABILITIES:
                yield rule.finding(
                    [origin.node, entropy.node],
                    f"tf.nn.{entropy.function} takes logits, and gets {origin.node.name}, the "
                    f"output of {_PROBABILITIES[op]}: probabilities are squashed a second time, "
                    "so that the loss stays high and gradients small.",
                )
            elif op in _BENT and _is_last(entropy, origin.node):
                yield rule.finding(
                    [origin.node, entropy.node],
                    f"tf.nn.{entropy.function} takes logits, and gets {origin.node.name}, the "
                    f"output of {_BENT[op]}, which cannot take every value that a logit needs.",
                    "warning",
                )


def _is_last(entropy: Entropy, activation: Node) -> bool:
    """Whether an activation is that of an output layer: it has a bias or a product before it."""
    before = activation.inputs[0].node if activation.inputs else None
    return before is not None and before.op in ("BiasAdd", "Add", "AddV2", "MatMul", "Conv2D")


@rule("LS002", "warning", "a logarithm, a root or a divisor that nothing keeps from zero")
def ls002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    ways = paths(graph)
    if ways is None:
        return
    for log in graph.of_type("Log"):
        if log in ways.differentiable and not is_backward(log) and log.inputs:
            source = _vanishing(graph, log.inputs[0])
            if source is not None:
                what = _PROBABILITIES.get(source.op, "a quotient of exponentials")
                yield rule.finding(
                    [log, source],
                    f"{log.name} is the logarithm of {source.name}, {what}, which rounds to zero: "
                    "the loss becomes infinite and its gradient NaN.",
                )
    for root in graph.of_type("Sqrt"):
        if root in ways.differentiable and not is_backward(root):
            yield from _bare_roots(rule, graph, root)
    for quotient in graph.of_type("RealDiv", "Div"):
        if quotient in ways.differentiable and not is_backward(quotient):
            relu = _summed_relu(graph, quotient)
            if relu is not None:
                yield rule.finding(
                    [quotient, relu],
                    f"{quotient.name} divides by the sum of {relu.name}, a ReLU, which is 0 where "
                    "all of its units are: the quotient is NaN, and every weight after it.",
                )


def _summed_relu(graph: Graph, quotient: Node) -> Node | None:
    """The ReLU by whose sum is divided."""
    divisors = (
        [each.node for each in origins(graph, quotient.inputs[1], RESHAPING)]
        if (len(quotient.inputs) == 2)
        else []
    )
    for total in divisors:
        if total.op == "Sum" and total.inputs:
            for origin in origins(graph, total.inputs[0], RESHAPING):
                if origin.node.op in ("Relu", "Relu6"):
                    return origin.node
    return None


def _vanishing(graph: Graph, output: Output) -> Node | None:
    """The softmax, sigmoid or quotient that a tensor's entries are, or 1 minus it, or picked."""

    def sources(output: Output) -> list[Output]:
        node, first = output.node, output.node.inputs[:1]
        if node.op == "Sub" and first and _is_one(first[0]):
            return node.inputs[1:]
        if node.op == "Sum" and first and first[0].node.op == "Mul":  # p · one-hot, summed
            return first[0].node.inputs
        return operands(node)[:1] if node.op in _PICKING else []

    for each in walk([output], sources, most=60):
        node = each.node
        if node.op in _PROBABILITIES or (node.op in ("RealDiv", "Div") and _is_softmax(node)):
            return node
    return None


def _is_one(output: Output) -> bool:
    value = constant(output)
    return value is not None and value.size == 1 and float(value.ravel()[0]) == 1


def _is_softmax(quotient: Node) -> bool:
    """exp(x) / sum(exp(x))."""
    if len(quotient.inputs) < 2:
        return False
    over, under = (each.node for each in quotient.inputs[:2])
    summed = [each.node for each in under.inputs[:1]]
    return over.op == "Exp" and under.op == "Sum" and summed == [over]


def _bare_roots(rule: Rule, graph: Graph, root: Node) -> Iterator[Finding]:
    """sqrt(sum((a − b)²)), one for each example: infinite slope where a equals b."""
    total = root.inputs[0].node if root.inputs else None
    if total is None or total.op != "Sum" or not total.inputs:
        return
    squares = total.inputs[0].node
    is_distance = squares.op == "SquaredDifference" or (
        squares.op == "Square" and squares.inputs and squares.inputs[0].node.op == "Sub"
    )
    dims = shape_of(graph, Output(root, 0))
    if is_distance and dims != ():
        yield rule.finding(
            [root, squares],
            f"{root.name} is a distance, whose gradient is infinite where it is zero: two equal "
            "examples make every weight NaN.",
        )


@rule("LS003", "error", "a loss that broadcasts [N] against [N, 1] into [N, N]")
def ls003(rule: Rule, graph: Graph) -> Iterator[Finding]:
    ways = paths(graph)
    if ways is None:
        return
    for node in graph.of_type("Sub", "SquaredDifference", "Mul", "Equal"):
        if (node not in ways.any and node.op != "Equal") or is_backward(node):
            continue
        shapes = [shape_of(graph, each) for each in node.inputs]
        is_outer = any(_is_outer(graph, each) for each in node.inputs)
        if is_outer or not _is_row_against_column(shapes):
            continue
        names = " and ".join(
            f"{each.node.name} {_spelled(dims)}" for each, dims in zip(node.inputs, shapes)
        )
        yield rule.finding(
            [node, *(each.node for each in node.inputs)],
            f"{node.name} combines {names} into [N, N]: every prediction is held against every "
            "label.",
        )


def _is_row_against_column(shapes: Sequence[Dims | None]) -> bool:
    """[N] and [N, 1]; of one unknown and one known length nobody knows."""
    if len(shapes) != 2 or None in shapes:
        return False
    row, column = sorted((each for each in shapes if each is not None), key=len)
    return len(row) == 1 and len(column) == 2 and column == (row[0], 1) and row[0] != 1


def _is_outer(graph: Graph, output: Output) -> bool:
    """Whether a dimension was added on purpose, to compare all with all."""
    nodes = walk([output.node], lambda node: [s for s, _ in node.inputs[:1]], most=6)
    return any(node.op in ("ExpandDims", "StridedSlice", "Pack", "Range", "Tile") for node in nodes)


def _spelled(dims: Dims | None) -> str:
    return "[" + ", ".join("N" if dim is None else str(dim) for dim in dims or ()) + "]"


@rule("LS004", "warning", "a softmax or an argmax over the wrong axis")
def ls004(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for entropy in entropies(graph):
        shapes = [shape_of(graph, each) for each in origins(graph, entropy.logits, RESHAPING)]
        if "softmax" in entropy.function and shapes and all(map(_ends_in_1, shapes)):
            yield rule.finding(
                [entropy.node],
                f"{entropy.node.name} is a softmax over one class, which is always 1: the loss is "
                "0 and nothing is learned. For one output take sigmoid_cross_entropy_with_logits.",
                "error",
            )
    for softmax in graph.of_type("Softmax", "LogSoftmax"):
        if is_backward(softmax) or not softmax.inputs:
            continue
        dims = shape_of(graph, softmax.inputs[0])
        if _ends_in_1(dims) and softmax.inputs[0].node.op != "Transpose":
            yield rule.finding(
                [softmax], f"{softmax.name} is a softmax over an axis of length 1: always 1."
            )
        elif _is_over_batch(graph, softmax):
            yield rule.finding(
                [softmax],
                f"{softmax.name} is a softmax over axis 0, the batch: what it gives for an example "
                "depends on the others.",
            )
    for node in graph.of_type("ArgMax"):
        yield from _wrong_argmax(rule, graph, node)
    for node in graph.of_type("Sub", "SquaredDifference"):
        yield from _mean_of_predictions(rule, graph, node)


def _mean_of_predictions(rule: Rule, graph: Graph, error: Node) -> Iterator[Finding]:
    """Labels against a mean of what the network gives, over the batch."""
    if is_backward(error) or len(error.inputs) != 2:
        return
    for output, labels in (error.inputs, error.inputs[::-1]):
        for origin in origins(graph, output, RESHAPING):
            node = origin.node
            axes = constant(node.inputs[1]) if node.op == "Mean" and len(node.inputs) > 1 else None
            dims = shape_of(graph, node.inputs[0]) if axes is not None else None
            is_batch = axes is not None and axes.ravel().tolist() == [0]
            if is_batch and dims and len(dims) > 1 and dims[0] is None:
                if _is_of_data(graph, labels) and not _is_of_data(graph, node.inputs[0]):
                    yield rule.finding(
                        [node, error],
                        f"{node.name} is a mean over axis 0, the batch, and {error.name} holds it "
                        "against labels: every example gets the same prediction.",
                    )


def _ends_in_1(dims: Dims | None) -> bool:
    return bool(dims) and dims is not None and dims[-1] == 1 and len(dims) > 1


def _is_over_batch(graph: Graph, softmax: Node) -> bool:
    """Of [batch, classes], transposed before it and back after."""
    transpose = softmax.inputs[0].node
    if transpose.op != "Transpose" or len(transpose.inputs) != 2:
        return False
    dims = shape_of(graph, transpose.inputs[0])
    users = {user.op for user in softmax.consumers if not is_backward(user)}
    is_layer = any(
        each.node.op in ("BiasAdd", "MatMul", "Add", "AddV2")
        for each in origins(graph, transpose.inputs[0], PASSING)
    )
    return bool(
        dims
        and len(dims) == 2
        and dims[0] is None
        and dims[1]
        and dims[1] > 1
        and "Transpose" in users
        and is_layer
    )


def _wrong_argmax(rule: Rule, graph: Graph, node: Node) -> Iterator[Finding]:
    axis = constant(node.inputs[1]) if len(node.inputs) > 1 else None
    dims = shape_of(graph, node.inputs[0]) if node.inputs else None
    if axis is None or axis.size != 1 or not dims or is_backward(node):
        return
    at = int(axis.ravel()[0])
    if not -len(dims) <= at < len(dims):
        return
    if dims[at] == 1:
        yield rule.finding(
            [node], f"{node.name} is an argmax over an axis of length 1: it is always 0."
        )
    elif len(dims) == 2 and at == 0 and dims[0] is None and dims[1] and dims[1] > 1:
        yield rule.finding(
            [node],
            f"{node.name} takes the argmax over axis 0, the batch: it gives a row for each of "
            f"{dims[1]} classes, not a class for each example.",
        )


@rule("LS005", "error", "a loss that is maximized", needs_train_op=True)
def ls005(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for loss in losses(graph):
        if loss.seed.op not in ("Fill", "Const", "OnesLike"):
            continue
        signs = _signs(graph, loss.output)
        for node, found in signs.items():
            if found == {-1}:
                yield rule.finding(
                    [loss.output.node, node],
                    f"The loss {loss.output.node.name} falls as {node.name} rises, which measures "
                    "an error: training makes it worse.",
                )


_SIGNED_PASSING = RESHAPING | frozenset("Sum Mean AddN Add AddV2".split())


def _signs(graph: Graph, output: Output) -> dict[Node, set[int]]:
    """The errors that a loss adds up, each with the signs it has there; unknown factors end it."""
    measures = {entropy.node: entropy for entropy in entropies(graph)}
    found: dict[Node, set[int]] = {}
    todo = [(output, 1)]
    seen: set[tuple[Output, int]] = set()
    while todo and len(seen) < _MOST:
        here, sign = todo.pop()
        if (here, sign) in seen:
            continue
        seen.add((here, sign))
        node = here.node
        if node in measures and _is_of_data(graph, measures[node].labels):
            found.setdefault(node, set()).add(sign)
        elif node.op == "Mul" and len(node.inputs) == 2 and _is_log_likelihood(graph, node):
            found.setdefault(node, set()).add(-sign)
        elif node.op in ("Square", "SquaredDifference") and _holds_data(graph, node):
            found.setdefault(node, set()).add(sign)
        else:
            todo += _onward(node, sign)
    return found


def _onward(node: Node, sign: int) -> list[tuple[Output, int]]:
    if node.op == "Neg":
        return [(each, -sign) for each in node.inputs[:1]]
    if node.op == "Sub" and len(node.inputs) == 2:
        return [(node.inputs[0], sign), (node.inputs[1], -sign)]
    if node.op in ("Mul", "RealDiv", "Div") and len(node.inputs) == 2:
        pairs = [node.inputs] + ([node.inputs[::-1]] if node.op == "Mul" else [])
        for value, factor in pairs:
            number = constant(factor)
            if number is not None and number.size == 1 and float(number.ravel()[0]) != 0:
                return [(value, sign * (1 if float(number.ravel()[0]) > 0 else -1))]
        return []
    if node.op in _SIGNED_PASSING:
        return [(each, sign) for each in (node.inputs if "Add" in node.op else operands(node)[:1])]
    return []


def _is_log_likelihood(graph: Graph, product: Node) -> bool:
    """Fed labels times the logarithms of probabilities."""
    for labels, logs in (product.inputs, product.inputs[::-1]):
        if logs.node.op in ("Log", "LogSoftmax") and _is_of_data(graph, labels):
            near = {node.op for node in walk([logs.node], Node.data_sources, most=20)}
            return logs.node.op == "LogSoftmax" or bool(near & _PROBABILITIES.keys())
    return False


def _is_of_data(graph: Graph, output: Output | None) -> bool:
    """Whether labels are fed or read, not computed by the network itself."""
    if output is None:
        return False
    behind = list(walk([output.node], Node.data_sources, most=300))
    ops = {node.op for node in behind}
    is_fed = any(op.startswith(("Placeholder", "IteratorGetNext", "QueueDequeue")) for op in ops)
    return is_fed and not ops & {"MatMul", "Conv2D", "VariableV2", "VarHandleOp"}


def _holds_data(graph: Graph, square: Node) -> bool:
    """Whether a square is of a difference, one side of which is data."""
    sides = square.inputs
    if square.op == "Square" and square.inputs and square.inputs[0].node.op == "Sub":
        sides = square.inputs[0].node.inputs
    return len(sides) == 2 and sum(_is_of_data(graph, each) for each in sides) == 1


@rule("LS006", "note", "a squared error of a softmax")
def ls006(rule: Rule, graph: Graph) -> Iterator[Finding]:
    ways = paths(graph)
    if ways is None:
        return
    for node in graph.of_type("Square", "SquaredDifference"):
        if node not in ways.differentiable or is_backward(node) or not _holds_data(graph, node):
            continue
        for origin in origins(graph, node.inputs[0], PASSING | {"Sub"}):
            if origin.node.op == "Softmax":
                yield rule.finding(
                    [node, origin.node],
                    f"{node.name} squares the error of {origin.node.name}, a softmax: where it is "
                    "sure and wrong, hardly any gradient is left.",
                )
                break

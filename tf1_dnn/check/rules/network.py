"""Rules on layers, NW001 to NW006: nothing nonlinear between two, activations, dropout."""

import re
from typing import Iterator

from tf1_dnn.check.facts.batch_norms import batch_norms
from tf1_dnn.check.facts.dropouts import Dropout, dropouts
from tf1_dnn.check.facts.layers import ACTIVATIONS, LINEAR, Layer, Link, layers, links
from tf1_dnn.check.facts.losses import paths
from tf1_dnn.check.facts.steps import is_backward, training
from tf1_dnn.check.facts.variables import origins
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Node, operands, walk
from tf1_dnn.check.graph.nodes import RESHAPING
from tf1_dnn.check.rules.registry import Rule, rule

_ADDS = ("Add", "AddV2", "AddN", "ConcatV2", "Concat", "Sub")
_NAMELESS = re.compile(r"(^|/)dropout(_\d+)?/Identity$")
_KEEPS_FEW = 0.75  # of the rate


@rule("NW001", "warning", "two layers with nothing nonlinear between")
def nw001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    dropped = {node for each in dropouts(graph) for node in each.nodes}
    told: set[Node] = set()
    for link in links(graph):
        first, second = link.first, link.second
        bare = [node for node in link.between if node not in dropped]
        if first.node in told or not all(node.op in LINEAR for node in bare):
            continue
        if _is_factorized(link) or _joins(graph, link) or not _is_one_way(graph, link):
            continue
        if _is_shared(graph, second) or not _are_trained_together(graph, link):
            continue
        told.add(first.node)
        yield rule.finding(
            [first.node, second.node],
            f"Between {first.kernel.name} and {second.kernel.name} is no activation: together they "
            f"compute what one layer of {second.n_outputs} outputs would.",
        )


def _is_shared(graph: Graph, layer: Layer) -> bool:
    """Whether a kernel serves other inputs as well, as a discriminator's does."""
    return sum(each.kernel is layer.kernel for each in layers(graph)) > 1


def _are_trained_together(graph: Graph, link: Link) -> bool:
    """Whether one step changes both: what a generator gives its adversary is no hidden layer."""
    kernels = {link.first.kernel, link.second.kernel}
    moved = ({apply.variable for apply in step.applies} for step in training(graph).steps)
    return not training(graph).steps or any(kernels <= each for each in moved)


def _is_factorized(link: Link) -> bool:
    """A bottleneck, or a convolution in two steps: fewer numbers on purpose."""
    first, second = link.first, link.second
    n_before, n_between, n_after = first.kernel_shape[-2], first.n_outputs, second.n_outputs
    if n_before is None or n_between is None or n_after is None:
        return True
    if first.node.op != second.node.op:
        return second.node.op != "MatMul"
    return n_between < min(n_before, n_after) or _is_thin(link)


def _is_thin(link: Link) -> bool:
    """Kernels of which one has a single row or column, or a single pixel."""
    return any(1 in layer.kernel_shape[:-2] for layer in (link.first, link.second))


def _joins(graph: Graph, link: Link) -> bool:
    """Whether other values come in between, as in a residual sum."""
    inside = {link.first.node, *link.between}
    for node in link.between:
        if node.op in _ADDS:
            others = [source for source, _ in node.inputs if source not in inside]
            if any(not _is_given(source) for source in others):
                return True
    return False


def _is_given(node: Node) -> bool:
    """A variable or a constant."""
    near = walk([node], Node.data_sources, most=30)
    return not any(
        each.op in ("MatMul", "Conv2D", "Placeholder", "IteratorGetNext") for each in near
    )


def _is_one_way(graph: Graph, link: Link) -> bool:
    """Whether what the first layer gives goes on to the second alone, to no loss or other layer."""
    inside = {*link.between, link.second.node}
    for node in (link.first.node, *link.between):
        for user in node.consumers:
            is_aside = is_backward(user) or user.op.endswith("Summary") or user.op == "Shape"
            if user not in inside and not is_aside and user.op not in ("Size", "Rank", "ShapeN"):
                return False
    return True


@rule("NW002", "warning", "two activations in a row")
def nw002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for outer in graph.of_type(*sorted(ACTIVATIONS)):
        if is_backward(outer) or not outer.inputs:
            continue
        for origin in origins(graph, outer.inputs[0], RESHAPING):
            inner = origin.node
            if inner.op in ACTIVATIONS and not is_backward(inner) and _is_layers(inner):
                is_same = inner.op == outer.op and inner.op.startswith("Relu")
                yield rule.finding(
                    [outer, inner],
                    f"{outer.name} ({outer.op}) takes what {inner.name} ({inner.op}) gives"
                    + (
                        ": the second changes nothing."
                        if is_same
                        else ", so that it only ever sees a part of its range."
                    ),
                    "note" if is_same else None,
                )


def _is_layers(activation: Node) -> bool:
    """Whether an activation follows a layer: a bias, a product or a batch norm."""
    before = activation.inputs[0].node if activation.inputs else None
    adds = ("BiasAdd", "Add", "AddV2", "MatMul", "Conv2D", "Identity", "Reshape", "Merge")
    return before is not None and (before.op in adds or before.op.startswith("FusedBatchNorm"))


@rule("NW003", "warning", "dropout that is always on, or never", needs_train_op=True)
def nw003(rule: Rule, graph: Graph) -> Iterator[Finding]:
    reach, judged = training(graph).reach, _judged(graph)
    for each in dropouts(graph):
        if each.node in reach and each.rate is not None and not each.is_switched and judged:
            if not _has_twin(graph) and _comes_from_a_feed(each):
                yield rule.finding(
                    [each.node],
                    f"{each.node.name} drops {each.rate:.0%} by a constant, and nothing turns it "
                    f"off: {judged.name} is computed from what it leaves.",
                )
    for node in graph.of_type("Identity"):
        if _NAMELESS.search(node.name) and node in reach and not is_backward(node):
            scope = node.name.rpartition("/")[0] + "/"
            inside = [name for name in graph.nodes if name.startswith(scope)]
            if len(inside) == 1 and not dropouts(graph):
                yield rule.finding(
                    [node],
                    f"{node.name} is a tf.layers.dropout that was called without training=: it "
                    "drops nothing.",
                )


def _judged(graph: Graph) -> Node | None:
    """What tells the network's accuracy or answer in this very graph."""
    for node in graph.of_type("InTopK", "InTopKV2", "ArgMax"):
        if not is_backward(node):
            behind = set(walk([node], Node.data_sources, most=3000))
            if any(each.node in behind for each in dropouts(graph)):
                return node
    return None


def _comes_from_a_feed(dropout: Dropout) -> bool:
    """Whether examples are fed: the same graph then serves for tests, as an input pipeline's may
    not."""
    behind = walk([dropout.node], Node.data_sources, most=3000)
    ops = {node.op for node in behind}
    return "Placeholder" in ops and not any(op.startswith("Iterator") for op in ops)


def _has_twin(graph: Graph) -> bool:
    """Whether the same kernels are used a second time, as by a network for evaluation."""
    kernels = [layer.kernel for layer in layers(graph)]
    return len(kernels) != len(set(kernels))


@rule("NW004", "warning", "dropout that drops nearly everything")
def nw004(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for each in dropouts(graph):
        if each.rate is not None and _KEEPS_FEW <= each.rate < 1:
            yield rule.finding(
                [each.node],
                f"{each.node.name} drops {each.rate:.0%} and keeps {1 - each.rate:.0%}: "
                "tf.nn.dropout's second argument was the share to keep, and its rate= and that of "
                "tf.layers.dropout are the share to drop.",
                None if each.rate > _KEEPS_FEW else "note",
            )


@rule("NW005", "note", "dropout just before batch norm")
def nw005(rule: Rule, graph: Graph) -> Iterator[Finding]:
    by_node = {each.node: each for each in dropouts(graph)}
    for layer in batch_norms(graph).layers:
        for part in layer.parts:
            for node in walk([part.inputs.node], _layer_before, most=12):
                if node in by_node:
                    yield rule.finding(
                        [node, layer.node],
                        f"{node.name} drops just before {layer.name}: in training the variance is "
                        "larger than in use, and the moving average keeps the larger one.",
                    )
                    break


def _layer_before(node: Node) -> list[Node]:
    """Back through what a layer is made of, as far as its product's inputs."""
    through = RESHAPING | {"BiasAdd", "Add", "AddV2", "MatMul", "Conv2D"}
    return [source for source, _ in operands(node)[:2]] if node.op in through else []


@rule("NW006", "note", "an output that cannot reach its labels")
def nw006(rule: Rule, graph: Graph) -> Iterator[Finding]:
    ways = paths(graph)
    if ways is None:
        return
    for node in graph.of_type("Sub", "SquaredDifference"):
        if node not in ways.differentiable or is_backward(node) or len(node.inputs) != 2:
            continue
        for output, other in (node.inputs, node.inputs[::-1]):
            outputs = [each.node for each in origins(graph, output, RESHAPING)]
            labels = [each.node for each in origins(graph, other, RESHAPING)]
            relus = [each for each in outputs if each.op in ("Relu", "Relu6") and _is_layers(each)]
            is_fed = any(each.op.startswith("Placeholder") for each in labels)
            if relus and is_fed and not _sees(relus[0], labels):
                yield rule.finding(
                    [relus[0], node],
                    f"{node.name} compares {relus[0].name}, which is never below 0, with fed "
                    "labels: where they are, no gradient leads there.",
                )


def _sees(output: Node, labels: list[Node]) -> bool:
    """Whether an output is computed from the very labels, as an autoencoder's is."""
    behind = set(walk([output], Node.data_sources, most=3000))
    return not behind.isdisjoint(labels)

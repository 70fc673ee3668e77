"""Which op of one graph is which of the other, in the old graph's order.

Two ops are paired where they are of one kind and take what is paired already; so names matter only
where several would do. Layers with matched kernels, and batch norms with matched averages, are
paired wherever they stand: beyond a difference the comparison goes on.
"""

import re
from typing import NamedTuple

from tensorboard.compat.proto import types_pb2

from tf1_dnn.check.facts.batch_norms import BatchNorm, batch_norms
from tf1_dnn.check.facts.entropies import entropies
from tf1_dnn.check.facts.layers import ACTIVATIONS, layers
from tf1_dnn.check.facts.losses import losses
from tf1_dnn.check.facts.shapes import shape_of
from tf1_dnn.check.facts.steps import is_backward
from tf1_dnn.check.facts.variables import Variable, variable_at, variables
from tf1_dnn.check.graph import (
    Graph,
    Node,
    Output,
    ancestors,
    constant,
    descendants,
    fact,
    operands,
    walk,
)
from tf1_dnn.check.graph.nodes import ARG, GROUP, PASSING, PLACEHOLDERS, RESULT, SWITCHES
from tf1_dnn.diff.draws import RANDOM_OPS, Draws, pair_draws
from tf1_dnn.diff.matching import Matched
from tf1_dnn.diff.statics import SAME_OPS

_NO_OPS = {ARG, GROUP, "Const", "NoOp", "Shape", "Assign", "AssignVariableOp"}
_NO_OPS |= {"IsVariableInitialized", "VarIsInitializedOp"}
_TOLD_APART = re.compile("Save|Restore|Summary|Assert|Print|Uninitialized|Enqueue|^Merge$")
_SHAPES = ("Shape", "ShapeN", "Size", "Rank")
_AFFINE = ("Add", "Sub", "Mul", "FusedBatchNorm")  # by which a batch norm ends
_MOST = 60


class Aligned(NamedTuple):
    """Which op is which."""

    placeholders: list[tuple[Node, Node]]
    draws: Draws
    ops: list[tuple[Node, Node]]
    open_ends: list[Node]  # forward ops of the old graph that nothing compared tells of
    new_ends: list[Node]  # likewise of the new graph

    def lone_placeholders(self, old: Graph, new: Graph) -> list[tuple[Graph, Node]]:
        """Those that only one graph has."""
        paired = {node for pair in self.placeholders for node in pair}
        return [
            (graph, node)
            for graph in (old, new)
            for node in graph.of_type(*PLACEHOLDERS)
            if node not in paired
        ]


def align(old: Graph, new: Graph, matched: Matched) -> Aligned:
    """Pair the ops of the forward pass."""
    fed = pair_placeholders(old, new)
    draws = pair_draws(old, new)
    mapped: dict[Node, Node] = dict(fed + draws.pairs)
    mapped.update((pair.old.node, pair.new.node) for pair in matched.pairs)
    taken = set(mapped.values())
    anchors = _anchors(old, new, matched)
    changing = _changing(old) | _changing(new)
    paired = []
    for node in old.nodes.values():
        if node in mapped or node in changing or not _is_forward(old, node):
            continue
        like = anchors.get(node) or _like(old, new, node, mapped, taken)
        if like is not None and like not in taken and like not in changing:
            mapped[node] = like
            taken.add(like)
            paired.append((node, like))
    ends = _both_open_ends(old, new, paired, fed)
    namesakes = [(node, _namesake(new, node)) for node in ends[0]]
    paired += [(node, like) for node, like in namesakes if like in ends[1]]
    return Aligned(fed, draws, paired, *_both_open_ends(old, new, paired, fed))


def _both_open_ends(
    old: Graph, new: Graph, paired: list[tuple[Node, Node]], fed: list[tuple[Node, Node]]
) -> list[list[Node]]:
    return [
        _open_ends(graph, [pair[side] for pair in paired], [pair[side] for pair in fed])
        for side, graph in enumerate((old, new))
    ]


def _open_ends(graph: Graph, paired: list[Node], fed: list[Node]) -> list[Node]:
    """Forward ops of what both graphs are fed that nothing compared comes after.

    Losses, gradients, and what is written to variables, are compared as such. What would change a
    variable cannot be fetched alone.
    """
    others = [node for node in graph.of_type(*PLACEHOLDERS) if node not in fed]
    written = [write for variable in variables(graph) for write in variable.writes]
    compared = [*paired, *written, *(loss.output.node for loss in losses(graph))]
    backward = [node for node in graph.nodes.values() if is_backward(node)]
    numbers = [node for node in fed if node.attr["dtype"].type != types_pb2.DT_STRING]
    of_fed = descendants(numbers, stop=lambda node: node.op in _SHAPES) - set(fed)
    apart = descendants([*others, *backward]) | _in_loops(graph) | _changing(graph)
    open_to_all = of_fed - ancestors(compared) - apart
    return [
        node
        for node in graph.nodes.values()
        if node in open_to_all
        and _is_forward(graph, node)
        and not _TOLD_APART.search(node.op)
        and not _is_optional(node)
    ]


def _in_loops(graph: Graph) -> set[Node]:
    """What lies in a loop of TensorFlow 1, where nothing can be fetched."""
    entries = graph.of_type("Enter", "RefEnter")
    inside = descendants(entries, stop=lambda node: node.op in ("Exit", "RefExit"))
    return {node for node in inside if node.op not in ("Exit", "RefExit")}


def _is_optional(node: Node) -> bool:
    """Whether it is what a condition keeps for its gradient: a value, or none; no number."""
    return any(each.node.op.startswith("Optional") for each in node.inputs)


@fact
def _changing(graph: Graph) -> set[Node]:
    """The ops that to fetch would change a variable: what waits for a write, or holds one."""
    writes = [write for variable in variables(graph) for write in variable.writes]
    calls = [call for write in writes for call in write.calls()]
    return descendants([*writes, *calls])


def pair_placeholders(old: Graph, new: Graph) -> list[tuple[Node, Node]]:
    """By name, then by dtype and rank in order."""
    olds, news = (graph.of_type(*PLACEHOLDERS) for graph in (old, new))
    by_name = {node.name: node for node in news}
    pairs = [(node, by_name[node.name]) for node in olds if node.name in by_name]
    rest = [node for node in news if node not in {b for _, b in pairs}]
    for node in olds:
        if node.name not in by_name:
            kind = _kind(old, node)
            like = next((each for each in rest if _kind(new, each) == kind), None)
            if like is not None:
                rest.remove(like)
                pairs.append((node, like))
    return pairs


def _kind(graph: Graph, placeholder: Node) -> object:
    dims = shape_of(graph, Output(placeholder, 0))
    return placeholder.attr["dtype"].type, None if dims is None else len(dims)


def _is_forward(graph: Graph, node: Node) -> bool:
    if node.call is not None or is_backward(node) or not node.inputs or node.op in _NO_OPS:
        return False
    is_read = variable_at(graph, node) is not None
    return not is_read and (node.op == RESULT or node.op not in PASSING)


def _origin(graph: Graph, output: Output) -> Node:
    """The node that a value comes from: a variable, or an op that does more than pass it on."""
    node = output.node
    for _ in range(_MOST):
        variable = variable_at(graph, node)
        if variable is not None:
            return variable.node
        is_copy = len(node.inputs) == 1 or node.op in SWITCHES
        if node.op == RESULT or node.op not in PASSING or not is_copy:
            return node
        node = node.inputs[0].node
    return node


def _values(graph: Graph, node: Node) -> list[Node]:
    """What an op takes, but for constants."""
    return [_origin(graph, each) for each in operands(node) if constant(each) is None]


def _like(
    old: Graph, new: Graph, node: Node, mapped: dict[Node, Node], taken: set[Node]
) -> Node | None:
    values = _values(old, node)
    if not values or any(each not in mapped for each in values):
        return None
    images = [mapped[each] for each in values]
    found = [
        each
        for each in _users(new, images[0])
        if _op_kind(each) == _op_kind(node) and each not in taken
        if sorted(map(id, _values(new, each))) == sorted(map(id, images))
    ]
    return next((each for each in found if each.name == node.name), found[0] if found else None)


def _namesake(new: Graph, node: Node) -> Node | None:
    """An op of the same name and kind that takes what has the same names."""
    like = new.nodes.get(node.name)
    if like is None or _op_kind(like) != _op_kind(node) or node.op in RANDOM_OPS:
        return None
    names = [[(each.node.name, each.index) for each in both.inputs] for both in (node, like)]
    return like if names[0] == names[1] else None


def _op_kind(node: Node) -> str:
    """One name for ops that stand in each other's place; all activations are of one kind."""
    return "activation" if node.op in ACTIVATIONS else SAME_OPS.get(node.op, node.op)


def _users(graph: Graph, node: Node) -> list[Node]:
    """The forward ops that take what a node gives, through those that pass it on."""

    def copies(each: Node) -> list[Node]:
        return [user for user in each.consumers if _passes(graph, user)]

    near = walk([node], copies, most=4000)
    return [user for each in near for user in each.consumers if _is_forward(graph, user)]


def _passes(graph: Graph, node: Node) -> bool:
    return node.op != RESULT and (node.op in PASSING or variable_at(graph, node) is not None)


def _anchors(old: Graph, new: Graph, matched: Matched) -> dict[Node, Node]:
    """Ops that are paired for what they are: layers, batch norms, cross-entropies."""
    anchors = {}
    like = {pair.old: pair.new for pair in matched.pairs}
    products: dict[Variable, list[Node]] = {}
    for layer in layers(new):
        products.setdefault(layer.kernel, []).append(layer.node)
    for layer in layers(old):
        if products.get(like.get(layer.kernel)):  # type: ignore[arg-type]
            anchors[layer.node] = products[like[layer.kernel]].pop(0)
    norms: dict[Variable, list[BatchNorm]] = {}  # of a variable that is shared, in their order
    for norm in batch_norms(new).layers:
        for average in norm.averages[:1]:
            norms.setdefault(average.variable, []).append(norm)
    for norm in batch_norms(old).layers:
        for average in norm.averages[:1]:
            if norms.get(like.get(average.variable)):  # type: ignore[arg-type]
                anchors[_result(norm)] = _result(norms[like[average.variable]].pop(0))
    nodes = [[each.node for each in entropies(graph)] for graph in (old, new)]
    anchors.update(zip(*nodes))
    return anchors


def _result(norm: BatchNorm) -> Node:
    """The op that gives a batch norm's output, outside of its condition."""
    results = [each for each in norm.parts[-1].results if _op_kind(each) in _AFFINE]
    node = results[-1] if results else norm.node
    for _ in range(_MOST):
        joins = [user for user in node.consumers if user.op in ("Merge", RESULT, "Identity")]
        is_inside = node.call is not None or any(user.op == "Merge" for user in joins)
        if not is_inside or not joins:
            return node
        node = joins[0]
    return node

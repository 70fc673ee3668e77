"""Dropout: a random mask times its input, as tf.nn.dropout has made it over the years."""

import dataclasses

from tf1_dnn.check.facts.steps import is_backward
from tf1_dnn.check.graph import Graph, Node, fact, scalar, walk
from tf1_dnn.check.graph.nodes import BRANCHES

_NEAR = 14  # ops between the draw and the product


@dataclasses.dataclass(eq=False)
class Dropout:
    """One application of dropout."""

    node: Node  # the product that gives its output
    nodes: frozenset[Node]  # of its scope
    rate: float | None  # the share dropped, where it is constant
    is_switched: bool  # whether a condition turns it on


@fact
def dropouts(graph: Graph) -> list[Dropout]:
    """All applications of the forward pass, in the graph's order."""
    found = []
    for draw in graph.of_type("RandomUniform"):
        if is_backward(draw) or "dropout" not in draw.name.lower():
            continue
        ahead = walk([draw], Node.data_users, most=_NEAR * 4, nearest_first=True)
        product = None
        for node in ahead:
            if node.op in ("Mul", "Select", "SelectV2") and _is_masked(node, draw):
                product = node
                break
        if product is None:
            continue
        scope = draw.name.rpartition("/random_uniform")[0] or draw.name.rpartition("/")[0]
        prefix = scope + "/"
        nodes = {
            node
            for node in walk([product], Node.data_sources, most=40)
            if node.name.startswith(prefix)
        }
        found.append(Dropout(product, frozenset(nodes), _rate(draw), _is_switched(product, draw)))
    return found


def _is_masked(product: Node, draw: Node) -> bool:
    """Whether a product joins the mask that a draw makes with something else."""
    sides = [
        draw in set(walk([each.node], Node.data_sources, most=_NEAR)) for each in product.inputs
    ]
    return any(sides) and not all(sides) and not _is_the_draws_own(product, draw)


def _is_the_draws_own(product: Node, draw: Node) -> bool:
    """The product that widens the draw to its interval, (max − min) · draw."""
    return any(each.node is draw for each in product.inputs)


def _rate(draw: Node) -> float | None:
    """From floor(keep + draw), or draw ≥ rate."""
    for node in walk([draw], Node.data_users, most=_NEAR * 2, nearest_first=True):
        if node.op == "GreaterEqual" and len(node.inputs) == 2:
            return scalar(node.inputs[1])
        if node.op == "Floor" and node.inputs and node.inputs[0].node.op in ("Add", "AddV2"):
            added = node.inputs[0].node
            keeps = [scalar(each) for each in added.inputs]
            keep = next((each for each in keeps if each is not None), None)
            return None if keep is None else 1 - keep
    return None


def _is_switched(product: Node, draw: Node) -> bool:
    """Whether it lies in a condition's branch."""
    if any(call.op in BRANCHES for call in product.calls()):
        return True
    behind = walk([product], Node.sources, most=60)
    ahead = walk([product], Node.data_users, most=8, nearest_first=True)
    return any(node.op in ("Switch", "RefSwitch") for node in behind) or any(
        node.op == "Merge" for node in ahead
    )

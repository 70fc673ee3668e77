"""The random ops of two graphs, made to draw the same numbers in both.

Seeds alone would not do: a random op moves on with every run, and the two are not run equally
often. A stateless op, which draws the same at every run, takes the place of each.
"""

from typing import Any, Iterable, NamedTuple

import numpy as np

from tf1_dnn.check.facts.steps import is_backward
from tf1_dnn.check.facts.variables import variables
from tf1_dnn.check.graph import Graph, Node, ancestors
from tf1_dnn.compat import tf

_STATELESS = {
    "RandomUniform": "StatelessRandomUniform",
    "RandomStandardNormal": "StatelessRandomNormal",
    "TruncatedNormal": "StatelessTruncatedNormal",
}
_OTHERS = ("Multinomial", "RandomGamma", "RandomPoissonV2", "RandomShuffle", "RandomUniformInt")
RANDOM_OPS = frozenset([*_STATELESS, *_OTHERS])
_SEED = 20180715


class Draws(NamedTuple):
    """Random ops outside of initializers."""

    pairs: list[tuple[Node, Node]]
    n_lone: int  # those that have no like, or cannot be made alike


def pair_draws(old: Graph, new: Graph) -> Draws:
    """Pair the random ops of each kind and dtype, in their order."""
    pairs, n_all = [], 0
    olds, news = _draws(old), _draws(new)
    for kind in dict.fromkeys(_kind(node) for node in olds + news if node.op in _STATELESS):
        sides = [[node for node in nodes if _kind(node) == kind] for nodes in (olds, news)]
        pairs += list(zip(*sides))
        n_all += max(map(len, sides))
    n_others = max(sum(node.op in _OTHERS for node in nodes) for nodes in (olds, news))
    return Draws(pairs, n_all - len(pairs) + n_others)


def _kind(node: Node) -> tuple[str, int]:
    return node.op, node.attr["dtype"].type


def _draws(graph: Graph) -> list[Node]:
    initial = [write for variable in variables(graph) for write in variable.initial]
    in_initializers = ancestors(initial)
    return [
        node
        for node in graph.of_type(*_STATELESS, *_OTHERS)
        if node not in in_initializers and not is_backward(node)
    ]


def make_alike(definition: Any, draws: Iterable[Node]) -> None:
    """Put stateless ops in the place of `draws` in a GraphDef; the number of each is its seed."""
    functions = {each.signature.name: each.node_def for each in definition.library.function}
    wanted = {(node.function, _local(node)): seed for seed, node in enumerate(draws)}
    for function, nodes in [("", definition.node), *functions.items()]:
        for node in list(nodes):
            number = wanted.get((function, node.name))
            if number is not None:
                suffix = ":output:0" if function else ""
                _make_stateless(node, nodes.add(), suffix, _SEED + number)


def _local(node: Node) -> str:
    """A node's name in its function's body."""
    return node.name.rpartition("]/")[2] if node.call else node.name


def _make_stateless(node: Any, constant: Any, suffix: str, seed: int) -> None:
    """Turn one NodeDef into a stateless op, and another into the seed that it takes."""
    constant.name, constant.op = f"{node.name}/diff_seed", "Const"
    seeds = tf.make_tensor_proto(np.array([seed, 0], np.int64))
    constant.attr["value"].tensor.CopyFrom(seeds)
    constant.attr["dtype"].type = seeds.dtype
    shape, *controls = node.input
    del node.input[:]
    node.input.extend([shape, f"{constant.name}{suffix}", *controls])
    node.op = _STATELESS[node.op]
    node.attr["Tseed"].type = seeds.dtype
    for name in ("seed", "seed2"):
        node.attr.pop(name, None)

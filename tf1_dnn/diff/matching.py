"""Which variable of one graph is which of the other: by name, or else by role and shape."""

import re
from typing import Mapping, NamedTuple, Sequence

from tf1_dnn.check.facts.batch_norms import batch_norms
from tf1_dnn.check.facts.layers import layers
from tf1_dnn.check.facts.losses import losses
from tf1_dnn.check.facts.shapes import shape_of
from tf1_dnn.check.facts.steps import trainable
from tf1_dnn.check.facts.variables import Variable, variables
from tf1_dnn.check.graph import Graph, ancestors
from tf1_dnn.errors import Error

_ROLES = re.compile(
    r"(?:^|/)(kernel|weights?|w|bias(?:es)?|b|gamma|beta|moving_mean|moving_variance|embeddings?)"
    r"(?:_\d+)?$",
    re.IGNORECASE,
)
_SAME = {"weights": "kernel", "weight": "kernel", "w": "kernel", "biases": "bias", "b": "bias"}
_SAME |= {"embedding": "embeddings"}


class Pair(NamedTuple):
    """A variable of the old graph, and its like in the new one."""

    old: Variable
    new: Variable

    @property
    def is_renamed(self) -> bool:
        return self.old.name != self.new.name


class Matched(NamedTuple):
    """All variables of two networks, without optimizers' slots."""

    pairs: list[Pair]
    only_old: list[Variable]
    only_new: list[Variable]


def match(old: Graph, new: Graph, given: Mapping[str, str] = {}) -> Matched:
    """Match by `given` (old name → new name), then by name, then by role and shape in order.

    Raises Error for a name that is not in its graph, and for two shapes.
    """
    olds, news = network_variables(old), network_variables(new)
    pairs = _given(old, new, olds, news, given)
    taken = {each for pair in pairs for each in pair}
    by_name = {each.name: each for each in news if each not in taken}
    for each in olds:
        like = by_name.get(each.name)
        if like is not None and each not in taken and _shape(old, each) == _shape(new, like):
            pairs.append(Pair(each, like))
            taken.update(pairs[-1])
    pairs += _by_role(old, new, olds, news, taken)
    order = {each: index for index, each in enumerate(olds)}
    taken = {each for pair in pairs for each in pair}
    return Matched(
        sorted(pairs, key=lambda pair: order[pair.old]),
        [each for each in olds if each not in taken],
        [each for each in news if each not in taken],
    )


def _given(
    old: Graph,
    new: Graph,
    olds: Sequence[Variable],
    news: Sequence[Variable],
    given: Mapping[str, str],
) -> list[Pair]:
    known, by_name = ({each.name: each for each in side} for side in (olds, news))
    pairs = []
    for a, b in given.items():
        if a not in known or b not in by_name:
            missing = a if a not in known else b
            raise Error(f"--map names {missing}, which is no variable of that graph: see the map.")
        shapes = _shape(old, known[a]), _shape(new, by_name[b])
        if shapes[0] != shapes[1]:
            raise Error(
                f"--map pairs {a} of shape {shapes[0]} with {b} of shape {shapes[1]}: "
                "give variables of one shape."
            )
        pairs.append(Pair(known[a], by_name[b]))
    return pairs


def network_variables(graph: Graph) -> list[Variable]:
    """Trained, frozen, and batch norm's averages, in the graph's order; no optimizer's slots."""
    averages = {average.variable for average in batch_norms(graph).averages}
    kernels = {layer.kernel for layer in layers(graph)}
    wanted = trainable(graph) | averages | kernels
    behind = ancestors([each.output.node for each in losses(graph)], control=False)
    return [each for each in variables(graph) if each in wanted or each.node in behind]


def _by_role(
    old: Graph,
    new: Graph,
    olds: Sequence[Variable],
    news: Sequence[Variable],
    taken: set[Variable],
) -> list[Pair]:
    waiting: dict[object, list[Variable]] = {}
    for each in news:
        if each not in taken:
            waiting.setdefault((_role(new, each), _shape(new, each)), []).append(each)
    found = []
    for each in olds:
        likes = waiting.get((_role(old, each), _shape(old, each)))
        if each not in taken and likes:
            found.append(Pair(each, likes.pop(0)))
    return found


def _role(graph: Graph, variable: Variable) -> str:
    """What a variable is for: by what reads it, or else by its name."""
    if any(layer.kernel is variable for layer in layers(graph)):
        return "kernel"
    for average in batch_norms(graph).averages:
        if average.variable is variable:
            return "variance" if "var" in variable.name.rpartition("/")[2].lower() else "mean"
    users = {user.op for read in variable.reads for user in read.consumers}
    if "BiasAdd" in users:
        return "bias"
    named = _ROLES.search(variable.name)
    if named:
        return _SAME.get(named[1].lower(), named[1].lower())
    return "bias" if len(_shape(graph, variable) or ()) == 1 else "other"


def _shape(graph: Graph, variable: Variable) -> tuple[int | None, ...] | None:
    return shape_of(graph, variable.output)

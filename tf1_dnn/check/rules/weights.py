"""Rules on initial weights, WT001 to WT003: all equal, too large or too small, drawn alike."""

import math
from typing import Iterator

from tf1_dnn.check.facts.initials import Initial, initial
from tf1_dnn.check.facts.layers import Layer, Link, layers, links
from tf1_dnn.check.facts.steps import training
from tf1_dnn.check.facts.variables import Variable
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph
from tf1_dnn.check.rules.registry import Rule, rule

_NORMALIZING = {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "Rsqrt", "LRN"}
_GAINS = {"Relu": math.sqrt(0.5), "Relu6": math.sqrt(0.5), "Elu": 0.8, "LeakyRelu": 0.75}
_BOUNDED = {"Sigmoid", "Tanh", "Softmax", "Softsign", "Selu"}
_FAR = 1e3  # times what goes in
_FEW = 4  # outputs: a gate's or a head's need not be told apart


@rule("WT001", "warning", "kernels that start all equal", needs_train_op=True)
def wt001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    told: set[Variable] = set()
    for link in links(graph):
        first, second = link.first.kernel, link.second.kernel
        before, after = initial(graph, first), initial(graph, second)
        if before is None or before.deviation or first in told or not _is_trained(graph, first):
            continue
        if (link.first.n_outputs or 0) < _FEW:
            continue
        ops = {node.op for node in link.between}
        is_dead = before.mean == 0 and ops & {"Relu", "Relu6"} and not ops & _NORMALIZING
        if is_dead or (after is not None and not after.deviation):
            told.add(first)
            yield rule.finding(
                [first, link.first.node],
                f"{first.name} starts with {before.mean:g} in every entry, "
                + (
                    "and a ReLU passes no gradient at 0: its units stay as they are."
                    if is_dead
                    else f"and so does {second.name} after it: all units of the layer stay equal."
                ),
            )


def _is_trained(graph: Graph, variable: Variable) -> bool:
    """By gradients alone: what else writes it may set it before."""
    applies = {apply.node for apply in training(graph).applies}
    return variable in training(graph).changed and set(variable.writes) <= applies


@rule("WT002", "warning", "initial weights that make activations explode or vanish")
def wt002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    after: dict[Layer, list[Link]] = {}
    seconds = set()
    for link in links(graph):
        after.setdefault(link.first, []).append(link)
        seconds.add(link.second)
    told = set()
    for start in layers(graph):
        if start in seconds:
            continue
        chain, gain = _chain(graph, start, after)
        kernels = tuple(layer.kernel for layer in chain)
        if len(chain) < 2 or 1 / _FAR < gain < _FAR or kernels in told:
            continue
        told.add(kernels)
        what = "explode" if gain > 1 else "vanish"
        words = ", ".join(f"{layer.kernel.name} {_gain(graph, layer):.2g}" for layer in chain[:4])
        is_far = not 1e-6 < gain < 1e6 or gain > _FAR
        yield rule.finding(
            kernels,
            f"Activations {what} by the initial weights, to {gain:.1e} times what goes in: a layer "
            f"multiplies by about √(inputs) times its deviation ({words}).",
            None if is_far else "note",
        )


def _chain(graph: Graph, start: Layer, after: dict[Layer, list[Link]]) -> tuple[list[Layer], float]:
    """The layers from a first one on, as far as nothing bounds or normalizes what they give."""
    first = _gain(graph, start)
    chain, total, seen = [start], first or 1.0, {start}
    while first is not None:
        following = [link for link in after.get(chain[-1], []) if link.second not in seen]
        if len(following) != 1:
            return chain, total
        ops = {node.op for node in following[0].between}
        gain = _gain(graph, following[0].second)
        if ops & (_NORMALIZING | _BOUNDED) or gain is None:
            return chain, total
        bend = next((_GAINS[op] for op in ops if op in _GAINS), 1.0)
        chain.append(following[0].second)
        seen.add(chain[-1])
        total *= bend * gain
    return chain, total


def _gain(graph: Graph, layer: Layer) -> float | None:
    """The standard deviation of an output, of inputs that have one of 1."""
    start, fan_in = initial(graph, layer.kernel), layer.fan_in
    if start is None or fan_in is None or not start.deviation:
        return None
    return math.sqrt(fan_in) * math.hypot(start.deviation, start.mean)


@rule("WT003", "note", "kernels drawn from the same seed")
def wt003(rule: Rule, graph: Graph) -> Iterator[Finding]:
    alike: dict[tuple[Initial, tuple[int | None, ...]], list[Layer]] = {}
    for layer in layers(graph):
        start = initial(graph, layer.kernel)
        if start is not None and start.seed is not None:
            alike.setdefault((start, layer.kernel_shape), []).append(layer)
    joined = {(link.first, link.second) for link in links(graph)}
    for group in alike.values():
        pairs = [(a, b) for a in group for b in group if (a, b) in joined and a.kernel != b.kernel]
        if pairs:
            kernels = list(dict.fromkeys(each.kernel for pair in pairs for each in pair))
            yield rule.finding(
                kernels,
                f"{' and '.join(each.name for each in kernels[:3])} are layers of one network, and "
                "start with the very same numbers: their initializers have one seed.",
            )

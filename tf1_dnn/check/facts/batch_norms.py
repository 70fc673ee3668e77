"""Recognize batch normalization: the ops that normalize, and the moving averages behind them."""

from __future__ import annotations

import dataclasses
import os.path

from tf1_dnn.check.facts.conditions import JOINS, conditions_at
from tf1_dnn.check.facts.normalizations import Normalization, find_normalizations
from tf1_dnn.check.facts.steps import trainable
from tf1_dnn.check.facts.values import Values, values_behind
from tf1_dnn.check.facts.variables import Variable, variables
from tf1_dnn.check.graph import Graph, Node, Output, fact, walk

_MOVES = {"Assign", "AssignSub", "AssignAdd"}
_MOVES |= {"AssignVariableOp", "AssignSubVariableOp", "AssignAddVariableOp"}
_COPIES = ("Identity", "Reshape", "Cast")
_NEAR = 300


@dataclasses.dataclass(eq=False)
class BatchNorm:
    """One application of batch normalization, with both sides of its condition if it has one."""

    parts: list[Normalization]
    mean: Values
    variance: Values
    conditions: set[Node]  # what chooses between mini-batch and moving averages: a placeholder, …
    averages: list[MovingAverage] = dataclasses.field(default_factory=list)

    @property
    def mode(self) -> str:
        """What it normalizes by: "training" (the mini-batch), "inference" (moving averages)
        or "switched" between the two."""
        if not self.mean.statistics:
            return "inference"
        return "switched" if self.mean.variables and self.conditions else "training"

    @property
    def node(self) -> Node:
        return self.parts[0].uses[0]

    @property
    def parameters(self) -> list[Variable]:
        """gamma and beta, as far as found."""
        return [parameter for part in self.parts for parameter in part.parameters]

    @property
    def name(self) -> str:
        """The layer's: what the names of its moving averages have in common."""
        names = [average.variable.name for average in self.averages]
        common = os.path.commonprefix(names).rpartition("/")[0] if len(names) > 1 else ""
        return common or self.node.name.rpartition("/")[0] or self.node.name


@dataclasses.dataclass(eq=False)
class Move:
    """An op that moves a moving average toward a mini-batch's statistics."""

    node: Node
    layers: list[BatchNorm]  # whose statistics it takes


@dataclasses.dataclass(eq=False)
class MovingAverage:
    """A variable that batch normalization normalizes by, or would after training."""

    variable: Variable
    moves: list[Move]
    readers: list[BatchNorm]  # the layers that normalize by it, at least in inference

    @property
    def layers(self) -> list[BatchNorm]:
        """All layers it belongs to: those it is moved by, and those that read it."""
        moved = [layer for move in self.moves for layer in move.layers]
        return list(dict.fromkeys(moved + self.readers))


@dataclasses.dataclass
class BatchNorms:
    """The batch normalizations of a graph and their moving averages."""

    layers: list[BatchNorm]
    averages: list[MovingAverage]
    statistics: frozenset[Node]  # the ops that compute mini-batches' statistics


@fact
def batch_norms(graph: Graph) -> BatchNorms:
    """The layers with moving averages: batch norm in all its forms, and not layer norm."""
    layers = _join(graph, find_normalizations(graph))
    by_statistic: dict[Output, list[BatchNorm]] = {}
    readers: dict[Variable, list[BatchNorm]] = {}
    for layer in layers:
        for statistic in layer.mean.statistics | layer.variance.statistics:
            by_statistic.setdefault(statistic, []).append(layer)
        for variable in {**layer.mean.variables, **layer.variance.variables}:
            readers.setdefault(variable, []).append(layer)
    averages = []
    for variable in filter(lambda variable: variable.is_floating, variables(graph)):
        read_by = readers.get(variable, [])
        moves = _moves(graph, variable, by_statistic, read_by)
        if moves or (read_by and variable not in trainable(graph)):
            averages.append(MovingAverage(variable, moves, read_by))
    for average in averages:
        for layer in average.layers:
            layer.averages.append(average)
    known = [layer for layer in layers if layer.averages]
    return BatchNorms(known, averages, frozenset(each.node for each in by_statistic))


def _join(graph: Graph, normalizations: list[Normalization]) -> list[BatchNorm]:
    """One layer for each; one for both sides of a condition that normalizes on each side."""
    layers: list[BatchNorm] = []
    waiting: dict[Node, BatchNorm] = {}
    for each in normalizations:
        conditions = set(each.mean.conditions if each.mean.variables else ())
        layer = BatchNorm([each], each.mean, each.variance, conditions)
        join = _joined_at(each)
        other = waiting.get(join) if join is not None else None
        if (
            join is None
            or other is None
            or other.mode == layer.mode
            or "switched" in (other.mode, layer.mode)
        ):
            layers.append(layer)
            if join is not None:
                waiting.setdefault(join, layer)
            continue
        other.parts.append(each)
        other.mean, other.variance = other.mean | each.mean, other.variance | each.variance
        other.conditions |= conditions_at(graph, join)
    return layers


def _joined_at(normalization: Normalization) -> Node | None:
    """The Merge or the call's output where a condition's two sides meet, if right behind."""

    def copies(node: Node) -> list[Node]:
        return [user for user in node.consumers if user.op in _COPIES]

    for node in walk(normalization.results, copies, most=_NEAR, nearest_first=True):
        for user in node.consumers:
            if user.op in JOINS:
                return user
    return None


def _moves(
    graph: Graph,
    variable: Variable,
    by_statistic: dict[Output, list[BatchNorm]],
    readers: list[BatchNorm],
) -> list[Move]:
    """The ops that assign something computed from mini-batch statistics."""
    found = []
    for write in variable.writes:
        if write.op in _MOVES and len(write.inputs) > 1:
            statistics = values_behind(graph, write.inputs[1]).statistics
            layers = [layer for each in statistics for layer in by_statistic.get(each, ())]
            if statistics and (layers or readers):
                found.append(Move(write, list(dict.fromkeys(layers or readers))))
    return found

"""Rules on the moving averages' updates: whether, when and how often they are run."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING, Iterator

from tf1_dnn.check.batch_norms import BatchNorm, Move, MovingAverage
from tf1_dnn.check.findings import Finding, Rule, rule
from tf1_dnn.check.nodes import Node
from tf1_dnn.check.predicates import hangs_on
from tf1_dnn.check.training import is_backward

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_MOST_ENDS = 8  # of what is evaluated, that are looked at
_TOWER = re.compile(r"(?:^|/)(?:tower|clone|replica|gpu|worker)_?\d+", re.IGNORECASE)


@rule("BN001", "error", "batch-norm updates that the train op does not run", needs_train_op=True)
def bn001(rule: Rule, view: GraphView) -> Iterator[Finding]:
    offered = view.ancestors(view.collection("update_ops"))
    for layer, averages in _trained_without_updates(view):
        moves = [move.node for each in averages for move in each.moves]
        if moves and (not view.has_collections or not offered.isdisjoint(moves)):
            yield rule.finding(
                [node.name for node in moves],
                f"{layer.name} normalizes by the mini-batch in training, but the train op "
                f"{_fetched(view)} runs no op that updates {_names(averages)}{_unless(view)}.",
                None if view.training.named else "warning",
            )


@rule("BN002", "error", "moving averages that nothing updates", needs_train_op=True)
def bn002(rule: Rule, view: GraphView) -> Iterator[Finding]:
    offered = view.ancestors(view.collection("update_ops"))
    for layer, averages in _trained_without_updates(view):
        moves = [move.node for each in averages for move in each.moves]
        if moves and view.has_collections and offered.isdisjoint(moves):
            yield rule.finding(
                [node.name for node in moves],
                f"the ops that update {_names(averages)} of {layer.name} are not in UPDATE_OPS, "
                f"and the train op {_fetched(view)} does not run them{_unless(view)}.",
                None if view.training.named else "warning",
            )
        elif not any(average.variable.writes for average in averages):
            yield rule.finding(
                [average.variable.name for average in averages],
                f"{layer.name} normalizes by the mini-batch in training and by {_names(averages)} "
                "else, which no op of the graph updates.",
                "warning",
            )


def _trained_without_updates(
    view: GraphView,
) -> Iterator[tuple[BatchNorm, list[MovingAverage]]]:
    """The layers that a step trains by mini-batches, with their averages that no step moves.

    A layer whose gamma and beta no step changes is frozen, on purpose as it seems.
    """
    reach, seen = view.training.reach, set()
    applied = {apply.variable for step in view.training.steps for apply in step.applies}
    moved = {
        average
        for average in view.batch_norms.averages
        if not reach.isdisjoint(move.node for move in average.moves)
    }
    for layer in view.batch_norms.layers:
        is_trained = not applied.isdisjoint(layer.parameters) if layer.parameters else True
        if layer.mode != "inference" and layer.node in reach and is_trained:
            still = [each for each in layer.averages if each not in seen and each not in moved]
            seen.update(still)
            if still:
                yield layer, still


@rule("BN006", "warning", "moving averages updated more than once a step", needs_train_op=True)
def bn006(rule: Rule, view: GraphView) -> Iterator[Finding]:
    told: set[MovingAverage] = set()
    for step in view.training.steps:
        moves = {
            average: [move for move in average.moves if move.node in step.reach]
            for average in view.batch_norms.averages
        }
        for layer in view.batch_norms.layers:
            twice = [each for each in layer.averages if len(moves[each]) > 1 and each not in told]
            if twice:
                told.update(twice)
                yield _updated_twice(rule, twice, moves[twice[0]])


def _updated_twice(rule: Rule, averages: list[MovingAverage], moves: list[Move]) -> Finding:
    nodes = [move.node for move in moves]
    how, severity = "as the layer is applied to several inputs", "note"
    if len({layer for move in moves for layer in move.layers}) == 1:
        how, severity = "from the same mini-batch", rule.severity
    elif _in_towers(nodes):
        how, severity = "once per tower", rule.severity
    return rule.finding(
        [node.name for node in nodes],
        f"one step updates {_names(averages)} {len(nodes)} times, {how}, in no defined order: "
        "they forget faster than their momentum says.",
        severity,
    )


def _in_towers(nodes: list[Node]) -> bool:
    towers = {tuple(_TOWER.findall(node.name)) for node in nodes}
    return len(towers) == len(nodes) and all(towers)


@rule("BN007", "error", "updates that evaluating the network runs", needs_train_op=True)
def bn007(rule: Rule, view: GraphView) -> Iterator[Finding]:
    still = view.batch_norms.statistics.__contains__
    ends = sorted(_evaluated(view), key=lambda node: node.name)[:_MOST_ENDS]
    run = {end: view.ancestors([end], stop=is_backward) for end in ends}
    moves_of = collections.defaultdict(list)
    for average in view.batch_norms.averages:
        for move in average.moves:
            for layer in move.layers:
                moves_of[layer].append(move.node)
    for layer in view.batch_norms.layers:
        moves = moves_of[layer] if layer.conditions else []
        end = next((end for end in ends if not run[end].isdisjoint(moves)), None)
        moves = [move for move in moves if end is not None and move in run[end]]
        moves = [move for move in moves if not hangs_on(view, move, layer.conditions, still)]
        if end is not None and moves:
            yield rule.finding(
                [end.name, *(move.name for move in moves)],
                f"evaluating {end.name} updates the moving averages of {layer.name}, whatever "
                f"{min(node.name for node in layer.conditions)} says: it changes the model.",
            )


def _evaluated(view: GraphView) -> list[Node]:
    """What is computed from batch norm in the end, though no step needs it: accuracy, …"""

    def apart(node: Node) -> bool:
        return is_backward(node) or node.op.endswith("Summary") or node in writes

    writes = {apply.node for apply in view.training.applies}
    writes |= {move.node for average in view.batch_norms.averages for move in average.moves}
    layers = [layer.node for layer in view.batch_norms.layers]
    computed = view.descendants(layers, control=False, stop=apart) - view.training.reach
    return [
        node for node in computed if not (node.consumers or node.control_consumers or apart(node))
    ]


def _names(averages: list[MovingAverage]) -> str:
    return " and ".join(average.variable.name for average in averages)


def _fetched(view: GraphView) -> str:
    names = [node.name for step in view.training.steps for node in step.fetches]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _unless(view: GraphView) -> str:
    return "" if view.training.named else " (unless session.run fetches them beside it)"

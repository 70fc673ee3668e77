"""Rules on batch norm, BN001 to BN008: its mode, its moving averages and their updates."""

import collections
import itertools
import re
from typing import Iterable, Iterator

import numpy as np
from tensorboard.compat.proto import types_pb2

from tf1_dnn.check.facts.batch_norms import BatchNorm, Move, MovingAverage, batch_norms
from tf1_dnn.check.facts.conditions import hangs_on
from tf1_dnn.check.facts.steps import is_backward, trainable, training, watched_steps
from tf1_dnn.check.facts.variables import Variable, origins, variable_read, variables
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Node, ancestors, constant, descendants, fact, shape, walk
from tf1_dnn.check.graph.nodes import PASSING, RESHAPING
from tf1_dnn.check.rules.registry import Rule, rule

_ADDS = ("BiasAdd", "BiasAddV1", "Add", "AddV2")
_MOVING = re.compile(r"(^|/)moving_(mean|variance)$")
_MOST_ENDS = 8  # of what is evaluated, that are looked at
_MOST_UNORDERED = 20  # findings, for each costs a walk through the graph
_TOWER = re.compile(r"(?:^|/)(?:tower|clone|replica|gpu|worker)_?\d+", re.IGNORECASE)


@rule("BN001", "error", "batch-norm updates that the train op does not run", needs_train_op=True)
def bn001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for layer, averages, is_offered in _trained_without_updates(graph):
        moves = _moves(averages)
        if moves and is_offered:
            yield rule.finding(
                moves,
                f"{layer.name} normalizes by the mini-batch in training, but the train op "
                f"{_fetched(graph)} runs no op that updates {_names(averages)}{_unless(graph)}.",
                None if training(graph).is_plain else "warning",
            )


@rule("BN002", "error", "moving averages that nothing updates", needs_train_op=True)
def bn002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for layer, averages, is_offered in _trained_without_updates(graph):
        moves = _moves(averages)
        if moves and not is_offered:
            yield rule.finding(
                moves,
                f"the ops that update {_names(averages)} of {layer.name} are not in UPDATE_OPS, "
                f"and the train op {_fetched(graph)} does not run them{_unless(graph)}.",
                None if training(graph).is_plain else "warning",
            )
        elif not any(average.variable.writes for average in averages):
            yield rule.finding(
                [average.variable for average in averages],
                f"{layer.name} normalizes by the mini-batch in training and by {_names(averages)} "
                "else, which no op of the graph updates.",
                "warning",
            )
    for layer, switch, times in _left_in_inference(graph):
        yield rule.finding(
            [switch, layer.node],
            f"{switch.name} was False in all {times} steps that train {layer.name}: it normalizes "
            "by moving averages, and those stay as they are.",
        )


def _left_in_inference(graph: Graph) -> Iterator[tuple[BatchNorm, Node, int]]:
    """The layers that no step switched to training, as was watched; their switch, and the steps."""
    for layer in batch_norms(graph).layers:
        switch = _training_switch(layer)
        steps = zip(training(graph).steps, watched_steps(graph))
        runs = [run for step, (_, runs) in steps if layer.node in step.reach for run in runs]
        if switch is None or not runs or training(graph).changed.isdisjoint(layer.parameters):
            continue
        value = constant(switch.inputs[0]) if switch.inputs else np.True_
        default = value is None or bool(value)
        if not any(run.fed is None or dict(run.fed).get(switch.name, default) for run in runs):
            yield layer, switch, sum(run.times for run in runs)


def _training_switch(layer: BatchNorm) -> Node | None:
    """The placeholder by which a layer of a library, named as theirs, is in training if True."""
    is_librarys = all(_MOVING.search(average.variable.name) for average in layer.averages)
    if layer.mode != "switched" or len(layer.conditions) > 1 or not is_librarys:
        return None
    (switch,) = layer.conditions
    copies = walk([switch], lambda node: [user for user in node.consumers if user.op in PASSING])
    is_negated = any(user.op == "LogicalNot" for node in copies for user in node.consumers)
    return switch if switch.op.startswith("Placeholder") and not is_negated else None


@fact
def _trained_without_updates(graph: Graph) -> list[tuple[BatchNorm, list[MovingAverage], bool]]:
    """The layers that a step trains by mini-batches, with their averages that nothing run moves.

    And whether UPDATE_OPS has their updates, as far as collections came with the graph. A layer
    whose gamma and beta no step changes is frozen, on purpose as it seems.
    """
    reach, changed = training(graph).reach, training(graph).changed
    averages = batch_norms(graph).averages
    run = training(graph).run
    seen = {average for average in averages if not run.isdisjoint(_moves([average]))}
    offered = ancestors(graph.collection("update_ops"))
    found = []
    for layer in batch_norms(graph).layers:
        is_trained = not layer.parameters or not changed.isdisjoint(layer.parameters)
        still = [average for average in layer.averages if average not in seen]
        if still and layer.mode != "inference" and layer.node in reach and is_trained:
            seen.update(still)
            is_offered = not graph.has_collections or not offered.isdisjoint(_moves(still))
            found.append((layer, still, is_offered))
    return found


def _moves(averages: Iterable[MovingAverage]) -> list[Node]:
    return [move.node for average in averages for move in average.moves]


def _names(averages: list[MovingAverage]) -> str:
    return " and ".join(average.variable.name for average in averages)


def _fetched(graph: Graph) -> str:
    names = [node.name for step in training(graph).steps for node in step.fetches]
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _unless(graph: Graph) -> str:
    if graph.watched is not None:
        return ", nor did any other run of a session"
    return "" if training(graph).is_known else " (unless session.run fetches them beside it)"


@rule("BN003", "warning", "batch norm frozen in one mode by a constant")
def bn003(rule: Rule, graph: Graph) -> Iterator[Finding]:
    reach, booleans = training(graph).reach, _booleans(graph)
    for layer in batch_norms(graph).layers:
        constants = [node for node in layer.conditions if node.op == "Const"]
        if constants:
            yield rule.finding(
                [constants[0], layer.node],
                f"the constant {constants[0].name} decides whether {layer.name} normalizes by the "
                "mini-batch or by moving averages: it is always the same.",
            )
        elif layer.mode == "inference" and layer.node in reach:
            trained = [each.name for each in layer.parameters if each in training(graph).changed]
            if trained and not _moves(layer.averages):
                yield rule.finding(
                    [layer.node],
                    f"{layer.name} is trained ({' and '.join(dict.fromkeys(trained))}) in "
                    "inference mode: it normalizes by moving averages that stay at their "
                    "initial values.",
                )
        elif layer.mode == "training" and not _is_also_switched_off(layer):
            if layer.node in reach and booleans:
                yield rule.finding(
                    [layer.node, booleans[0]],
                    f"{layer.name} is always in training mode, though {booleans[0].name} switches "
                    "other parts of the graph between training and evaluation.",
                )
            elif not training(graph).applies:
                yield rule.finding(
                    [layer.node],
                    f"{layer.name} is always in training mode, in a graph that does not train: "
                    "what it gives for an example depends on the others in the mini-batch.",
                )


def _is_also_switched_off(layer: BatchNorm) -> bool:
    """Whether the same averages serve an application in inference mode, say an evaluation tower."""
    readers = [reader for average in layer.averages for reader in average.readers]
    return any(reader.mode != "training" for reader in readers)


def _booleans(graph: Graph) -> list[Node]:
    """The boolean placeholders that a step's conditions or dropout turn on."""
    return [
        node
        for node in graph.of_type("Placeholder", "PlaceholderWithDefault")
        if node in training(graph).reach
        and "dtype" in node.attr
        and node.attr["dtype"].type == types_pb2.DT_BOOL
    ]


@rule("BN004", "error", "moving averages that the Saver leaves out")
def bn004(rule: Rule, graph: Graph) -> Iterator[Finding]:
    told: set[MovingAverage] = set()
    trained = [variable for variable in variables(graph) if variable in trainable(graph)]
    for layer in batch_norms(graph).layers:
        # A Saver for a part of the network that has nothing to do with this layer is all right.
        saved = [each for each in layer.parameters or trained if _is_saved(graph, each)]
        averages = [average for average in layer.averages if average not in told]
        lost = [average for average in averages if not _is_saved(graph, average.variable)]
        told.update(lost)
        if saved and lost:
            yield rule.finding(
                [average.variable for average in lost],
                f"{_names(lost)} of {layer.name} are not saved, though {saved[0].name} is: "
                "restored, the network normalizes by initial values.",
            )


def _is_saved(graph: Graph, variable: Variable) -> bool:
    """Whether the checkpoint has it or, without one, some Saver of the graph saves it."""
    if graph.saved_names is None:
        return bool(variable.saves)
    return not graph.saved_names.isdisjoint([variable.name, *variable.saves.values()])


@rule("BN005", "note", "a bias just before batch norm")
def bn005(rule: Rule, graph: Graph) -> Iterator[Finding]:
    told = set()
    for layer in batch_norms(graph).layers:
        parts = layer.parts if layer.mode != "inference" else []
        for origin in [each for part in parts for each in origins(graph, part.inputs, RESHAPING)]:
            bias = _bias(graph, origin.node)
            if bias is not None and bias not in told:
                told.add(bias)
                yield rule.finding(
                    [bias, origin.node],
                    f"{layer.name} subtracts the mean, and with it the bias {bias.name} just "
                    "before it, whose gradient is zero.",
                )


def _bias(graph: Graph, add: Node) -> Variable | None:
    """The trainable vector that an op adds."""
    if add.op not in _ADDS or len(add.inputs) != 2:
        return None
    for output in add.inputs[1:] if add.op.startswith("Bias") else add.inputs:
        variable = variable_read(graph, output)
        if variable is not None and variable in trainable(graph):
            if len(shape(variable.output) or ()) == 1:
                return variable
    return None


@rule("BN006", "warning", "moving averages updated more than once a step", needs_train_op=True)
def bn006(rule: Rule, graph: Graph) -> Iterator[Finding]:
    told: set[MovingAverage] = set()
    for step in training(graph).steps:
        moves = {
            average: [move for move in average.moves if move.node in step.reach]
            for average in batch_norms(graph).averages
        }
        for layer in batch_norms(graph).layers:
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
        nodes,
        f"one step updates {_names(averages)} {len(nodes)} times, {how}, in no defined order: "
        "they forget faster than their momentum says.",
        severity,
    )


def _in_towers(nodes: list[Node]) -> bool:
    towers = {tuple(_TOWER.findall(node.name)) for node in nodes}
    return len(towers) == len(nodes) and all(towers)


@rule("BN007", "error", "updates that evaluating the network runs", needs_train_op=True)
def bn007(rule: Rule, graph: Graph) -> Iterator[Finding]:
    is_statistic = batch_norms(graph).statistics.__contains__
    run = {end: ancestors([end], stop=is_backward) for end in _evaluated(graph)[:_MOST_ENDS]}
    moves_of = collections.defaultdict(list)
    for average in batch_norms(graph).averages:
        for move in average.moves:
            for layer in move.layers:
                moves_of[layer].append(move.node)
    for layer in batch_norms(graph).layers:
        moves = moves_of[layer] if layer.conditions else []
        end = next((end for end in run if not run[end].isdisjoint(moves)), None)
        if end is None:
            continue
        moves = [move for move in moves if move in run[end]]
        moves = [
            move for move in moves if not hangs_on(graph, move, layer.conditions, is_statistic)
        ]
        if moves:
            yield rule.finding(
                [end, *moves],
                f"evaluating {end.name} updates the moving averages of {layer.name}, whatever "
                f"{min(node.name for node in layer.conditions)} says: it changes the model.",
            )


def _evaluated(graph: Graph) -> list[Node]:
    """What is computed from batch norm in the end, though no step needs it, by name: accuracy, …"""
    writes = {apply.node for apply in training(graph).applies}
    writes.update(_moves(batch_norms(graph).averages))

    def is_apart(node: Node) -> bool:
        return is_backward(node) or node.op.endswith("Summary") or node in writes

    layers = [layer.node for layer in batch_norms(graph).layers]
    computed = descendants(layers, control=False, stop=is_apart) - training(graph).reach
    ends = [node for node in computed if not (node.consumers or node.control_consumers)]
    return sorted((end for end in ends if not is_apart(end)), key=lambda end: end.name)


@rule("BN008", "warning", "moving averages read and written in no order", needs_train_op=True)
def bn008(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for average, reader, move in itertools.islice(_unordered(graph), _MOST_UNORDERED):
        yield rule.finding(
            [move, reader.node],
            f"a step normalizes {reader.name} by {average.variable.name} and updates it in "
            f"{move.name}, in no defined order: which value is used changes from run to run.",
        )


def _unordered(graph: Graph) -> Iterator[tuple[MovingAverage, BatchNorm, Node]]:
    for step in training(graph).steps:
        for average in batch_norms(graph).averages:
            moves = [move for move in _moves([average]) if move in step.reach]
            for reader in average.readers:
                if reader.mode == "inference" and reader.node in step.reach:
                    move = next(
                        (each for each in moves if not _ordered(average, reader, each)), None
                    )
                    if move is not None:
                        yield average, reader, move


def _ordered(average: MovingAverage, reader: BatchNorm, move: Node) -> bool:
    """Whether the read comes before the write or after it.

    A resource is copied by its read. A reference variable's read may pass on the memory itself,
    so there the ops that use the value count.
    """
    uses = [use for part in reader.parts for use in part.uses]
    values = reader.mean | reader.variance
    reads = [values.variables[average.variable]]
    if move in ancestors(uses + reads):
        return True
    before = ancestors([move])
    first = reads if average.variable.is_resource else uses
    return not before.isdisjoint(first)

"""Rules on batch-norm layers: their mode, what is saved of them, what stands before them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Iterator

from tf1_dnn.check.batch_norms import BatchNorm, MovingAverage
from tf1_dnn.check.findings import Finding, Rule, rule
from tf1_dnn.check.nodes import RESHAPING, Node
from tf1_dnn.check.variables import Variable

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_MOST_UNORDERED = 20  # findings, for each costs a walk through the graph
_ADDS = ("BiasAdd", "BiasAddV1", "Add", "AddV2")


@rule("BN003", "warning", "batch norm frozen in one mode by a constant")
def bn003(rule: Rule, view: GraphView) -> Iterator[Finding]:
    reach = view.training.reach
    applied = {apply.variable for step in view.training.steps for apply in step.applies}
    booleans = _booleans(view, reach)
    for layer in view.batch_norms.layers:
        constants = [node for node in layer.conditions if node.op == "Const"]
        if constants:
            yield rule.finding(
                [constants[0].name, layer.node.name],
                f"the constant {constants[0].name} decides whether {layer.name} normalizes by the "
                "mini-batch or by moving averages: it is always the same.",
            )
        elif layer.mode == "inference" and layer.node in reach:
            trained = [each.name for each in layer.parameters if each in applied]
            if trained and not any(average.moves for average in layer.averages):
                yield rule.finding(
                    [layer.node.name],
                    f"{layer.name} is trained ({' and '.join(dict.fromkeys(trained))}) in "
                    "inference mode: it normalizes by moving averages that stay at their "
                    "initial values.",
                )
        elif layer.mode == "training" and not _is_also_switched_off(layer):
            if layer.node in reach and booleans:
                yield rule.finding(
                    [layer.node.name, booleans[0].name],
                    f"{layer.name} is always in training mode, though {booleans[0].name} switches "
                    "other parts of the graph between training and evaluation.",
                )
            elif not view.training.applies:
                yield rule.finding(
                    [layer.node.name],
                    f"{layer.name} is always in training mode, in a graph that does not train: "
                    "what it gives for an example depends on the others in the mini-batch.",
                )


def _is_also_switched_off(layer: BatchNorm) -> bool:
    """Whether the same averages serve an application in inference mode, say an evaluation tower."""
    readers = [reader for average in layer.averages for reader in average.readers]
    return any(reader.mode != "training" for reader in readers)


def _booleans(view: GraphView, reach: set[Node]) -> list[Node]:
    """The scalar boolean placeholders that a step's conditions or dropout turn on."""
    placeholders = view.of_type("Placeholder", "PlaceholderWithDefault")
    return [
        node
        for node in placeholders
        if node in reach and "dtype" in node.attr and node.attr["dtype"].type == 10  # DT_BOOL
    ]


@rule("BN004", "error", "moving averages that the Saver leaves out")
def bn004(rule: Rule, view: GraphView) -> Iterator[Finding]:
    told: set[MovingAverage] = set()
    trained = [variable for variable in view.variables if variable.trainable]
    for layer in view.batch_norms.layers:
        # A Saver for a part of the network that has nothing to do with this layer is all right.
        saved = [each for each in layer.parameters or trained if _is_saved(view, each)]
        lost = [
            average
            for average in layer.averages
            if average not in told and not _is_saved(view, average.variable)
        ]
        told.update(lost)
        if saved and lost:
            names = [average.variable.name for average in lost]
            yield rule.finding(
                names,
                f"{' and '.join(names)} of {layer.name} are not saved, though {saved[0].name} is: "
                "restored, the network normalizes by initial values.",
            )


def _is_saved(view: GraphView, variable: Variable) -> bool:
    """Whether the checkpoint has it or, without one, some Saver of the graph saves it."""
    if view.saved_names is None:
        return bool(variable.saves)
    return not view.saved_names.isdisjoint([variable.name, *variable.saves.values()])


@rule("BN005", "note", "a bias just before batch norm")
def bn005(rule: Rule, view: GraphView) -> Iterator[Finding]:
    told = set()
    for layer in view.batch_norms.layers:
        if layer.mode == "inference":
            continue
        for part in layer.parts:
            for origin in view.origins(part.inputs, RESHAPING):
                bias = _bias(view, origin.node)
                if bias is not None and bias not in told:
                    told.add(bias)
                    yield rule.finding(
                        [bias.name, origin.node.name],
                        f"{layer.name} subtracts the mean, and with it the bias {bias.name} just "
                        "before it, whose gradient is zero.",
                    )


def _bias(view: GraphView, add: Node) -> Variable | None:
    """The trainable vector that an op adds."""
    if add.op not in _ADDS or len(add.inputs) != 2:
        return None
    for output in add.inputs[1:] if add.op.startswith("Bias") else add.inputs:
        variable = view.variable_read(output)
        if variable is not None and variable.trainable:
            shape = view.shape(variable.output)
            if shape is not None and len(shape) == 1:
                return variable
    return None


@rule("BN008", "warning", "moving averages read and written in no order", needs_train_op=True)
def bn008(rule: Rule, view: GraphView) -> Iterator[Finding]:
    for average, reader, move in itertools.islice(_unordered(view), _MOST_UNORDERED):
        yield rule.finding(
            [move.name, reader.node.name],
            f"a step normalizes {reader.name} by {average.variable.name} and updates it in "
            f"{move.name}, in no defined order: which value is used changes from run to run.",
        )


def _unordered(view: GraphView) -> Iterator[tuple[MovingAverage, BatchNorm, Node]]:
    for step in view.training.steps:
        for average in view.batch_norms.averages:
            moves = [move.node for move in average.moves if move.node in step.reach]
            for reader in average.readers if moves else ():
                if reader.mode != "inference" or reader.node not in step.reach:
                    continue
                open_moves = [move for move in moves if not _ordered(view, average, reader, move)]
                if open_moves:
                    yield average, reader, open_moves[0]


def _ordered(view: GraphView, average: MovingAverage, reader: BatchNorm, move: Node) -> bool:
    """Whether the read comes before the write or after it.

    A resource is copied by its read. A reference variable's read may pass on the memory itself,
    so there the ops that use the value count.
    """
    uses = [use for part in reader.parts for use in part.uses]
    values = reader.mean | reader.variance
    reads = [values.variables[average.variable]]
    if move in view.ancestors(uses + reads):
        return True
    before = view.ancestors([move])
    first = reads if average.variable.is_resource else uses
    return not before.isdisjoint(first)

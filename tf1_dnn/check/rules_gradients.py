"""Rules on gradients: GR001 to GR003."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

import numpy as np

from tf1_dnn.check.findings import Finding, Rule, rule
from tf1_dnn.check.gradients import gradients_of
from tf1_dnn.check.nodes import ARG, Node
from tf1_dnn.check.paths import CUTS, ROUNDING, Paths
from tf1_dnn.check.ranks import least_rank
from tf1_dnn.check.variables import VARIABLES, Variable, is_floating
from tf1_dnn.check.words import some

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_READING = frozenset(VARIABLES) | {"Identity", "ReadVariableOp", "Enter", "Switch", "Cast", ARG}


@rule("GR001", "warning", "trainable variables that are never trained", needs_train_op=True)
def gr001(rule: Rule, view: GraphView) -> Iterator[Finding]:
    paths = _paths(view)
    if paths is None:
        return
    unchanged = _unchanged(view)
    apart = [variable for variable in unchanged if variable.node not in paths.any]
    unread = [variable for variable in apart if not _is_read(variable)]
    used = [variable for variable in apart if _is_read(variable)]
    frozen = [variable for variable in unchanged if variable.node in paths.differentiable]
    if used:
        yield rule.finding(
            [variable.name for variable in used],
            f"Other ops use {_count(used)}, but no loss depends on what they give: "
            "no gradient, no training.",
        )
    if unread:
        yield rule.finding(
            [variable.name for variable in unread],
            f"Nothing reads {_count(unread)}, but to save it.",
            "note",
        )
    if frozen:
        yield rule.finding(
            [variable.name for variable in frozen],
            f"The loss depends on {_count(frozen)}, but no train op makes a change: "
            "right for layers frozen by var_list.",
            "note",
        )


def _is_read(variable: Variable) -> bool:
    readers = variable.used + [user for read in variable.reads for user in read.consumers]
    return any(not user.op.startswith("Save") for user in readers)


@rule("GR002", "warning", "gradient of a loss that is not a scalar", needs_train_op=True)
def gr002(rule: Rule, view: GraphView) -> Iterator[Finding]:
    for loss in gradients_of(view).losses:
        if loss.seed.op != "Fill" or not loss.seed.inputs:  # grad_ys were given
            continue
        dims = view.constant(loss.seed.inputs[0])
        if dims is None:
            is_vector, size = least_rank(view, loss.output) > 0, "as many as the mini-batch has"
        else:
            is_vector, size = np.prod(dims) > 1, f"{np.prod(dims):g}"
        if is_vector:
            yield rule.finding(
                [loss.output.node.name, loss.seed.name],
                f"The loss {loss.output.node.name} is no scalar: its gradient is that of the sum "
                f"of its entries ({size}), and the step so many times that of their mean.",
            )


@rule("GR003", "error", "the loss is cut off from variables before it", needs_train_op=True)
def gr003(rule: Rule, view: GraphView) -> Iterator[Finding]:
    paths = _paths(view)
    if paths is None:
        return
    lost = [each for each in _unchanged(view) if each.node in paths.any - paths.differentiable]
    reached = view.descendants([variable.node for variable in lost], control=False)
    cuts = [cut for cut in paths.cuts() if cut in reached]
    into_layers = view.ancestors(_trained_layers(view, paths), control=False)
    by_severity: dict[str, list[Node]] = {}
    for cut in cuts:
        hard = "error" if cut.op in ROUNDING else "warning"
        by_severity.setdefault(hard if cut in into_layers else "note", []).append(cut)
    for severity, found in by_severity.items():
        behind = view.ancestors(found, control=False)
        variables = [variable for variable in lost if variable.node in behind]
        yield rule.finding(
            [cut.name for cut in found] + [variable.name for variable in variables],
            f"The loss depends on {_count(variables)} only through "
            f"{some(f'{cut.name} ({CUTS[cut.op]})' for cut in found)}, where no gradient passes, "
            "and nothing else trains what lies before.",
            severity,
        )


def _trained_layers(view: GraphView, paths: Paths) -> set[Node]:
    """The ops that gradients reach and that take the value of a variable that is trained."""
    reads = [apply.variable.node for apply in view.training.applies]
    users = view.descendants(reads, control=False, stop=lambda node: node.op not in _READING)
    return {node for node in users if node.op not in _READING} & paths.differentiable


def _paths(view: GraphView) -> Paths | None:
    losses = gradients_of(view).losses
    return Paths(view, [loss.output.node for loss in losses]) if losses else None


def _unchanged(view: GraphView) -> list[Variable]:
    """Trainable variables that nothing changes but their initial and restored values."""
    trainable = (each for each in view.variables if each.trainable and is_floating(each))
    return [each for each in trainable if not each.writes]


def _count(variables: list[Variable]) -> str:
    names = some(variable.name for variable in variables)
    if len(variables) == 1:
        return f"the trainable variable {names}"
    return f"{len(variables)} trainable variables ({names})"

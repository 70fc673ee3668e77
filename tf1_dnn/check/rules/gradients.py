"""Rules on gradients: GR001 to GR003."""

import re
from typing import Iterator

import numpy as np

from tf1_dnn.check.facts.copies import copies
from tf1_dnn.check.facts.losses import CUTS, ROUNDING, Paths, least_rank, losses, paths
from tf1_dnn.check.facts.steps import trainable, training
from tf1_dnn.check.facts.variables import VARIABLES, Variable, variables
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Node, ancestors, constant, descendants
from tf1_dnn.check.graph.nodes import ARG
from tf1_dnn.check.rules.registry import Rule, rule, some

# What Keras's optimizers keep: learning rates and slots, which old versions list as trainable.
_KERAS = re.compile(
    r"^(training(_\d+)?/)?(SGD|RMSprop|Adagrad|Adadelta|Adam|Adamax|Nadam)(_\d+)?/"
    r"(lr|learning_rate|decay|momentum|rho|beta_[12]|iterations|Variable(_\d+)?)$"
)
_READING = frozenset(VARIABLES) | {"Identity", "ReadVariableOp", "Enter", "Switch", "Cast", ARG}


@rule("GR001", "warning", "trainable variables that are never trained", needs_train_op=True)
def gr001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    ways = paths(graph)
    if ways is None:
        return
    unchanged = _unchanged(graph)
    left_over = {each for left, _ in copies(graph) for each in left}  # GR004 tells of these
    apart = [each for each in unchanged if each.node not in ways.any and each not in left_over]
    used = [variable for variable in apart if _is_read(variable)]
    unread = [variable for variable in apart if not _is_read(variable)]
    frozen = [variable for variable in unchanged if variable.node in ways.differentiable]
    if used:
        yield rule.finding(
            used,
            f"Other ops use {_count(used)}, but no loss depends on what they give: "
            "no gradient, no training.",
        )
    if unread:
        yield rule.finding(unread, f"Nothing reads {_count(unread)}, but to save it.", "note")
    if frozen:
        yield rule.finding(
            frozen,
            f"The loss depends on {_count(frozen)}, but no train op makes a change: "
            "right for layers frozen by var_list.",
            "note",
        )


def _is_read(variable: Variable) -> bool:
    readers = variable.used + [user for read in variable.reads for user in read.consumers]
    return any(not user.op.startswith("Save") for user in readers)


@rule("GR002", "warning", "gradient of a loss that is not a scalar", needs_train_op=True)
def gr002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for loss in losses(graph):
        if loss.seed.op != "Fill" or not loss.seed.inputs:  # grad_ys were given
            continue
        dims = constant(loss.seed.inputs[0])
        if dims is None:
            is_vector, size = least_rank(loss.output) > 0, "as many as the mini-batch has"
        else:
            is_vector, size = np.prod(dims) > 1, f"{np.prod(dims):g}"
        if is_vector:
            yield rule.finding(
                [loss.output.node, loss.seed],
                f"The loss {loss.output.node.name} is no scalar: its gradient is that of the sum "
                f"of its entries ({size}), and the step so many times that of their mean.",
            )


@rule("GR003", "error", "the loss is cut off from variables before it", needs_train_op=True)
def gr003(rule: Rule, graph: Graph) -> Iterator[Finding]:
    ways = paths(graph)
    if ways is None:
        return
    lost = [each for each in _unchanged(graph) if each.node in ways.any - ways.differentiable]
    reached = descendants([variable.node for variable in lost], control=False)
    into_layers = ancestors(_trained_layers(graph, ways), control=False)
    by_severity: dict[str, list[Node]] = {}
    for cut in ways.cuts():
        if cut in reached:
            hard = "error" if cut.op in ROUNDING else "warning"
            is_hard = cut in into_layers and cut.op != "StopGradient"  # so layers are frozen
            by_severity.setdefault(hard if is_hard else "note", []).append(cut)
    for severity, cuts in by_severity.items():
        behind = ancestors(cuts, control=False)
        cut_off = [variable for variable in lost if variable.node in behind]
        yield rule.finding(
            [*cuts, *cut_off],
            f"The loss depends on {_count(cut_off)} only through "
            f"{some(f'{cut.name} ({CUTS[cut.op]})' for cut in cuts)}, where no gradient passes, "
            "and nothing else trains what lies before.",
            severity,
        )


def _trained_layers(graph: Graph, ways: Paths) -> set[Node]:
    """The ops that gradients reach and that take the value of a variable that is trained."""
    trained = [apply.variable.node for apply in training(graph).applies]
    users = descendants(trained, control=False, stop=lambda node: node.op not in _READING)
    return {node for node in users if node.op not in _READING} & ways.differentiable


def _unchanged(graph: Graph) -> list[Variable]:
    """Trainable variables that nothing changes but their initial and restored values."""
    fixed = [each for each in variables(graph) if each.is_floating and not each.writes]
    own = [variable for variable in fixed if not _KERAS.search(variable.name)]
    return [variable for variable in own if variable in trainable(graph)]


def _count(variables: list[Variable]) -> str:
    names = some(variable.name for variable in variables)
    if len(variables) == 1:
        return f"the trainable variable {names}"
    return f"{len(variables)} trainable variables ({names})"

"""Rules on training, TR001 to TR005: what is left out of the loss, learning rates, who is moved."""

import itertools
import re
from typing import Iterator, NamedTuple

import numpy as np

from tf1_dnn.check.facts.losses import losses
from tf1_dnn.check.facts.steps import APPLY, Apply, Step, is_backward, trainable, training
from tf1_dnn.check.facts.variables import Variable, variable_at, variables
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Node, Output, ancestors, constant, walk
from tf1_dnn.check.rules.registry import Rule, rule, some

# Which input of an optimizer's op is the learning rate, and what is beyond any use for it.
_RATES = {
    "GradientDescent": (1, 100.0),
    "Momentum": (2, 100.0),
    "Adagrad": (2, 100.0),
    "RMSProp": (3, 1.0),
    "CenteredRMSProp": (4, 1.0),
    "Adam": (5, 1.0),
    "Adadelta": (3, 1e4),
    "Ftrl": (4, 100.0),
}
_SHADOW = re.compile(r"/ExponentialMovingAverage(_\d+)?$")
_DISCRIMINATOR = re.compile(r"(?i)(^|[/_])(disc\w*|critic|d)(_|/|\d|$)")
_GENERATOR = re.compile(r"(?i)(^|[/_])(gen\w*|g)(_|/|\d|$)")
_NEAR = 60  # ops between a learning rate and what it is computed from


@rule("TR001", "warning", "regularization losses that the loss leaves out", needs_train_op=True)
def tr001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    collected = graph.collection("regularization_losses")
    trained = losses(graph)
    if not collected or not trained:
        return
    behind = ancestors([loss.output.node for loss in trained], control=False)
    left = [node for node in collected if node not in behind]
    if len(left) == len(collected):
        yield rule.finding(
            left,
            f"{some(node.name for node in left)} are collected in REGULARIZATION_LOSSES, and the "
            f"loss {trained[0].output.node.name} does not add them: nothing is regularized.",
        )


class _Rate(NamedTuple):
    apply: Apply
    kind: str
    output: Output
    largest: float


def _rates(graph: Graph) -> Iterator[_Rate]:
    """The learning rate of every op that applies gradients, each output once."""
    seen = set()
    for apply in training(graph).applies:
        match = APPLY.match(apply.node.op)
        index, largest = _RATES.get(match[1] if match else "", (None, 0.0))
        if index is not None and index < len(apply.node.inputs) and match:
            output = apply.node.inputs[index]
            if output not in seen:
                seen.add(output)
                yield _Rate(apply, match[1], output, largest)


@rule("TR002", "warning", "a learning rate that is of no use", needs_train_op=True)
def tr002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for rate in _rates(graph):
        value = constant(rate.output)
        if value is None or value.size != 1 or rate.apply.node not in training(graph).reach:
            continue
        number = float(value.ravel()[0])
        words = f"The learning rate of {rate.apply.node.name} is {number:g}: "
        if number == 0:
            yield rule.finding([rate.apply.node], words + "no step changes anything.")
        elif number < 0:
            yield rule.finding([rate.apply.node], words + "steps go uphill.")
        elif number > rate.largest or not np.isfinite(number):
            words += f"more than {rate.kind} has any use for."
            yield rule.finding([rate.apply.node], words, "note")


@rule("TR003", "warning", "a decay by a step that nothing increments", needs_train_op=True)
def tr003(rule: Rule, graph: Graph) -> Iterator[Finding]:
    told: set[Variable] = set()
    for rate in _rates(graph):
        for counter in _counters(graph, rate.output):
            if counter not in told and not counter.writes:
                told.add(counter)
                yield rule.finding(
                    [counter, rate.output.node],
                    f"The learning rate {rate.output.node.name} decays by {counter.name}, which no "
                    "op increments: it stays as it starts.",
                )


def _counters(graph: Graph, rate: Output) -> list[Variable]:
    """The counting variables that a learning rate is computed from by a decay's formula."""
    near = list(walk([rate.node], Node.data_sources, most=_NEAR))
    if not any(node.op in ("Pow", "Exp", "LessEqual", "Less", "Minimum", "Cos") for node in near):
        return []
    found = [variable_at(graph, node) for node in near]
    read = {variable for variable in found if variable is not None}
    return [each for each in read if each not in trainable(graph) and _is_scalar(each)]


def _is_scalar(variable: Variable) -> bool:
    attr = variable.node.attr
    return "shape" in attr and not attr["shape"].shape.dim and not attr["shape"].shape.unknown_rank


@rule("TR004", "warning", "a GAN's train op that moves both players", needs_train_op=True)
def tr004(rule: Rule, graph: Graph) -> Iterator[Finding]:
    steps = training(graph).steps
    for one, other in itertools.combinations(steps, 2):
        moved = _moved(one) & _moved(other)
        critics = {each for each in moved if _DISCRIMINATOR.search(each.name)}
        makers = {each for each in moved - critics if _GENERATOR.search(each.name)}
        if critics and makers and _moved(one) == _moved(other):
            yield rule.finding(
                [one.fetches[0], other.fetches[0]],
                f"{one.fetches[0].name} and {other.fetches[0].name} both change "
                f"{min(each.name for each in makers)} and {min(each.name for each in critics)}: "
                "each player's step also moves the other, against its own loss.",
            )
            return
        if critics and not makers and _undoes(one, other, critics):
            yield _one_sided(rule, one, other, critics)
            return


def _moved(step: Step) -> set[Variable]:
    return {apply.variable for apply in step.applies}


def _undoes(one: Step, other: Step, critics: set[Variable]) -> bool:
    """Whether one step is the discriminator's own, and the other moves it beside a generator."""
    smaller, larger = sorted((_moved(one), _moved(other)), key=len)
    makers = {each for each in larger - smaller if _GENERATOR.search(each.name)}
    return smaller == critics and bool(makers)


def _one_sided(rule: Rule, one: Step, other: Step, critics: set[Variable]) -> Finding:
    larger = max((one, other), key=lambda step: len(_moved(step)))
    return rule.finding(
        [larger.fetches[0], *sorted(critics, key=lambda each: each.name)],
        f"{larger.fetches[0].name} moves the generator, and with it the discriminator "
        f"({some(sorted(each.name for each in critics))}), which has a step of its own: give "
        "minimize its var_list.",
    )


@rule("TR005", "warning", "moving averages of weights that nothing reads", needs_train_op=True)
def tr005(rule: Rule, graph: Graph) -> Iterator[Finding]:
    unread = []
    for variable in variables(graph):
        if _SHADOW.search(variable.name) and not variable.saves and variable.is_floating:
            users = {user for read in variable.reads for user in read.consumers}
            outside = {user for user in users if not _is_own(user, variable)}
            if not outside and variable.writes:
                unread.append(variable)
    if unread:
        yield rule.finding(
            unread,
            f"{some(each.name for each in unread)} are kept up to date, and neither read nor "
            "saved: the averaged weights are never used.",
        )


def _is_own(user: Node, variable: Variable) -> bool:
    """Whether an op is one of the average's own update."""
    return user in variable.writes or is_backward(user) or "AssignMovingAvg" in user.name

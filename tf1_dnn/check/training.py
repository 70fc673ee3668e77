"""What a training step runs: its train ops, the gradients they apply, the losses behind them."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Sequence

from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.nodes import Node, Output
from tf1_dnn.check.protos import enqueue_names

if TYPE_CHECKING:
    from tf1_dnn.check.variables import Variable
    from tf1_dnn.check.view import GraphView

# Which input of an optimizer's op is the gradient; the variable is the first input.
_GRADIENT_INPUT = {
    **dict(GradientDescent=2, ProximalGradientDescent=4, Momentum=3, KerasMomentum=3, Ftrl=3),
    **dict(FtrlV2=3, Adagrad=3, AdagradV2=4, AdagradDA=3, ProximalAdagrad=5, Adadelta=6, Adam=9),
    **dict(AdaMax=8, AdamWithAmsgrad=10, RMSProp=7, CenteredRMSProp=8, PowerSign=6, AddSign=6),
}
_APPLY = re.compile(r"^(?:Resource)?(?:Sparse)?Apply(\w+)$")
_BY_HAND = re.compile(r"^(Assign(Add|Sub)?(VariableOp)?|(Resource)?Scatter(Add|Sub))$")
# tf.gradients names its seeds grad_ys_0, ...; before TensorFlow 1.8 it had a Fill in its scope.
_SEED = re.compile(r"(^|/)(grad_ys_\d+|gradients(_\d+)?/Fill(_\d+)?)$")
_BACKWARD = re.compile(r"(^|[/\]])gradients(_\d+)?/|_grad/")
_MOST_STEPS = 16


@dataclasses.dataclass(eq=False)
class Apply:
    """An op that changes a trainable variable by a gradient."""

    node: Node
    variable: Variable
    gradient: Output  # as applied, say after clipping; of a hand-written step, all that is assigned


@dataclasses.dataclass(eq=False)
class Loss:
    """What tf.gradients was called on."""

    output: Output
    seed: Node  # grad_ys: the Fill of ones (or what was given) that backpropagation begins with
    scope: str  # of the gradient ops, say "train/gradients/"


@dataclasses.dataclass(eq=False)
class Step:
    """One kind of training step: what one session.run of it fetches, and so runs."""

    fetches: list[Node]
    reach: set[Node]  # every node that it runs (both sides of conditions)
    applies: list[Apply]


@dataclasses.dataclass(eq=False)
class Training:
    steps: list[Step]
    applies: list[Apply]  # of all steps, and of none
    losses: list[Loss]
    named: bool  # the user told what a step fetches; else session.run may fetch other ops as well

    @functools.cached_property
    def reach(self) -> set[Node]:
        """Every node that some step runs."""
        return set().union(*(step.reach for step in self.steps))


def find_training(view: GraphView, train_ops: Sequence[str]) -> Training:
    """Find the train ops, or take those named; GraphError if a name is not in the graph."""
    applies = _applies(view)
    if not view.collection("trainable_variables"):
        for apply in applies:
            apply.variable.trainable = True
    if train_ops:
        fetched = [_named(view, names) for names in train_ops]
    else:
        fetched = _sinks(view, [apply.node for apply in applies])
    queues = _queue_runners(view)
    steps = []
    for fetches in fetched:
        reach = view.ancestors(fetches + queues)
        steps.append(Step(fetches, reach, [apply for apply in applies if apply.node in reach]))
    return Training(steps, applies, _losses(view), bool(train_ops))


def is_backward(node: Node) -> bool:
    """Whether an op belongs to backpropagation, by the scopes that tf.gradients makes."""
    return _BACKWARD.search(node.name) is not None


def _applies(view: GraphView) -> list[Apply]:
    found = []
    for variable in view.variables:
        for write in variable.writes:
            match = _APPLY.match(write.op)
            if match:
                index = _GRADIENT_INPUT.get(match[1], len(write.inputs) - 1)
                if index < len(write.inputs) and view.variable_of(write.inputs[0]) is variable:
                    found.append(Apply(write, variable, write.inputs[index]))
            elif _BY_HAND.match(write.op) and _is_gradient_step(view, variable, write):
                found.append(Apply(write, variable, write.inputs[-1]))
    return found


_ELEMENTWISE = frozenset(
    "Sub Add AddV2 AddN Mul Neg RealDiv Identity Cast Reshape ReadVariableOp Maximum Minimum "
    "ClipByValue Enter Switch Merge Select Squeeze".split()
)


def _is_gradient_step(view: GraphView, variable: Variable, write: Node) -> bool:
    """A hand-written step: what is assigned comes elementwise from a gradient."""
    if len(write.inputs) < 2:
        return False
    value = write.inputs[-1] if "Scatter" in write.op else write.inputs[1]
    near = view.ancestors(
        [value.node],
        control=False,
        stop=lambda node: is_backward(node) or node.op not in _ELEMENTWISE,
    )
    return not is_backward(write) and any(is_backward(node) for node in near)


def _named(view: GraphView, names: str) -> list[Node]:
    """The ops that "a,b" names, where each is an op, a tensor or a collection."""
    found: list[Node] = []
    for name in filter(None, (name.strip() for name in names.split(","))):
        found += view.collection(name) or view.collection(name.lower()) or [view.node(name)]
    if not found:
        raise GraphError("no train op is named: give the name of an op, as in --train-op train.")
    return found


def _sinks(view: GraphView, applies: list[Node]) -> list[list[Node]]:
    """The ops that users may fetch to train: what in the end depends on the optimizers' ops."""
    if not applies:
        return []
    downstream = view.descendants(applies)
    ends = [node for node in downstream if not (node.consumers or node.control_consumers)]
    # No one fetches what lies in a function's body, or the value that an assign leaves behind.
    fetched = [node for node in ends if node.call is None and node.op != "ReadVariableOp"]
    sinks = sorted(fetched or ends or applies, key=lambda node: node.name)
    alike: dict[frozenset[Node], list[Node]] = {}
    if len(sinks) > _MOST_STEPS:
        return [sinks]
    for sink in sinks:
        reached = view.ancestors([sink]).intersection(applies)
        alike.setdefault(frozenset(reached), []).append(sink)
    return list(alike.values())


def _queue_runners(view: GraphView) -> list[Node]:
    """What queue runners' threads run beside every step (QueueRunnerDef.enqueue_op_name)."""
    return [view.nodes[name] for name in enqueue_names(view.meta) if name in view.nodes]


def _losses(view: GraphView) -> list[Loss]:
    """Where backpropagation begins: the ops whose gradient is taken from grad_ys."""
    found = []
    for seed in view.nodes.values():
        if _SEED.search(seed.name):
            scope = seed.name.rpartition("/")[0] + "/"
            found += [Loss(output, seed, scope) for output in _differentiated(view, seed, scope)]
    return found


def _differentiated(view: GraphView, seed: Node, scope: str) -> list[Output]:
    """The forward op X whose gradient ops `X_grad/…` take the seed."""
    for user in dict.fromkeys(seed.consumers + seed.control_consumers):
        rest = user.name[len(scope) :] if user.name.startswith(scope) else ""
        name = rest.split("_grad/")[0]
        if "_grad/" in rest and name in view.nodes:
            return [Output(view.nodes[name], 0)]
    shape = seed.inputs[0].node if seed.inputs else None
    if shape is not None and shape.op == "Shape" and shape.inputs:
        return [shape.inputs[0]]
    return []

"""What a training step runs: its train ops, the gradients they apply, the losses behind them."""

import collections
import dataclasses
import itertools
import re
from typing import Iterable

from tf1_dnn.check.facts.variables import Variable, variable_of, variables
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.graph import Graph, Node, Output, Run, ancestors, descendants, fact
from tf1_dnn.check.read.messages import enqueue_names

# Which input of an optimizer's op is the gradient; the variable is the first input.
_GRADIENT_INPUT = {
    **dict(GradientDescent=2, ProximalGradientDescent=4, Momentum=3, KerasMomentum=3, Ftrl=3),
    **dict(FtrlV2=3, Adagrad=3, AdagradV2=4, AdagradDA=3, ProximalAdagrad=5, Adadelta=6, Adam=9),
    **dict(AdaMax=8, AdamWithAmsgrad=10, RMSProp=7, CenteredRMSProp=8, PowerSign=6, AddSign=6),
}
APPLY = re.compile(r"^(?:Resource)?(?:Sparse)?Apply(\w+)$")
_BY_HAND = re.compile(r"^(Assign(Add|Sub)?(VariableOp)?|(Resource)?Scatter(Add|Sub))$")
_ELEMENTWISE = frozenset(
    "Sub Add AddV2 AddN Mul Neg RealDiv Identity Cast Reshape ReadVariableOp Maximum Minimum "
    "ClipByValue Enter Switch Merge Select Squeeze".split()
)
# tf.gradients names its seeds grad_ys_0, …; before TensorFlow 1.8 it had a Fill in its scope.
_SEED = re.compile(r"(?:^|/)(?:grad_ys_\d+(?:_values)?|gradients(?:_\d+)?/Fill(?:_\d+)?)$")
_BACKWARD = re.compile(r"(^|[/\]])gradients(_\d+)?/|_grad/")
_MOST_STEPS = 16  # kinds of them


@dataclasses.dataclass(eq=False)
class Apply:
    """An op that changes a variable by a gradient."""

    node: Node
    variable: Variable
    gradient: Output  # as applied, say after clipping; of a hand-written step, all that is assigned


@dataclasses.dataclass(eq=False)
class Loss:
    """What tf.gradients was called on."""

    output: Output
    seed: Node  # grad_ys: the Fill of ones (or what was given) that backpropagation begins with


@dataclasses.dataclass(eq=False)
class Step:
    """One kind of training step: what one session.run of it fetches, and so runs."""

    fetches: list[Node]
    reach: set[Node]  # every node that it runs (both sides of conditions)
    applies: list[Apply]


@dataclasses.dataclass(eq=False)
class Training:
    """How a graph is trained."""

    steps: list[Step]
    applies: list[Apply]  # of all steps, and of none
    losses: list[Loss]
    is_known: bool  # what a step fetches; else session.run may fetch other ops as well
    reach: set[Node]  # every node that some step runs
    run: set[Node]  # and those that were run apart from steps, where that was watched
    changed: set[Variable]  # the variables that some step changes by a gradient

    @property
    def is_plain(self) -> bool:
        """Known, or one kind of step, which most likely is fetched as it was found."""
        return self.is_known or len(self.steps) == 1


@fact
def training(graph: Graph) -> Training:
    """The steps watched, of the train ops named, or found; GraphError if a name is no op's."""
    found = applies(graph)
    if graph.train_ops:
        fetched = [_named(graph, names) for names in graph.train_ops]
    elif graph.watched is not None:
        fetched = [fetches for fetches, _ in watched_steps(graph)]
    else:
        fetched = _ends(graph, [apply.node for apply in found])
    # Queue runners' threads run their ops beside every step.
    queues = graph.named(enqueue_names(graph.meta))
    steps = []
    for fetches in fetched if graph.train_ops else fetched[:_MOST_STEPS]:
        run = ancestors(fetches + queues)
        steps.append(Step(fetches, run, [apply for apply in found if apply.node in run]))
    reach = ancestors([*itertools.chain(*fetched), *queues]) if fetched else set()
    changed = {apply.variable for apply in found if apply.node in reach}
    is_known = bool(graph.train_ops) or graph.watched is not None
    run = reach | ancestors(itertools.chain(*(graph.named(each.fetches) for each in _runs(graph))))
    return Training(steps, found, _losses(graph), is_known, reach, run, changed)


@fact
def watched_steps(graph: Graph) -> list[tuple[list[Node], list[Run]]]:
    """What the watched runs fetched that applies gradients, with those runs; most often run first.

    Of what they fetched, the ops that change variables: a loss or a summary beside them, now and
    then, makes no other kind of step.
    """
    changing = descendants(write for variable in variables(graph) for write in variable.writes)
    applying = descendants(apply.node for apply in applies(graph))
    alike: dict[frozenset[Node], list[Run]] = collections.defaultdict(list)
    for run in _runs(graph):
        fetches = changing.intersection(graph.named(run.fetches))
        if not fetches.isdisjoint(applying):
            alike[frozenset(fetches)].append(run)
    by_times = sorted(alike.items(), key=lambda kind: -sum(run.times for run in kind[1]))
    return [(sorted(kind, key=lambda node: node.name), runs) for kind, runs in by_times]


@fact
def trainable(graph: Graph) -> frozenset[Variable]:
    """The variables in TRAINABLE_VARIABLES or, without any, those that a gradient changes."""
    listed = set(graph.collection("trainable_variables"))
    if listed:
        return frozenset(each for each in variables(graph) if each.node in listed)
    return frozenset(apply.variable for apply in applies(graph))


@fact
def applies(graph: Graph) -> list[Apply]:
    """The ops that apply gradients: optimizers', and those of steps written by hand."""
    found = []
    for variable in variables(graph):
        for write in variable.writes:
            match = APPLY.match(write.op)
            if match:
                index = _GRADIENT_INPUT.get(match[1], len(write.inputs) - 1)
                if index < len(write.inputs) and variable_of(graph, write.inputs[0]) is variable:
                    found.append(Apply(write, variable, write.inputs[index]))
            elif _BY_HAND.match(write.op) and _is_gradient_step(write):
                found.append(Apply(write, variable, write.inputs[-1]))
    return found


@fact
def seeds(graph: Graph) -> dict[Node, str]:
    """The grad_ys that backpropagation begins with; and the scope of each, say "gradients/".

    A condition's gradient is a function with grad_ys of its own, where nothing begins.
    """
    found = [node for node in graph.nodes.values() if _SEED.search(node.name)]
    begun = [seed for seed in found if not any(map(is_backward, seed.calls()))]
    return {seed: seed.name.rpartition("/")[0] + "/" for seed in begun}


def is_backward(node: Node) -> bool:
    """Whether an op belongs to backpropagation, by the scopes that tf.gradients makes."""
    return _BACKWARD.search(node.name) is not None


def _is_gradient_step(write: Node) -> bool:
    """A step written by hand: what is assigned comes elementwise from a gradient."""
    if len(write.inputs) < 2 or is_backward(write):
        return False
    value = write.inputs[-1] if "Scatter" in write.op else write.inputs[1]
    near = ancestors(
        [value.node],
        control=False,
        stop=lambda node: is_backward(node) or node.op not in _ELEMENTWISE,
    )
    return any(map(is_backward, near))


def _runs(graph: Graph) -> Iterable[Run]:
    return graph.watched.runs if graph.watched is not None else ()


def _named(graph: Graph, names: str) -> list[Node]:
    """The ops that "a,b" names, where each is an op, a tensor or a collection."""
    found: list[Node] = []
    for name in filter(None, (name.strip() for name in names.split(","))):
        found += graph.collection(name) or graph.collection(name.lower()) or [graph.node(name)]
    if not found:
        raise GraphError("no train op is named: give the name of an op, as in --train-op train.")
    return found


def _ends(graph: Graph, applying: list[Node]) -> list[list[Node]]:
    """The ops that users may fetch to train: what in the end depends on the optimizers' ops.

    A list for each kind of step, of those that apply the same gradients.
    """
    if not applying:
        return []
    ends = [
        node for node in descendants(applying) if not (node.consumers or node.control_consumers)
    ]
    # No one fetches what lies in a function's body, or the value that an assign leaves behind.
    fetched = [node for node in ends if node.call is None and node.op != "ReadVariableOp"]
    ends = sorted(fetched or ends or applying, key=lambda node: node.name)
    if len(ends) > _MOST_STEPS:
        return [ends]
    alike: dict[frozenset[Node], list[Node]] = {}
    for end in ends:
        alike.setdefault(frozenset(ancestors([end]).intersection(applying)), []).append(end)
    return list(alike.values())


def _losses(graph: Graph) -> list[Loss]:
    """Where backpropagation begins: the ops whose gradient is taken from grad_ys."""
    return [
        Loss(output, seed)
        for seed, scope in seeds(graph).items()
        for output in _differentiated(graph, seed, scope)
    ]


def _differentiated(graph: Graph, seed: Node, scope: str) -> list[Output]:
    """The forward op X whose gradient ops `X_grad/…` take the seed."""
    for user in dict.fromkeys(seed.consumers + seed.control_consumers):
        rest = user.name[len(scope) :] if user.name.startswith(scope) else ""
        name = rest.split("_grad/")[0]
        if "_grad/" in rest and name in graph.nodes:
            return [Output(graph.nodes[name], 0)]
    shape = seed.inputs[0].node if seed.inputs else None
    if shape is not None and shape.op == "Shape" and shape.inputs:
        return [shape.inputs[0]]
    return []

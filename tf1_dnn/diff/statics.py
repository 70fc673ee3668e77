"""Two graphs side by side, without running them: what decides digits, what only looks otherwise."""

import collections
import re
from typing import Iterator, NamedTuple, Sequence

from tensorboard.compat.proto import types_pb2

from tf1_dnn.check.facts.batch_norms import BatchNorm, batch_norms
from tf1_dnn.check.facts.dropouts import dropouts
from tf1_dnn.check.facts.initials import Initial, initial
from tf1_dnn.check.facts.losses import losses
from tf1_dnn.check.facts.normalizations import FUSED
from tf1_dnn.check.facts.routes import Route, intervals, routes
from tf1_dnn.check.facts.shapes import shape_of
from tf1_dnn.check.facts.steps import APPLY, Apply, is_backward, trainable, training
from tf1_dnn.check.facts.variables import Variable, origins, variable_at
from tf1_dnn.check.graph import Graph, Node, Output, constant, fact, scalar, walk
from tf1_dnn.check.graph.nodes import PASSING
from tf1_dnn.diff.matching import Matched

# Ops that are the same under two names, or that two ways of spelling a layer differ in.
SAME_OPS = {
    **dict(AddV2="Add", BiasAdd="Add", BiasAddV1="Add", SelectV2="Select", Div="RealDiv"),
    **dict(BatchMatMulV2="BatchMatMul", FusedBatchNormV2="FusedBatchNorm"),
    **dict(FusedBatchNormV3="FusedBatchNorm", GatherV2="Gather", ResourceGather="Gather"),
    **dict(ConcatV2="Concat", InTopKV2="InTopK"),
}
_TELLING = re.compile(
    r"^(MatMul|Conv[23]D|Depthwise\w+|Relu6?|Elu|Selu|LeakyRelu|Sigmoid|Tanh|Softplus|Softsign"
    r"|MaxPool|AvgPool|LRN|\w*CrossEntropyWithLogits|LogSoftmax|Softmax)$"
)
_ROWWISE = dict.fromkeys(  # gradient descent on a table's rows
    ["ScatterSub", "ScatterAdd", "ResourceScatterSub", "ResourceScatterAdd"], "row by row"
)
_CONSTANTS = {  # of optimizers' ops, by input
    "GradientDescent": {1: "learning rate"},
    "Momentum": {2: "learning rate", 4: "momentum"},
    "Adagrad": {2: "learning rate"},
    "RMSProp": {3: "learning rate", 4: "decay", 5: "momentum", 6: "epsilon"},
    "Adam": {5: "learning rate", 6: "beta1", 7: "beta2", 8: "epsilon"},
    "Adadelta": {3: "learning rate", 4: "rho", 5: "epsilon"},
}
_FUSED_EPSILON = 1e-4  # of an op that does not say
_TYPES = {"float": "float32", "double": "float64", "half": "float16"}
_NEAR = 40


class Axes(NamedTuple):
    """Some dimensions of a tensor."""

    rank: int  # the tensor's
    dims: tuple[int, ...]

    @property
    def spelled(self) -> str:
        return ", ".join(map(str, self.dims))


class Difference(NamedTuple):
    """Something that two graphs do not share."""

    what: str  # "epsilon of batch_normalization"
    old: str
    new: str
    changes_digits: bool = True


def differences(old: Graph, new: Graph, matched: Matched) -> list[Difference]:
    """All that is not the same; what changes digits comes first."""
    found = [
        *_of_variables(old, new, matched),
        *_of_batch_norms(old, new, matched),
        *_of_ops(old, new),
        *_of_training(old, new, matched),
        *_of_starts(old, new, matched),
        *_of_spelling(old, new, matched),
    ]
    return sorted(dict.fromkeys(found), key=lambda each: not each.changes_digits)


def _differing(what: str, old: object, new: object, *, digits: bool = True) -> Iterator[Difference]:
    if old != new:
        yield Difference(what, _spelled(old), _spelled(new), digits)


def _spelled(value: object) -> str:
    return (
        {None: "none", True: "yes", False: "no"}.get(value, f"{value}")
        if isinstance(value, (bool, type(None)))
        else (f"{value:.6g}" if isinstance(value, float) else str(value))
    )


def _of_variables(old: Graph, new: Graph, matched: Matched) -> Iterator[Difference]:
    for each in matched.only_old:
        yield Difference(f"the variable {each.name}", "there", "missing")
    for each in matched.only_new:
        yield Difference(f"the variable {each.name}", "missing", "there")
    for pair in matched.pairs:
        name = pair.old.name
        shapes = (shape_of(old, pair.old.output), shape_of(new, pair.new.output))
        yield from _differing(f"the shape of {name}", *shapes)
        types = [_type(each) for each in pair]
        yield from _differing(f"the dtype of {name}", *types)
        trained = (pair.old in trainable(old), pair.new in trainable(new))
        yield from _differing(f"{name} trainable", *trained)


def _type(variable: Variable) -> str:
    name = types_pb2.DataType.Name(variable.node.attr["dtype"].type).removeprefix("DT_").lower()
    return _TYPES.get(name, name)


def _of_starts(old: Graph, new: Graph, matched: Matched) -> Iterator[Difference]:
    for pair in matched.pairs:
        a, b = initial(old, pair.old), initial(new, pair.new)
        if a is not None and b is not None:
            yield from _of_initials(pair.old.name, a, b)


def _of_initials(name: str, old: Initial, new: Initial) -> Iterator[Difference]:
    for what in ("mean", "deviation"):
        a, b = round(getattr(old, what), 6), round(getattr(new, what), 6)
        yield from _differing(f"the initial {what} of {name}", a, b)
    if old.deviation and new.deviation:
        yield from _differing(f"the seeds of {name}'s initializer", old.seed, new.seed)


def _of_batch_norms(old: Graph, new: Graph, matched: Matched) -> Iterator[Difference]:
    olds, news = (_by_variable(graph) for graph in (old, new))
    seen = set()
    for pair in matched.pairs:
        a, b = olds.get(pair.old), news.get(pair.new)
        if a is None or b is None or (id(a), id(b)) in seen:
            continue
        seen.add((id(a), id(b)))
        yield from _differing(f"the epsilon of {a.name}", _epsilon(a), _epsilon(b))
        momenta = (_momentum(old, a), _momentum(new, b))
        yield from _differing(f"the momentum of {a.name}", *momenta)
        if _formats(old) == _formats(new):
            yield from _of_axes(a.name, _axes(old, a), _axes(new, b))
        yield from _differing(f"the mode of {a.name}", a.mode, b.mode)
        updated = (_is_updated(old, a), _is_updated(new, b))
        yield from _differing(f"updates of {a.name} run by the step", *updated)
        fused = (a.node.op in FUSED, b.node.op in FUSED)
        yield from _differing(f"{a.name} fused, which moves its variance by n / (n - 1)", *fused)


def _by_variable(graph: Graph) -> dict[Variable, BatchNorm]:
    return {
        average.variable: layer for layer in batch_norms(graph).layers for average in layer.averages
    }


def _epsilon(layer: BatchNorm) -> float | None:
    if layer.node.op in FUSED:
        attr = layer.node.attr
        return _rounded(attr["epsilon"].f if "epsilon" in attr else _FUSED_EPSILON)
    for node in walk([layer.node], Node.data_sources, most=_NEAR):
        if node.op in ("Rsqrt", "Sqrt") and node.inputs[:1]:
            numbers = [scalar(each) for each in node.inputs[0].node.inputs]
            known = [each for each in numbers if each is not None]
            if known:
                return _rounded(known[0])
    return None


def _momentum(graph: Graph, layer: BatchNorm) -> float | None:
    """What an update keeps of the average: average * momentum + statistic * (1 - momentum)."""
    updates = [move.node for average in layer.averages for move in average.moves]
    for node in walk(updates, Node.data_sources, most=_NEAR * 2, nearest_first=True):
        if node.op != "Mul" or len(node.inputs) != 2:
            continue
        for share, other in (node.inputs, node.inputs[::-1]):
            value = _share(share)
            if value is not None:
                keeps = any(variable_at(graph, each.node) for each in origins_of(other))
                return _rounded(value if keeps else 1 - value)
    return None


def _share(output: Output) -> float | None:
    """A number between 0 and 1 that something is multiplied by, perhaps on one side of a choice."""
    for origin in origins_of(output):
        value = scalar(origin)
        if value is not None and 0 < value < 1:
            return value
        node = origin.node
        if value is None and node.op == "Sub" and scalar(node.inputs[0]) == 1:
            kept = _share(node.inputs[1])
            return None if kept is None else 1 - kept
    return None


def _rounded(value: float) -> float:
    """To what a float32 holds of it."""
    return float(f"{value:.6g}")


def _of_axes(name: str, old: Axes | None, new: Axes | None) -> Iterator[Difference]:
    if old is not None and new is not None and old.rank == new.rank:
        yield from _differing(f"the axes that {name} averages over", old.spelled, new.spelled)


def _axes(graph: Graph, layer: BatchNorm) -> Axes | None:
    """The dimensions that the mini-batch's statistics are taken over."""
    if layer.node.op in FUSED:
        is_first = layer.node.attr["data_format"].s.startswith(b"NC")
        return Axes(4, (0, 2, 3) if is_first else (0, 1, 2))
    for node in sorted({each.node for each in layer.mean.statistics}, key=lambda each: each.name):
        dims = shape_of(graph, node.inputs[0]) if node.op == "Mean" else None
        axes = constant(node.inputs[1]) if node.op == "Mean" else None
        if dims is not None and axes is not None:
            return Axes(len(dims), tuple(sorted(int(each) % len(dims) for each in axes.ravel())))
    return None


@fact
def _formats(graph: Graph) -> frozenset[str]:
    """How images lie in memory for convolutions and pooling: NHWC, NCHW."""
    nodes = graph.of_type("Conv2D", "MaxPool", "AvgPool", "DepthwiseConv2dNative")
    return frozenset(node.attr["data_format"].s.decode() or "NHWC" for node in nodes)


def origins_of(output: Output) -> list[Output]:
    """Back through what passes values on."""

    def sources(each: Output) -> list[Output]:
        return each.node.inputs if each.node.op in PASSING | {"Select", "SelectV2"} else []

    return list(walk([output], sources, most=12))


def _is_updated(graph: Graph, layer: BatchNorm) -> bool:
    moves = {move.node for average in layer.averages for move in average.moves}
    return not moves.isdisjoint(training(graph).run)


def _of_ops(old: Graph, new: Graph) -> Iterator[Difference]:
    counts = [_counts(graph) for graph in (old, new)]
    for op in sorted(counts[0].keys() | counts[1].keys()):
        yield from _differing(f"ops of type {op}", counts[0][op], counts[1][op])
    yield from _differing("rates of dropout", _rates(old), _rates(new))


def _rates(graph: Graph) -> str:
    rates = [each.rate for each in dropouts(graph)]
    return ", ".join("fed" if rate is None else f"{rate:.4g}" for rate in rates) or "none"


def _counts(graph: Graph) -> collections.Counter[str]:
    """How many telling ops the forward pass has, under one name each."""
    found: collections.Counter[str] = collections.Counter()
    for node in graph.matching(_TELLING.match):
        if not is_backward(node):
            found[SAME_OPS.get(node.op, node.op)] += 1
    return found


def _of_training(old: Graph, new: Graph, matched: Matched) -> Iterator[Difference]:
    if losses(old) and losses(new):
        yield from _differing("the loss's reduction", _reduction(old), _reduction(new))
    applies = [{each.variable: each for each in training(graph).applies} for graph in (old, new)]
    for pair in matched.pairs:
        a, b = applies[0].get(pair.old), applies[1].get(pair.new)
        if a is None or b is None:
            is_trained = (a is not None, b is not None)
            if (pair.old in trainable(old)) == (pair.new in trainable(new)):
                yield from _differing(f"{pair.old.name} changed by a step", *is_trained)
        else:
            yield from _of_optimizers(a, b)
    clips = [
        _clips(graph, [getattr(pair, side) for pair in matched.pairs])
        for graph, side in ((old, "old"), (new, "new"))
    ]
    yield from _differing("clipping", *clips)


def _reduction(graph: Graph) -> str:
    loss = losses(graph)[0].output
    dims = shape_of(graph, loss)
    if dims:
        return "none (gradients are summed)"
    ops = [origin.node.op for origin in origins(graph, loss, PASSING | {"Mul", "RealDiv", "Add"})]
    return next((op.lower() for op in ops if op in ("Mean", "Sum")), "another")


def _of_optimizers(old: Apply, new: Apply) -> Iterator[Difference]:
    kinds = [APPLY.match(each.node.op) for each in (old, new)]
    names = [
        match[1] if match else _ROWWISE.get(each.node.op, each.node.op)
        for match, each in zip(kinds, (old, new))
    ]
    yield from _differing("the optimizer", *names)
    if names[0] == names[1]:
        for index, what in _CONSTANTS.get(names[0], {}).items():
            values = [_number(each.node, index) for each in (old, new)]
            yield from _differing(f"the optimizer's {what}", *values)
        nesterov = [each.node.attr["use_nesterov"].b for each in (old, new)]
        yield from _differing("the optimizer's use_nesterov", *nesterov)


def _number(node: Node, index: int) -> float | str:
    value = scalar(node.inputs[index]) if index < len(node.inputs) else None
    return "computed" if value is None else _rounded(value)


def _clips(graph: Graph, trained: Sequence[Variable]) -> str:
    """The kinds of clipping on the way of these variables' gradients, with their thresholds."""
    raws = {raw for route in routes(graph) for raw in route.raws}
    found = {
        clip
        for route in routes(graph)
        if route.apply.variable in trained
        for clip in (*_by_value(route), *_by_norm(route, raws))
    }
    return ", ".join(sorted(found)) or "none"


def _by_value(route: Route) -> Iterator[str]:
    clips = [clip for clip, kind in route.clips.items() if kind == "value"]
    found = list(intervals(clips))
    for each in found:
        low, high = (scalar(bound) for bound in (each.low, each.high))
        are_known = low is not None and high is not None
        yield f"by value {low:g} to {high:g}" if are_known else "by a computed value"
    if clips and not found:
        numbers = [scalar(each) for each in clips[0].inputs]
        known = [f"{each:g}" for each in numbers if each is not None]
        yield f"by value, {clips[0].op} {' '.join(known) or 'computed'}"


def _by_norm(route: Route, raws: set[Node]) -> Iterator[str]:
    for clip, kind in route.clips.items():
        if kind == "norm":
            behind = set(walk([clip], Node.data_sources, stop=raws.__contains__))
            scope = "global norm" if len(behind & raws) > 1 else "norm"
            yield f"by {scope} {_threshold(behind - raws)}"


def _threshold(nodes: set[Node]) -> str:
    """The number that a norm is held against: not a factor under a root, nor the 1 of 1 / norm."""
    numbers: set[float] = set()
    for node in nodes:
        is_rooted = any(user.op == "Sqrt" for user in node.consumers)
        if node.op in ("Minimum", "Maximum", "Mul", "RealDiv") and not is_rooted:
            known = [each for each in map(scalar, node.inputs) if each is not None]
            if len(known) == 1 and 0 < known[0] < 1e30:  # min(1 / norm, 1 / threshold)
                numbers.add(_rounded(1 / known[0] if node.op == "Minimum" else known[0]))
    told = sorted(numbers - {1.0}) or sorted(numbers)
    return f"{told[-1]:g}" if told else "computed"


def _of_spelling(old: Graph, new: Graph, matched: Matched) -> Iterator[Difference]:
    """What changes no digit: names, kinds of variables, of conditions, of ops."""
    renamed = sum(pair.is_renamed for pair in matched.pairs)
    if renamed:
        yield Difference("variables renamed", "0", str(renamed), False)
    for what, ops in [
        ("resource variables", ("VarHandleOp",)),
        ("conditions as functions", ("If", "StatelessIf")),
        ("ops AddV2 for Add", ("AddV2",)),
    ]:
        counts = [len(graph.of_type(*ops)) for graph in (old, new)]
        yield from _differing(what, *counts, digits=False)

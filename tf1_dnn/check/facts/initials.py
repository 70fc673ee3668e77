"""What variables start from: a constant, or numbers drawn, and how widely."""

import dataclasses
import math

import numpy as np

from tf1_dnn.check.facts.variables import Variable
from tf1_dnn.check.graph import Graph, Node, Output, constant, fact, scalar
from tf1_dnn.check.graph.nodes import PASSING

_TRUNCATED = 0.8796  # of a normal distribution cut at two standard deviations
_UNIFORM, _NORMAL = (0.5, 1 / math.sqrt(12)), (0.0, 1.0)
_DRAWS = {  # mean and deviation
    **dict.fromkeys(["RandomUniform", "StatelessRandomUniformV2"], _UNIFORM),
    **dict.fromkeys(["RandomStandardNormal", "StatelessRandomNormalV2"], _NORMAL),
    **dict.fromkeys(["TruncatedNormal", "StatelessTruncatedNormalV2"], (0.0, _TRUNCATED)),
}
_MOST = 12  # ops between a draw and the variable


@dataclasses.dataclass(frozen=True)
class Initial:
    """The distribution of a variable's initial entries."""

    mean: float
    deviation: float  # standard; 0 of a constant
    seed: tuple[int, int] | None = None  # of a draw, None if the run decides


@fact
def initial(graph: Graph, variable: Variable) -> Initial | None:
    """What a variable starts from; None if nothing, or something else, is known."""
    written = [write.inputs[1] for write in variable.initial if len(write.inputs) > 1]
    if len(written) != 1 or variable.restores and not variable.saves:
        return None
    return _of(written[0])


def _of(output: Output) -> Initial | None:
    """The distribution of mean + deviation · draw, as TensorFlow's initializers spell it."""
    scale, shift = 1.0, 0.0
    for _ in range(_MOST):
        node = output.node
        same = _filled(output)
        if same is not None:
            return Initial(scale * same + shift, 0.0)
        if node.op in _DRAWS:
            return _drawn(node, scale, shift)
        if not node.inputs:
            return None
        if node.op in PASSING or node.op in ("Cast", "Reshape"):
            output = node.inputs[0]
            continue
        if node.op not in ("Add", "AddV2", "Sub", "Mul") or len(node.inputs) != 2:
            return None
        value, number = _with_number(node)
        if value is None or number is None:
            return None
        output = value
        if node.op == "Mul":
            scale *= number
        else:
            shift += scale * (-number if node.op == "Sub" else number)
    return None


def _with_number(node: Node) -> tuple[Output | None, float | None]:
    """The operand that is no number, and the other, which is."""
    for value, other in (node.inputs, node.inputs[::-1]):
        number = scalar(other)
        if number is not None:
            return value, number
        if node.op == "Sub":
            break
    return None, None


def _filled(output: Output) -> float | None:
    """The one number that all entries are."""
    node = output.node
    if node.op == "Fill" and len(node.inputs) == 2:
        return scalar(node.inputs[1])
    value = constant(output)
    if value is None:
        return _splat(node)
    first = value.ravel()[:1]
    return float(first[0]) if first.size and np.all(value == first[0]) else None


def _splat(node: Node) -> float | None:
    """Of a large constant that is stored as one number."""
    if node.op != "Const" or "value" not in node.attr:
        return None
    tensor = node.attr["value"].tensor
    numbers = list(tensor.float_val) or list(tensor.double_val)
    return float(numbers[0]) if len(numbers) == 1 and not tensor.tensor_content else None


def _drawn(node: Node, scale: float, shift: float) -> Initial:
    seeds = tuple(node.attr[key].i if key in node.attr else 0 for key in ("seed", "seed2"))
    mean, deviation = _DRAWS[node.op]
    seed = (seeds[0], seeds[1]) if any(seeds) else None
    return Initial(scale * mean + shift, abs(scale) * deviation, seed)

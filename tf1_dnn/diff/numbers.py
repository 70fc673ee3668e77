"""The numbers that both graphs get: variables' values, and what is fed."""

import os
import zlib
from typing import Any, Iterator, Mapping

import numpy as np

from tf1_dnn import checkpoint_index
from tf1_dnn.check.facts.shapes import shape_of
from tf1_dnn.check.graph import Graph, Node, Output, constant, walk
from tf1_dnn.check.graph.nodes import PASSING
from tf1_dnn.compat import tf
from tf1_dnn.diff.alignment import Aligned
from tf1_dnn.diff.matching import Matched
from tf1_dnn.diff.running import Values
from tf1_dnn.errors import Error, told

BATCH, LENGTH = 16, 5  # of dimensions that are not known: the first, and others
_SEED = 20180715
_LOOKUPS = ("Gather", "GatherV2", "ResourceGather")
_NEAR = 60


def restored_values(
    matched: Matched, checkpoint: str, new_checkpoint: str | None
) -> tuple[Values, Values]:
    """What checkpoints hold for each variable; the new one's is the old one's unless given.

    Raises Error for a checkpoint that cannot be read, or lacks a variable.
    """
    old = _reader(checkpoint)
    olds = {pair.old.name: old(pair.old.name) for pair in matched.pairs}
    if new_checkpoint is None:
        return olds, {pair.new.name: olds[pair.old.name] for pair in matched.pairs}
    new = _reader(new_checkpoint)
    return olds, {pair.new.name: new(pair.new.name) for pair in matched.pairs}


def _reader(prefix: str) -> Any:
    remedy = "give a checkpoint's prefix, without .index"
    with told(Error, f"cannot read the checkpoint {os.fspath(prefix)}", remedy, Exception):
        shapes = checkpoint_index.shapes(prefix)
        reader = tf.train.load_checkpoint(prefix)

    def value(name: str) -> np.ndarray:
        if name not in shapes:
            raise Error(f"the checkpoint {prefix} has no variable {name}: give the one that fits.")
        return reader.get_tensor(name)

    return value


def drawn_values(graph: Graph, matched: Matched) -> tuple[Values, Values]:
    """The same values for each pair of variables, by the old one's name and shape.

    Kernels are N(0, 1 / fan-in), so that no activation explodes; variances and gammas are positive.
    """
    olds, news = {}, {}
    for pair in matched.pairs:
        dims = shape_of(graph, pair.old.output)
        if dims is None or None in dims:
            continue
        dtypes = [tf.as_dtype(each.node.attr["dtype"].type).as_numpy_dtype for each in pair]
        if not all(np.issubdtype(each, np.floating) for each in dtypes):
            continue
        value = _value(pair.old.name, [dim or 0 for dim in dims])
        olds[pair.old.name], news[pair.new.name] = (value.astype(each) for each in dtypes)
    return olds, news


def _value(name: str, size: list[int]) -> np.ndarray:
    state = np.random.RandomState((_SEED + zlib.crc32(name.encode())) % 2**32)
    last = name.rpartition("/")[2].lower()
    if "var" in last or "gamma" in last:
        return state.uniform(0.5, 1.5, size)
    fan_in = np.prod(size[:-1]) if len(size) > 1 else 100
    return state.standard_normal(size) / np.sqrt(max(fan_in, 1))


def feeds(old: Graph, new: Graph, aligned: Aligned, given: Mapping[str, Any]) -> list[Values]:
    """What is fed to each, by tensors' names: what is given by placeholders' names, or drawn.

    Raises Error for a name that is no placeholder of either, and for an array that does not fit.
    """
    state = np.random.RandomState(_SEED)
    paired = [node for pair in aligned.placeholders for node in pair]
    alone = [(graph, node) for graph, node in aligned.lone_placeholders(old, new)]
    names = {node.name for node in paired} | {node.name for _, node in alone}
    for name in given:
        if name not in names:
            known = ", ".join(sorted(names)) or "none"
            raise Error(f"--feed names {name}, which is no placeholder: there are {known}.")
    fed: list[Values] = [{}, {}]
    for a, b in aligned.placeholders:
        value = given[a.name] if a.name in given else given.get(b.name)
        value = _drawn(old, a, state) if value is None else _fitting(old, a, value)
        for values, node in zip(fed, (a, b)):
            if value is not None:
                values[f"{node.name}:0"] = value.astype(_dtype(node))
    for graph, node in alone:
        value = given.get(node.name)
        value = _drawn(graph, node, state) if value is None else _fitting(graph, node, value)
        if value is not None:
            fed[graph is new][f"{node.name}:0"] = value
    return fed


def _fitting(graph: Graph, placeholder: Node, value: Any) -> np.ndarray:
    value = np.asarray(value)
    dims = shape_of(graph, Output(placeholder, 0))
    fits = dims is None or (
        len(dims) == value.ndim and all(a in (None, b) for a, b in zip(dims, value.shape))
    )
    if not fits:
        wanted = ", ".join("any" if dim is None else str(dim) for dim in dims or ())
        raise Error(
            f"--feed gives {placeholder.name} an array of shape {list(value.shape)}: "
            f"give one of [{wanted}]."
        )
    return value.astype(_dtype(placeholder))


def _dtype(placeholder: Node) -> Any:
    return tf.as_dtype(placeholder.attr["dtype"].type).as_numpy_dtype


def _drawn(graph: Graph, placeholder: Node, state: np.random.RandomState) -> np.ndarray | None:
    """Numbers that fit; None for what need not be fed, or cannot be drawn."""
    dtype = _dtype(placeholder)
    if dtype is np.bool_:
        return np.asarray(False)
    if placeholder.op == "PlaceholderWithDefault":
        return None
    dims = shape_of(graph, Output(placeholder, 0))
    if np.issubdtype(dtype, np.integer):
        low, high = _bounds(graph, placeholder)
        return state.randint(low, high, _sizes(placeholder, dims)).astype(dtype)
    if not np.issubdtype(dtype, np.floating):
        return None
    share = kept_share(placeholder)
    if dims == () or (dims is None and share is not None):
        return np.asarray(0.1 if share is None else share, dtype)
    value = state.uniform(0, 1, _sizes(placeholder, dims))
    is_label = any(user.op == "SoftmaxCrossEntropyWithLogits" for user in _near(placeholder))
    return (value / value.sum(axis=-1, keepdims=True) if is_label else value).astype(dtype)


def kept_share(placeholder: Node) -> float | None:
    """What a placeholder for dropout's probability is in inference; None for other placeholders."""
    name = placeholder.name.lower()
    if "keep" in name:
        return 1.0
    return 0.0 if "drop" in name else None


def _sizes(placeholder: Node, dims: tuple[int | None, ...] | None) -> list[int]:
    if dims is None:
        return [BATCH]
    is_keras = placeholder.name.endswith("_target")  # Keras leaves open what is 1
    unknown = [BATCH] + [1 if is_keras else LENGTH] * len(dims)
    return [other if dim is None else dim for dim, other in zip(dims, unknown)]


def _near(placeholder: Node) -> Iterator[Node]:
    """The ops that take a placeholder, through what passes it on or changes its form."""
    through = PASSING | {"Cast", "Reshape", "Squeeze", "ExpandDims", "Transpose"}
    nodes = walk(
        [placeholder],
        Node.data_users,
        stop=lambda node: node.op not in through and node is not placeholder,
        most=_NEAR,
    )
    return (node for node in nodes if node is not placeholder)


def _bounds(graph: Graph, placeholder: Node) -> tuple[int, int]:
    """The lowest integer and one above the highest: of classes, rows of a table, a one-hot's depth.

    Where nothing tells, all are 1: a length, a number of steps.
    """
    bounds = []
    for node in _near(placeholder):
        is_lookup = node.op in _LOOKUPS
        if is_lookup or node.op == "SparseSoftmaxCrossEntropyWithLogits":
            dims = shape_of(graph, node.inputs[0])
            bounds.append(dims[0 if is_lookup else -1] if dims else None)
        if node.op == "OneHot" and len(node.inputs) > 1:
            depth = constant(node.inputs[1])
            bounds.append(None if depth is None else int(depth))
    known = [each for each in bounds if each]
    return (0, min(known)) if known else (1, 2)

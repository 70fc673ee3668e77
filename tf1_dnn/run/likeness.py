"""Whether the graph built here is one that was saved: which ops and which seeds differ.

Ops of the same name are compared in type, inputs and attributes. TensorFlow itself builds some ops
otherwise than it did, above all in gradients; so what the program decides is told first: seeds,
variables, placeholders, optimizers.
"""

import enum
import os
import re
import zlib
from typing import Any, Iterator, NamedTuple

import numpy as np
from tensorboard.compat.proto import types_pb2
from tensorboard.util import tensor_util

from tf1_dnn import cli
from tf1_dnn.check import load_graph

# What TensorFlow 2.21 builds in the place of 1.12's and 1.15's ops, under their names.
SUCCESSORS = {
    "Add": "AddV2",
    "BatchMatMul": "BatchMatMulV2",
    "FusedBatchNorm": "FusedBatchNormV3",
    "FusedBatchNormV2": "FusedBatchNormV3",
    "MatrixDiag": "MatrixDiagV3",
    "Select": "SelectV2",
}
_SEEDS = ("seed", "seed2")
_FOR_PEOPLE = ("message",)  # attributes that change nothing
_DECIDED = re.compile(r"(Variable(V2)?|VarHandleOp|Placeholder\w*|(Resource)?(Sparse)?Apply\w+)$")
_BACKWARD = re.compile(r"(^|/)gradients(_\d+)?/|_grad/")
_MOST_ROWS = 10
_LONGEST = 60  # letters of a name in a table
_WIDEST = 40  # and of its other cells
_FEW = 4  # numbers of a constant


class Rank(enum.IntEnum):
    """What a difference is about, the most telling first."""

    SEED = 0
    DECIDED = 1  # a variable, a placeholder, an optimizer's op
    OTHER = 2
    GRADIENT = 3


class Difference(NamedTuple):
    """Something of one op that is not the same."""

    rank: Rank
    op: str  # its name
    what: str  # "op", "inputs", or an attribute, such as "seed2"
    there: str  # in the saved graph
    here: str

    @property
    def row(self) -> list[str]:
        """For a table; of a long name the end is shown, of a long value the beginning."""
        name = self.op if len(self.op) <= _LONGEST else f"…{self.op[-_LONGEST:]}"
        return [
            name,
            *(cell if len(cell) <= _WIDEST else f"{cell[:_WIDEST]}…" for cell in self[2:]),
        ]


class Saved(NamedTuple):
    """A saved graph."""

    path: str
    nodes: dict[str, Any]  # NodeDefs by name, in the order in which they were made


class Likeness(NamedTuple):
    """How the graph built here compares with the saved one."""

    differences: list[Difference]  # the most telling first
    n_later: int  # ops that were added here behind the last one of the saved graph

    def count(self, *ranks: Rank) -> int:
        """How many ops differ in something of these ranks."""
        return len({each.op for each in self.differences if each.rank in ranks})


def read(path: str) -> Saved:
    """The graph at a path, wherever `check` finds one. GraphError if it finds none."""
    meta = f"{path}.meta"  # of a checkpoint, whose variables do not matter here
    return Saved(path, _nodes(meta if os.path.isfile(meta) else path))


def report(saved: Saved, graphs: list[Any]) -> str:
    """A line or a table on the tf.Graph that is most like the saved graph."""
    if not graphs:
        return f"--like {saved.path}: the program built no graph"
    found = [compare(saved.nodes, _nodes(graph)) for graph in graphs]
    likeness = min(found, key=lambda each: [each.count(rank) for rank in Rank])
    lines = [f"--like {saved.path}: {_verdict(likeness, saved)}"]
    rows = [each.row for each in likeness.differences if each.rank < Rank.GRADIENT]
    if rows:
        lines.append(cli.table([["op", "what", "saved", "here"], *rows[:_MOST_ROWS]], left=4))
    if len(rows) > _MOST_ROWS:
        lines.append(f"… and {len(rows) - _MOST_ROWS} more")
    return "\n".join(line.rstrip() for text in lines for line in text.splitlines())


def _verdict(likeness: Likeness, saved: Saved) -> str:
    n_ops, n_seeds = len(saved.nodes), sum(map(_is_seeded, saved.nodes.values()))
    seeds = f"{n_seeds} seed{'s' * (n_seeds != 1)}"
    n_differ = likeness.count(Rank.DECIDED, Rank.OTHER)
    if likeness.count(Rank.SEED, Rank.DECIDED):
        n_other_seeds = likeness.count(Rank.SEED)
        counts = [f"{n_other_seeds} of {seeds}"] * bool(n_other_seeds)
        counts += [f"{n_differ} of {n_ops} ops"] * bool(n_differ)
        said = f"another graph: {' and '.join(counts)} differ{_s(n_other_seeds + n_differ)}"
    elif n_differ:
        said = f"the same {seeds}, variables, placeholders and optimizers; {n_differ} of {n_ops} "
        said += f"ops differ{_s(n_differ)}"
    else:
        said = f"the same graph: {n_ops} ops, {seeds}"
    if likeness.count(Rank.GRADIENT):
        said += f"; in gradients, as TensorFlow builds them, {likeness.count(Rank.GRADIENT)} differ"
    return said + (f"; {likeness.n_later} ops were added later" if likeness.n_later else "")


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def compare(there: dict[str, Any], here: dict[str, Any]) -> Likeness:
    """What differs between a saved graph's NodeDefs and those of the graph built here."""
    differences = [each for node in there.values() for each in _of_op(node, here.get(node.name))]
    names = list(here)
    end = max((index for index, name in enumerate(names, 1) if name in there), default=len(names))
    new = [name for name in names[:end] if name not in there]
    differences += [Difference(_rank(here[name]), name, "op", "", here[name].op) for name in new]
    return Likeness(sorted(differences, key=lambda each: each.rank), len(names) - end)


def _nodes(graph: Any) -> dict[str, Any]:
    return {node.name: node for node in load_graph(graph).meta.graph_def.node}


def _rank(node: Any) -> Rank:
    """What an op is that is in one of the graphs alone, or of another type."""
    if _is_seeded(node):
        return Rank.SEED
    if _DECIDED.match(node.op):
        return Rank.DECIDED
    return Rank.GRADIENT if _BACKWARD.search(node.name) else Rank.OTHER


def _is_seeded(node: Any) -> bool:
    return any(_integer(node, key) for key in _SEEDS)


def _integer(node: Any, key: str) -> int:
    """An attribute; 0 where there is none, as where defaults were stripped."""
    return int(node.attr[key].i) if key in node.attr else 0


def _of_op(there: Any, here: Any) -> Iterator[Difference]:
    """What differs in an op of the saved graph; `here` is None where there is none."""
    if here is None or _type(there) != _type(here):
        yield Difference(_rank(there), there.name, "op", there.op, here.op if here else "")
        return
    of_op = _rank(there) if _DECIDED.match(there.op) or _BACKWARD.search(there.name) else Rank.OTHER
    saved, built = _inputs(there), _inputs(here)
    if saved != built:
        lost = [name for name in saved if name not in built]
        new = [name for name in built if name not in saved]
        are_gradients = bool(lost or new) and all(map(_BACKWARD.search, lost + new))
        cells = ", ".join(lost or saved), ", ".join(new or built)
        yield Difference(Rank.GRADIENT if are_gradients else of_op, there.name, "inputs", *cells)
    for key in _SEEDS:
        cells = str(_integer(there, key)), str(_integer(here, key))
        if cells[0] != cells[1]:
            yield Difference(Rank.SEED, there.name, key, *cells)
    for key in sorted(set(there.attr).intersection(here.attr).difference(_SEEDS, _FOR_PEOPLE)):
        cells = _shown(there.attr[key]), _shown(here.attr[key])
        if cells[0] != cells[1] and not key.startswith("_"):
            yield Difference(of_op, there.name, key, *cells)


def _type(node: Any) -> str:
    return SUCCESSORS.get(node.op, node.op)


def _inputs(node: Any) -> list[str]:
    """Data inputs in their order, then control inputs, which have none."""
    data = [name.removesuffix(":0") for name in node.input if not name.startswith("^")]
    return data + sorted(name for name in node.input if name.startswith("^"))


def _shown(attr: Any) -> str:
    """An attribute's value in words that are the same for the same value; functions have none."""
    kind = attr.WhichOneof("value")
    if kind == "tensor":
        return _array_shown(attr.tensor)
    if kind == "type":
        return types_pb2.DataType.Name(attr.type).removeprefix("DT_").lower()
    if kind == "shape":
        return "any" if attr.shape.unknown_rank else str([dim.size for dim in attr.shape.dim])
    if kind in ("func", "list", None):
        return "" if kind == "func" else " ".join(str(attr).split())
    return f"{attr.f:g}" if kind == "f" else str(getattr(attr, kind))


def _array_shown(tensor: Any) -> str:
    """A constant's numbers; of many the first, and a checksum of all."""
    try:
        array = np.asarray(tensor_util.make_ndarray(tensor))
    except (TypeError, ValueError, KeyError):
        return " ".join(str(tensor).split())
    first = f"{array.dtype} {list(array.shape)} {', '.join(map(str, array.ravel()[:_FEW]))}"
    if array.size <= _FEW:
        return first.replace(" [] ", " ")
    digest = zlib.crc32(array.tobytes() if array.dtype != object else repr(array.tolist()).encode())
    return f"{first}, … ({digest:08x})"

"""GraphView: what the rules ask of a graph."""

from __future__ import annotations

import functools
from typing import Any, Callable, Iterable, Sequence

import numpy as np

from tf1_dnn.check import constants, protos, variables
from tf1_dnn.check.batch_norms import BatchNorms, find_batch_norms
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.link import link
from tf1_dnn.check.nodes import PASSING, Node, Output
from tf1_dnn.check.training import Training, find_training
from tf1_dnn.check.variables import Variable

_SIDE_INPUTS = {"Reshape": 1, "ExpandDims": 1, "Switch": 1, "RefSwitch": 1}  # are no values


class GraphView:
    """An index over a MetaGraphDef; nothing is run, and no op need be known.

    Args:
      meta: a MetaGraphDef of tensorboard.compat.proto; of a bare GraphDef, one that holds it.
      train_ops: what a step fetches, one entry per kind of step (a GAN has two): names of ops or
        of collections, joined by commas. By default train ops are looked for.
      saved_names: the names in the graph's checkpoint, where one was given.
    """

    def __init__(
        self,
        meta: Any,
        train_ops: Sequence[str] = (),
        saved_names: frozenset[str] | None = None,
    ) -> None:
        self.meta = meta
        self.saved_names = saved_names
        self.nodes: dict[str, Node] = link(meta.graph_def)
        self._by_op: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            self._by_op.setdefault(node.op, []).append(node)
        self.conditions: dict[Node, Node | None] = {}  # what predicates.condition_of has found
        self._variables = variables.find_variables(self)
        self.training: Training = find_training(self, train_ops)

    def of_type(self, *ops: str) -> list[Node]:
        """The nodes of these op types, in the graph's order within each."""
        return [node for op in ops for node in self._by_op.get(op, ())]

    def matching(self, accepts: Callable[[str], Any]) -> list[Node]:
        """The nodes whose op type is accepted, say by `re.compile(...).match`."""
        return self.of_type(*(op for op in self._by_op if accepts(op)))

    def node(self, name: str) -> Node:
        """The op of this name, or of the tensor of this name ("add:0"); GraphError if none is."""
        found = self.nodes.get(name) or self.nodes.get(name.split(":")[0].lstrip("^"))
        if found is None:
            raise GraphError(f"the graph has no op named {name[:200]!r}.")
        return found

    def collection(self, key: str) -> list[Node]:
        """The ops of a collection, of variables the variables' own; [] if there is none."""
        names = protos.collection_names(self.meta, key)
        return [self.nodes[name] for name in names if name in self.nodes]

    @property
    def variables(self) -> list[Variable]:
        """All variables, in the graph's order."""
        return list(self._variables.all)

    def variable_of(self, output: Output) -> Variable | None:
        """The variable whose reference or resource handle this is."""
        return self._variables.by_reference.get(output.node)

    def read_by(self, node: Node) -> Variable | None:
        """The variable that this Identity or ReadVariableOp reads."""
        return self._variables.by_read.get(node)

    def variable_read(self, output: Output) -> Variable | None:
        """The variable whose value this is, as read or passed on; of several the first found."""
        for origin in self.origins(output, PASSING):
            found = self._variables.by_read.get(origin.node) or self.variable_of(origin)
            if found:
                return found
        return None

    def origins(
        self, output: Output, through: frozenset[str] = PASSING, limit: int = 1000
    ) -> list[Output]:
        """Where the values come from, back through ops that pass them on, Merge's branches both.

        A variable's read (Identity or ReadVariableOp) is an origin.
        """
        found, seen, waiting = [], {output}, [output]
        while waiting and len(seen) < limit:
            output = waiting.pop()
            node = output.node
            if node.op not in through or not node.inputs or node in self._variables.by_read:
                found.append(output)
                continue
            sources = node.inputs[: _SIDE_INPUTS.get(node.op)]
            if node.op == "IdentityN":
                sources = node.inputs[output.index : output.index + 1]
            new = [source for source in reversed(sources) if source not in seen]
            seen.update(new)
            waiting += new
        return found

    def ancestors(
        self,
        nodes: Iterable[Node],
        *,
        control: bool = True,
        stop: Callable[[Node], Any] | None = None,
    ) -> set[Node]:
        """The nodes and all they depend on; not beyond nodes that `stop` holds for."""
        return _closure(nodes, _sources if control else _data_sources, stop)

    def descendants(
        self,
        nodes: Iterable[Node],
        *,
        control: bool = True,
        stop: Callable[[Node], Any] | None = None,
    ) -> set[Node]:
        """The nodes and all that depends on them; not beyond nodes that `stop` holds for."""
        return _closure(nodes, _users if control else _data_users, stop)

    def constant(self, output: Output) -> np.ndarray | None:
        """The value of a small number or array, folded through simple ops; None if it is none."""
        return constants.number(output)

    def shape(self, output: Output) -> tuple[int | None, ...] | None:
        """The static shape as far as the graph tells it, None for unknown rank."""
        return constants.shape(output)

    @functools.cached_property
    def batch_norms(self) -> BatchNorms:
        """The batch normalizations and their moving averages."""
        return find_batch_norms(self)

    @functools.cached_property
    def has_collections(self) -> bool:
        """Whether collections came with the graph; a bare GraphDef has none."""
        return bool(self.meta.collection_def)


def _sources(node: Node) -> list[Node]:
    return [source for source, _ in node.inputs] + node.controls


def _data_sources(node: Node) -> list[Node]:
    return [source for source, _ in node.inputs]


def _users(node: Node) -> list[Node]:
    return node.consumers + node.control_consumers


def _data_users(node: Node) -> list[Node]:
    return node.consumers


def _closure(
    nodes: Iterable[Node],
    neighbours: Callable[[Node], list[Node]],
    stop: Callable[[Node], Any] | None,
) -> set[Node]:
    seen = set(nodes)
    waiting = list(seen)
    while waiting:
        node = waiting.pop()
        if stop is not None and stop(node):
            continue
        for other in neighbours(node):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen

"""graph: a TensorFlow 1 graph as linked nodes, and the ways through it; it knows no facts.

What a variable, a batch norm or a training step is, is found on top: tf1_dnn.check.facts.
"""

import functools
from typing import Any, Callable, Concatenate, Iterable, ParamSpec, Sequence, TypeVar

from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.graph.constants import constant, scalar, shape, strings
from tf1_dnn.check.graph.linking import link
from tf1_dnn.check.graph.nodes import Node, Output, operands
from tf1_dnn.check.graph.walks import ancestors, chain, descendants, fold, walk
from tf1_dnn.check.graph.watched import Run, Watched
from tf1_dnn.check.read.messages import collection_names

__all__ = ["Graph", "Node", "Output", "fact", "operands", "constant", "scalar", "shape", "strings"]
__all__ += ["ancestors", "chain", "descendants", "fold", "walk", "Run", "Watched"]
P = ParamSpec("P")
T = TypeVar("T")


class Graph:
    """The ops of a MetaGraphDef, linked, and what came with them; nothing is run.

    No op need be known, and none is changed once it is linked.

    Args:
      meta: a MetaGraphDef of tensorboard.compat.proto; of a bare GraphDef, one that holds it.
      train_ops: what the user says a step fetches, one entry per kind of step (a GAN has two):
        names of ops or of collections, joined by commas.
      saved_names: the names in the graph's checkpoint, where one was given.
      watched: what sessions ran of it, where its program was watched.

    Raises:
      GraphError: names that clash, inputs that dangle, or too many ops.
    """

    def __init__(
        self,
        meta: Any,
        train_ops: Sequence[str] = (),
        saved_names: frozenset[str] | None = None,
        watched: Watched | None = None,
    ) -> None:
        self.meta = meta
        self.train_ops = tuple(train_ops)
        self.saved_names = saved_names
        self.watched = watched
        self.nodes: dict[str, Node] = link(meta.graph_def)
        self.known: dict[Any, Any] = {}  # what functions marked as facts have found
        self._by_op: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            self._by_op.setdefault(node.op, []).append(node)

    def of_type(self, *ops: str) -> list[Node]:
        """The nodes of these op types, in the graph's order within each."""
        return [node for op in ops for node in self._by_op.get(op, ())]

    def matching(self, accepts: Callable[[str], Any]) -> list[Node]:
        """The nodes whose op type is accepted, say by `re.compile(...).match`."""
        return self.of_type(*(op for op in self._by_op if accepts(op)))

    def named(self, names: Iterable[str]) -> list[Node]:
        """The ops of these names; names that are not in the graph are left out."""
        return [self.nodes[name] for name in names if name in self.nodes]

    def node(self, name: str) -> Node:
        """The op of this name, or of the tensor of this name ("add:0"); GraphError if none is."""
        found = self.nodes.get(name) or self.nodes.get(name.split(":")[0].lstrip("^"))
        if found is None:
            raise GraphError(f"the graph has no op named {name[:200]!r}.")
        return found

    def collection(self, key: str) -> list[Node]:
        """The ops of a collection, of variables the variables' own; [] if there is none."""
        return self.named(collection_names(self.meta, key))

    @property
    def has_collections(self) -> bool:
        """Whether collections came with the graph; a bare GraphDef has none."""
        return bool(self.meta.collection_def)


def fact(find: Callable[Concatenate[Graph, P], T]) -> Callable[Concatenate[Graph, P], T]:
    """Mark a function of a graph (and of hashable arguments): the graph keeps what it returns.

    A fact changes neither the graph nor another fact.
    """

    @functools.wraps(find)
    def found(graph: Graph, *args: P.args, **kwargs: P.kwargs) -> T:
        key = find, args, *kwargs.items()
        if key not in graph.known:
            graph.known[key] = find(graph, *args, **kwargs)
        return graph.known[key]

    return found

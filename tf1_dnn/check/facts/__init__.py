"""facts: what is true of a graph, each found once: `variables(graph)`, `batch_norms(graph)`, …"""

from __future__ import annotations

import functools
from typing import Callable, Concatenate, ParamSpec, TypeVar

from tf1_dnn.check.graph import Graph

P = ParamSpec("P")
T = TypeVar("T")


def fact(find: Callable[Concatenate[Graph, P], T]) -> Callable[Concatenate[Graph, P], T]:
    """Mark a function of a graph (and of hashable arguments): the graph keeps what it returns.

    A fact changes neither the graph nor another fact.
    """

    @functools.wraps(find)
    def found(graph: Graph, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (find, *args)
        if key not in graph.known:
            graph.known[key] = find(graph, *args, **kwargs)
        return graph.known[key]

    return found

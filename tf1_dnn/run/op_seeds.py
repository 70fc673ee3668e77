"""TensorFlow 1's rule for op seeds: a random op without a seed of its own takes the graph's size.

TensorFlow 1 gave such an op the number of ops built before it in its graph; TensorFlow 2 counts
0, 1, 2. With the old rule put back, a graph that is built as it was starts from its old weights.
"""

from typing import Any

from tf1_dnn.run.compositions import n_uncounted


class GraphSizes:
    """Stands where TensorFlow 2 keeps how many seeds each graph has given out."""

    def setdefault(self, graph: Any, _: int) -> int:
        """The op seed that is next in this graph."""
        return n_ops(graph)

    def __getitem__(self, graph: Any) -> int:
        return n_ops(graph)

    def __setitem__(self, graph: Any, _: int) -> None:
        """Nothing to count: the graph itself is the counter."""


def restore() -> None:
    """Put TensorFlow 1's rule back, for every op of this process that draws random numbers."""
    from tensorflow.python.framework import random_seed

    random_seed._graph_to_seed_dict = GraphSizes()


def n_ops(graph: Any) -> int:
    """How many ops TensorFlow 1 would have built in this graph by now."""
    return int(graph.version) - n_uncounted(graph)

"""TensorFlow 1's rule for op seeds: a random op without a seed of its own takes the graph's size.

TensorFlow 1 gave such an op the number of ops built before it in its graph; TensorFlow 2 counts
0, 1, 2. With the old rule put back, a graph that is built as it was starts from its old weights.
"""

from typing import Any

_MAX_INT32 = 2**31 - 1


def restore() -> None:
    """Put TensorFlow 1's rule back, for every op of this process that draws random numbers."""
    from tensorflow.python.eager import context
    from tensorflow.python.framework import ops, random_seed

    todays = random_seed.get_seed

    def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
        graph = None if context.executing_eagerly() else ops.get_default_graph()
        if graph is not None and graph.seed is not None and op_seed is None:
            op_seed = n_ops(graph)
            if hasattr(graph, "_seed_used"):  # tf.data asks its functions for this
                graph._seed_used = True
        return todays(op_seed)

    random_seed.get_seed = get_seed


def n_ops(graph: Any) -> int:
    """How many ops TensorFlow 1 would have built in this graph by now."""
    return int(graph.version)

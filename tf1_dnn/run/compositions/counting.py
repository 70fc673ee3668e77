"""Ops that are built and do not count: TensorFlow 1 did not build them."""

import functools
import weakref
from typing import Any, Callable

_uncounted: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()


def uncounted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose ops do not make a graph larger in the eyes of `n_uncounted`."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        from tensorflow.python.framework import ops

        graph = ops.get_default_graph()
        before, uncounted_before = graph.version, n_uncounted(graph)
        result = function(*args, **kwargs)
        built = graph.get_operations()[before:]
        # The gradient of a loop has one of these in any case, before the first op that needs it.
        n = sum(op.type != "ControlTrigger" for op in built)
        _uncounted[graph] = uncounted_before + n  # whatever uncounted functions it called
        return result

    return call


def n_uncounted(graph: Any) -> int:
    """How many ops of this graph TensorFlow 1 would not have built."""
    return _uncounted.get(graph, 0)

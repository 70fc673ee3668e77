"""Gradients of ops that broadcast, summed back to their inputs' shapes as in TensorFlow 1.

TensorFlow 2 leaves out a sum where static shapes show that it does nothing. TensorFlow 1 left it
out only between two fully known shapes, and only for additions, products, powers and differences.
"""

import functools
import weakref
from typing import Any, Callable, NamedTuple

# Gradients that always took the shapes at run time.
AT_RUN_TIME = ("Atan2", "Complex", "Div", "DivNoNan", "FloorMod", "MulNoNan", "RealDiv")

_at_run_time = False
_known_axes: weakref.WeakKeyDictionary[Any, dict[Any, Any]] = weakref.WeakKeyDictionary()


class Reduction(NamedTuple):
    """What brings a gradient back to the shape of one of an op's two inputs."""

    shape: Any
    axes: Any
    needed: bool


def restore() -> None:
    """Restore the gradients of +, -, *, /, %, ** and their like."""
    from tensorflow.python.ops import math_grad

    from tf1_dnn.run.compositions import replace

    math_grad._ReduceGradientArgs = _reduce_both(math_grad._ReduceGradientArgs)
    for op_type in AT_RUN_TIME:
        replace.gradient(op_type, shapes_at_run_time)


def shapes_at_run_time(todays: Callable[..., Any]) -> Callable[..., Any]:
    """The gradient function, with nothing left out for what static shapes show."""

    @functools.wraps(todays)
    def gradient(op: Any, *grads: Any) -> Any:
        global _at_run_time
        _at_run_time, outer = True, _at_run_time
        try:
            return todays(op, *grads)
        finally:
            _at_run_time = outer

    return gradient


def _reduce_both(todays: Callable[..., Any]) -> Callable[..., Any]:
    def reduce_gradients(x: Any, y: Any, gx: Any, gy: Any) -> Any:
        from tensorflow.python.eager import context

        if context.executing_eagerly() or (gx is None and gy is None):
            return todays(x, y, gx, gy)
        for_x, for_y = reductions(x, y, gy if gx is None else gx)
        return _reduced(gx, for_x), _reduced(gy, for_y)

    return reduce_gradients


def reductions(x: Any, y: Any, grad: Any) -> tuple[Reduction, Reduction]:
    """How `grad`, of an op that broadcasts x and y, is summed back for each of them."""
    from tensorflow.python.ops import array_ops, gen_array_ops

    known = x.shape.is_fully_defined() and y.shape.is_fully_defined()
    if known and not _at_run_time:
        shapes = tuple(x.shape.as_list()), tuple(y.shape.as_list())
        grad_shape = grad._shape_tuple()
        for_x, for_y = _axes_of_known_shapes(*shapes)
        return (
            Reduction(shapes[0], for_x, shapes[0] != grad_shape),
            Reduction(shapes[1], for_y, shapes[1] != grad_shape),
        )
    folded = _at_run_time  # whether the shape of a known tensor is a constant
    shape_x, shape_y = (array_ops.shape_internal(t, optimize=folded) for t in (x, y))
    for_x, for_y = gen_array_ops.broadcast_gradient_args(shape_x, shape_y)
    return Reduction(shape_x, for_x, True), Reduction(shape_y, for_y, True)


def _axes_of_known_shapes(*shapes: tuple[int, ...]) -> Any:
    """The axes to sum over, which a graph computes once for each pair of shapes."""
    import numpy as np
    from tensorflow.python.framework import ops, tensor_util
    from tensorflow.python.ops import gen_array_ops

    known = _known_axes.setdefault(ops.get_default_graph(), {})
    if shapes not in known:
        axes = gen_array_ops.broadcast_gradient_args(*(np.array(s, np.int32) for s in shapes))
        known[shapes] = [tuple(tensor_util.try_evaluate_constant(a)) for a in axes]
    return known[shapes]


def _reduced(grad: Any, reduction: Reduction) -> Any:
    import numpy as np
    from tensorflow.python.ops import array_ops, math_ops

    if grad is None or not reduction.needed:
        return grad
    shape, axes = reduction.shape, reduction.axes
    if isinstance(shape, tuple):
        shape, axes = (np.array(numbers, np.int32) for numbers in (shape, axes))
    return array_ops.reshape(math_ops.reduce_sum(grad, axes), shape)

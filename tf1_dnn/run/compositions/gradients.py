"""Gradients of reductions, slices, look-ups and losses, as TensorFlow 1 composed them."""

import functools
from typing import Any, Callable

from tf1_dnn.run.compositions import replace

Gradient = Callable[..., Any]


def restore() -> None:
    """Restore the gradient functions whose ops are others today."""
    from tensorflow.python.ops import math_ops

    math_ops.reduced_shape = _reduced_shape(math_ops.reduced_shape)
    makers = {
        "Sum": _sum,
        "Mean": _mean,
        "Maximum": _selected("greater_equal"),
        "Minimum": _selected("less_equal"),
        "Gather": _gather,
        "GatherV2": _gather,
        "BatchMatMulV2": _batch_matmul,
        "FusedBatchNormV3": _fused_batch_norm,
    }
    for op_type, make in makers.items():
        replace.gradient(op_type, make)
    rebuilt: dict[str, Gradient] = {
        "Max": extreme,
        "Min": extreme,
        "Sign": sign,
        "SelectV2": select,
        "StridedSlice": strided_slice,
        "SparseSoftmaxCrossEntropyWithLogits": sparse_softmax_cross_entropy,
    }
    for op_type, function in rebuilt.items():
        replace.gradient(op_type, functools.partial(_instead, function))


def _instead(new: Gradient, _: Gradient) -> Gradient:
    return new


@replace.in_graphs
def _reduced_shape(_: Callable[..., Any]) -> Callable[..., Any]:
    def reduced_shape(input_shape: Any, axes: Any) -> Any:
        """The shape after a reduction that keeps its axes, computed in the graph."""
        import tensorflow.compat.v1 as tf

        input_shape, axes = tf.cast(input_shape, tf.int32), tf.cast(axes, tf.int32)
        rank = tf.size(input_shape)
        axes = (axes + rank) % rank
        kept = tf.fill(tf.shape(axes), 1)
        return tf.dynamic_stitch([tf.range(rank), axes], [input_shape, kept])

    return reduced_shape


def _tiles(shape: Any, kept: Any) -> Any:
    """How often a tensor of shape `kept` is repeated to fill `shape`."""
    import tensorflow.compat.v1 as tf

    return shape // tf.maximum(kept, 1)


def _sum(todays: Gradient) -> Gradient:
    def gradient(op: Any, grad: Any) -> Any:
        import numpy as np
        import tensorflow.compat.v1 as tf
        from tensorflow.python.framework import tensor_util
        from tensorflow.python.ops import math_ops

        x, axes = op.inputs
        known = tensor_util.constant_value(axes)
        if known is not None and x.shape.rank is not None:
            whole = np.array_equal(known, np.arange(x.shape.rank))
            if whole or x.shape.is_fully_defined():
                return todays(op, grad)
        shape = tf.shape(x)
        kept = math_ops.reduced_shape(shape, axes)
        tiles = _tiles(shape, kept)
        return [tf.tile(tf.reshape(grad, kept), tiles), None]

    return gradient


def _mean(_: Gradient) -> Gradient:
    def gradient(op: Any, grad: Any) -> Any:
        import numpy as np
        import tensorflow.compat.v1 as tf
        from tensorflow.python.ops import math_grad

        total = _sum(math_grad._SumGrad)(op, grad)[0]
        x, y = op.inputs[0], op.outputs[0]
        if x.shape.is_fully_defined() and y.shape.is_fully_defined():
            n = int(np.prod(x.shape.as_list())) // max(int(np.prod(y.shape.as_list())), 1)
            factor = tf.constant(n, total.dtype)
        else:
            x_shape, y_shape = tf.shape(x), tf.shape(y)
            factor = _tiles(tf.reduce_prod(x_shape), tf.reduce_prod(y_shape))
        return tf.truediv(total, tf.cast(factor, total.dtype)), None

    return gradient


def extreme(op: Any, grad: Any) -> Any:
    """Of the largest or smallest element: shared by all that are equal to it."""
    import tensorflow.compat.v1 as tf
    from tensorflow.python.ops import math_ops

    x, axes = op.inputs
    kept = math_ops.reduced_shape(tf.shape(x), axes)
    y, grad = tf.reshape(op.outputs[0], kept), tf.reshape(grad, kept)
    chosen = tf.cast(tf.equal(y, x), grad.dtype)
    n_chosen = tf.reshape(tf.reduce_sum(chosen, axes), kept)
    return [tf.divide(chosen, n_chosen) * grad, None]


def _selected(comparison: str) -> Callable[[Gradient], Gradient]:
    """Of the larger or smaller of two: the gradient of whichever was taken."""

    def gradient(op: Any, grad: Any) -> Any:
        import tensorflow.compat.v1 as tf
        from tensorflow.python.ops import gen_array_ops

        x, y = op.inputs
        shapes = tf.shape(x), tf.shape(y)
        zeros = tf.zeros(tf.shape(grad), grad.dtype)
        taken = getattr(tf, comparison)(x, y)
        axes = gen_array_ops.broadcast_gradient_args(*shapes)
        grads = tf.where(taken, grad, zeros), tf.where(taken, zeros, grad)
        return tuple(
            tf.reshape(tf.reduce_sum(g, a), shape) for g, a, shape in zip(grads, axes, shapes)
        )

    return lambda _: gradient


def select(op: Any, grad: Any) -> Any:
    """Of tf.where_v2."""
    import tensorflow.compat.v1 as tf
    from tensorflow.python.ops import gen_array_ops

    condition, x, y = op.inputs
    zeros = tf.zeros([], grad.dtype.base_dtype)
    x_shape, shape, y_shape = tf.shape(x), tf.shape(op.outputs[0]), tf.shape(y)
    axes_x, _ = gen_array_ops.broadcast_gradient_args(x_shape, shape)
    axes_y, _ = gen_array_ops.broadcast_gradient_args(y_shape, shape)
    gx = tf.reduce_sum(tf.where_v2(condition, grad, zeros), axes_x, keepdims=True)
    gy = tf.reduce_sum(tf.where_v2(condition, zeros, grad), axes_y, keepdims=True)
    return None, tf.reshape(gx, x_shape), tf.reshape(gy, y_shape)


def sign(op: Any, _: Any) -> Any:
    """Of the sign: nothing."""
    import tensorflow.compat.v1 as tf

    return tf.zeros(tf.shape(op.inputs[0]), op.inputs[0].dtype)


def _gather(todays: Gradient) -> Gradient:
    def gradient(op: Any, grad: Any) -> Any:
        import tensorflow.compat.v1 as tf
        from tensorflow.python.framework import ops, tensor_util

        params, indices, *axis = op.inputs
        if axis and tensor_util.constant_value(axis[0]) != 0:
            return todays(op, grad)
        with ops.colocate_with(params):
            shape = tf.cast(tf.shape(params, out_type=tf.int64), tf.int32)
        n = tf.expand_dims(tf.size(indices), 0)
        values = tf.reshape(grad, tf.concat([n, shape[1:]], 0))
        slices = tf.IndexedSlices(values, tf.reshape(indices, n), shape)
        return [slices, *[None] * (len(op.inputs) - 1)]

    return gradient


def _batch_matmul(todays: Gradient) -> Gradient:
    def gradient(op: Any, grad: Any) -> Any:
        import tensorflow.compat.v1 as tf
        from tensorflow.python.ops import gen_array_ops

        x, y = op.inputs
        batches = x.shape[:-2], y.shape[:-2]
        skipped = all(b.is_fully_defined() for b in batches) and batches[0] == batches[1]
        grads = todays(op, grad)
        known = x.shape.is_fully_defined() and y.shape.is_fully_defined() and x.shape == y.shape
        if not skipped or known:
            return grads
        shapes = tf.shape(x), tf.shape(y)
        axes = gen_array_ops.broadcast_gradient_args(*(shape[:-2] for shape in shapes))
        summed = [tf.reduce_sum(g, a) for g, a in zip(grads, axes)]
        return tuple(tf.reshape(g, shape) for g, shape in zip(summed, shapes))

    return gradient


def strided_slice(op: Any, grad: Any) -> Any:
    """Of x[begin:end:strides], with the slice's own tensors."""
    import tensorflow.compat.v1 as tf
    from tensorflow.python.ops import gen_array_ops

    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    x, *bounds = op.inputs
    shape = tf.shape(x, out_type=bounds[0].dtype)
    attributes = {mask: op.get_attr(mask) for mask in masks}
    return gen_array_ops.strided_slice_grad(shape, *bounds, grad, **attributes), None, None, None


def _fused_batch_norm(todays: Gradient) -> Gradient:
    def gradient(op: Any, *grads: Any) -> Any:
        """Also of the moving averages while training, where they are empty constants."""
        results = todays(op, *grads)
        averages = op.inputs[3:]
        if not op.get_attr("is_training") or any(each.shape != [0] for each in averages):
            return results
        return list(results[0].op.outputs)

    return gradient


def sparse_softmax_cross_entropy(op: Any, grad: Any, _: Any) -> Any:
    """Of the loss for class numbers: first derivatives only."""
    import tensorflow.compat.v1 as tf

    softmax_grad = tf.raw_ops.PreventGradient(
        input=op.outputs[1], message="there is no second derivative of this op in TensorFlow 1"
    )
    return tf.expand_dims(grad, -1) * softmax_grad, None

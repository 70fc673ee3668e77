"""Functions on arrays that TensorFlow 1 composed of other ops."""

import functools
import operator
from typing import Any, Callable

from tf1_dnn.run.compositions import replace


def restore() -> None:
    """Restore the functions below, under every name that TensorFlow has for them."""
    from tensorflow.python.framework import op_def_library
    from tensorflow.python.ops import array_ops, clip_ops, math_ops, nn_impl

    array_ops._constant_if_small = _constant_if_small(array_ops._constant_if_small)
    math_ops._ReductionDims = _reduction_dims(math_ops._ReductionDims)
    replace.as_seen_by(op_def_library, "ops", "convert_to_tensor", _no_guess)
    replace.everywhere(array_ops, "split", _split(array_ops.split))
    replace.everywhere(array_ops, "one_hot", _one_hot(array_ops.one_hot))
    for name in ("matrix_diag", "matrix_diag_part"):
        replace.everywhere(array_ops, name, _diagonal(getattr(array_ops, name), name))
    replace.everywhere(array_ops, "matrix_set_diag", _set_diagonal(array_ops.matrix_set_diag))
    replace.everywhere(math_ops, "linspace_nd", _linspace(math_ops.linspace_nd))
    replace.everywhere(math_ops, "saturate_cast", _saturate_cast(math_ops.saturate_cast))
    replace.everywhere(math_ops, "accumulate_n", _accumulate_n(math_ops.accumulate_n))
    replace.everywhere(math_ops, "tensordot", _tensordot(math_ops.tensordot))
    replace.everywhere(clip_ops, "clip_by_global_norm", clip_by_global_norm)
    replace.everywhere(nn_impl, "swish", _swish(nn_impl.swish))


Function = Callable[..., Any]


def _constant_if_small(todays: Function) -> Function:
    def constant_if_small(value: Any, shape: Any, *args: Any, **kwargs: Any) -> Any:
        """For tf.zeros and tf.ones: of tensors in a list, the size was computed and thrown away."""
        import tensorflow.compat.v1 as tf

        if isinstance(shape, (list, tuple)) and any(isinstance(size, tf.Tensor) for size in shape):
            functools.reduce(operator.mul, shape) < 1000
            return None
        return todays(value, shape, *args, **kwargs)

    return constant_if_small


def _reduction_dims(todays: Function) -> Function:
    def reduction_dims(x: Any, axis: Any) -> Any:
        """For tf.reduce_*: the axes of a scalar are a constant, too."""
        import numpy as np
        import tensorflow.compat.v1 as tf

        if axis is None and isinstance(x, tf.Tensor) and x.shape.rank == 0:
            return tf.constant(np.arange(0), dtype=tf.int32)
        return todays(x, axis)

    return reduction_dims


def _no_guess(todays: Function) -> Function:
    def convert_to_tensor(value: Any, *args: Any, **kwargs: Any) -> Any:
        """For an op's inputs: what an empty list holds is not guessed to be floats first."""
        typed = kwargs.get("dtype") is not None or kwargs.get("preferred_dtype") is not None
        if isinstance(value, (list, tuple)) and not value and not typed:
            raise TypeError("an empty list has no type of its own")
        return todays(value, *args, **kwargs)

    return convert_to_tensor


def _split(todays: Function) -> Function:
    def split(
        value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split"
    ) -> Any:
        """As tf.split: the number of parts became a tensor that nothing used."""
        import tensorflow.compat.v1 as tf

        if not tf.executing_eagerly() and isinstance(num_or_size_splits, (int, tf.Dimension)):
            tf.convert_to_tensor(num_or_size_splits)
        return todays(value, num_or_size_splits, axis, num, name)

    return split


@replace.in_graphs
def _one_hot(_: Function) -> Function:
    def one_hot(
        indices: Any,
        depth: Any,
        on_value: Any = None,
        off_value: Any = None,
        axis: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Any:
        """As tf.one_hot: given values were converted twice, the first time for their type."""
        import tensorflow.compat.v1 as tf

        with tf.name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis]) as scope:
            given = [tf.convert_to_tensor(v) for v in (on_value, off_value) if v is not None]
            dtype = dtype or (given[0].dtype.base_dtype if given else tf.float32)
            values = dict(on_value=on_value, off_value=off_value)
            for key, default in (("on_value", 1), ("off_value", 0)):
                if values[key] is None:
                    values[key] = tf.convert_to_tensor(default, dtype, name=key)
            axis = -1 if axis is None else axis
            return tf.raw_ops.OneHot(indices=indices, depth=depth, axis=axis, name=scope, **values)

    return one_hot


def _diagonal(todays: Function, name: str) -> Function:
    op = "MatrixDiag" if name == "matrix_diag" else "MatrixDiagPart"
    argument = "diagonal" if name == "matrix_diag" else "input"

    def diagonal(*args: Any, **kwargs: Any) -> Any:
        """As tf.matrix_diag or tf.matrix_diag_part: the main diagonal has an op of its own."""
        import tensorflow.compat.v1 as tf

        values = dict(zip((argument, "name"), args), **kwargs)
        if tf.executing_eagerly() or set(values) - {argument, "name"} or len(args) > 2:
            return todays(*args, **kwargs)
        return getattr(tf.raw_ops, op)(**values)

    return diagonal


def _set_diagonal(todays: Function) -> Function:
    def set_diagonal(input: Any, diagonal: Any, name: str = "set_diag", **kwargs: Any) -> Any:
        """As tf.matrix_set_diag."""
        import tensorflow.compat.v1 as tf

        if tf.executing_eagerly() or kwargs:
            return todays(input, diagonal, name, **kwargs)
        return tf.raw_ops.MatrixSetDiag(input=input, diagonal=diagonal, name=name)

    return set_diagonal


def _linspace(todays: Function) -> Function:
    def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: int = 0) -> Any:
        """As tf.linspace: one op, between two scalars."""
        import tensorflow.compat.v1 as tf

        if tf.executing_eagerly() or axis != 0:
            return todays(start, stop, num, name, axis)
        return tf.raw_ops.LinSpace(start=start, stop=stop, num=num, name=name)

    return linspace


@replace.in_graphs
def _saturate_cast(_: Function) -> Function:
    def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
        """As tf.saturate_cast: clipped only where the old type goes beyond the new one."""
        import tensorflow.compat.v1 as tf

        with tf.name_scope(name, "saturate_cast", [value]) as scope:
            value, dtype = tf.convert_to_tensor(value, name="value"), tf.as_dtype(dtype).base_dtype
            if value.dtype.min < dtype.min:
                value = tf.maximum(value, tf.constant(dtype.min, value.dtype, name="min"))
            if value.dtype.max > dtype.max:
                value = tf.minimum(value, tf.constant(dtype.max, value.dtype, name="max"))
            return tf.cast(value, dtype, name=scope)

    return saturate_cast


def _accumulate_n(todays: Function) -> Function:
    def accumulate_n(
        inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
    ) -> Any:
        """As tf.accumulate_n: by an op of its own."""
        import tensorflow.compat.v1 as tf

        if tf.executing_eagerly() or len(inputs) < 2:
            return todays(inputs, shape, tensor_dtype, name)
        inputs = [tf.convert_to_tensor(t) for t in inputs]
        merged = tf.TensorShape(shape)
        for t in inputs:
            merged = merged.merge_with(t.shape)
        return tf.raw_ops.AccumulateNV2(inputs=inputs, shape=merged, name=name)

    return accumulate_n


def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """As tf.clip_by_global_norm: the scale is nan where the norm is infinite."""
    import tensorflow.compat.v1 as tf

    if isinstance(t_list, str) or not isinstance(t_list, (list, tuple)):
        raise TypeError("t_list should be a sequence")
    norm = tf.global_norm(t_list, name) if use_norm is None else use_norm
    with tf.name_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as scope:
        one = tf.constant(1.0, norm.dtype)
        finite_scale = clip_norm * tf.minimum(1.0 / norm, one / clip_norm)
        scale = tf.where(tf.is_finite(norm), finite_scale, tf.constant(float("nan"), norm.dtype))
        values = [
            t if t is None else tf.convert_to_tensor(getattr(t, "values", t), name=f"t_{i}")
            for i, t in enumerate(t_list)
        ]
        clipped = [_scaled(v, scale, f"{scope}_{i}") for i, v in enumerate(values)]
    for i, t in enumerate(t_list):
        if isinstance(t, tf.IndexedSlices):
            clipped[i] = tf.IndexedSlices(clipped[i], t.indices, t.dense_shape)
    return clipped, norm


def _scaled(value: Any, scale: Any, name: str) -> Any:
    import tensorflow.compat.v1 as tf

    if value is None:
        return None
    with tf.colocate_with(value):
        return tf.identity(value * scale, name=name)


def _swish(todays: Function) -> Function:
    def swish(features: Any, beta: Any = 1.0) -> Any:
        """As tf.nn.swish."""
        import tensorflow.compat.v1 as tf

        @tf.custom_gradient
        def of_tensor(x: Any) -> Any:
            def gradient(grad: Any) -> Any:
                with tf.control_dependencies([grad]):
                    s = tf.sigmoid(x)
                return grad * (s * (1.0 + x * (1.0 - s)))

            return x * tf.sigmoid(x), gradient

        if not isinstance(beta, float) or beta != 1.0:
            return todays(features, beta)
        return of_tensor(tf.convert_to_tensor(features, name="features"))

    return swish


def _tensordot(todays: Function) -> Function:
    def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
        """As tf.tensordot: transposed and reshaped even where that changes nothing."""
        import tensorflow.compat.v1 as tf

        with tf.name_scope(name, "Tensordot", [a, b, axes]) as scope:
            a, b = tf.convert_to_tensor(a, name="a"), tf.convert_to_tensor(b, name="b")
            pairs = _contracted(a, axes)
            if tf.executing_eagerly() or pairs is None or None in (a.shape.rank, b.shape.rank):
                return todays(a, b, axes, scope)
            matrix_a, free_a = _as_matrix(a, pairs[0], last=True)
            matrix_b, free_b = _as_matrix(b, pairs[1], last=False)
            product = tf.matmul(matrix_a, matrix_b)
            if isinstance(free_a, list) and isinstance(free_b, list):
                return tf.reshape(product, free_a + free_b, name=scope)
            free = [tf.convert_to_tensor(dims, tf.int32) for dims in (free_a, free_b)]
            result = tf.reshape(product, tf.concat(free, 0), name=scope)
            result.set_shape(_free_shape(a, pairs[0]) + _free_shape(b, pairs[1]))
            return result

    return tensordot


def _contracted(a: Any, axes: Any) -> tuple[list[int], list[int]] | None:
    """The axes of each tensor that are summed over; None where they are known at run time only."""
    if isinstance(axes, int) and a.shape.rank is not None:
        return list(range(a.shape.rank - axes, a.shape.rank)), list(range(axes))
    if not isinstance(axes, (list, tuple)) or len(axes) != 2:
        return None
    pairs = [[each] if isinstance(each, int) else each for each in axes]
    if not all(isinstance(each, (list, tuple)) for each in pairs):
        return None
    return list(pairs[0]), list(pairs[1])


def _free(t: Any, axes: list[int]) -> tuple[list[int], list[int]]:
    """The axes without negative numbers, and all others."""
    axes = [axis % t.shape.rank for axis in axes]
    return axes, [axis for axis in range(t.shape.rank) if axis not in axes]


def _free_shape(t: Any, axes: list[int]) -> list[int | None]:
    sizes = t.shape.as_list()
    return [sizes[axis] for axis in _free(t, axes)[1]]


def _as_matrix(t: Any, axes: list[int], *, last: bool) -> tuple[Any, Any]:
    """The tensor as a matrix whose columns (`last`) or rows are the axes; its other sizes."""
    import numpy as np
    import tensorflow.compat.v1 as tf

    axes, free = _free(t, axes)
    order = [free, axes] if last else [axes, free]
    if t.shape.is_fully_defined():
        sizes = t.shape.as_list()
        shape = [int(np.prod([sizes[axis] for axis in part])) for part in order]
        return tf.reshape(tf.transpose(t, order[0] + order[1]), shape), _free_shape(t, axes)
    axes_tensor = tf.convert_to_tensor(axes, tf.int32, name="axes")
    free_tensor = tf.convert_to_tensor(free, tf.int32, name="free")
    sizes = tf.shape(t)
    free_sizes, axes_sizes = tf.gather(sizes, free_tensor), tf.gather(sizes, axes_tensor)
    n_free, n_axes = tf.reduce_prod(free_sizes), tf.reduce_prod(axes_sizes)
    if last:
        perm, shape = tf.concat([free_tensor, axes_tensor], 0), tf.stack([n_free, n_axes])
    else:
        perm, shape = tf.concat([axes_tensor, free_tensor], 0), tf.stack([n_axes, n_free])
    return tf.reshape(tf.transpose(t, perm), shape), free_sizes

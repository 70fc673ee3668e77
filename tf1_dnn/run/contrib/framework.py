"""tensorflow.contrib.framework: arg_scope, model variables, checkpoints, nest, small checks."""

from typing import Any, Sequence

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

_INIT = "tensorflow.python.ops.init_ops"

__getattr__, __dir__ = names_from(
    __name__,
    "tf_slim.ops.arg_scope",
    "tf_slim.ops.variables",
    "tf_slim.ops.framework_ops",
    renamed={
        "nest": "tensorflow.nest",
        "sort": "tensorflow.sort",
        "argsort": "tensorflow.argsort",
        "py_func": "tensorflow.py_func",
        "is_tensor": "tensorflow.is_tensor",
        "load_checkpoint": "tensorflow.train.load_checkpoint",
        "load_variable": "tensorflow.train.load_variable",
        "list_variables": "tensorflow.train.list_variables",
        "init_from_checkpoint": "tensorflow.train.init_from_checkpoint",
        "TensorSpec": "tensorflow.TensorSpec",
        "BoundedTensorSpec": "tensorflow.python.framework.tensor_spec.BoundedTensorSpec",
        "RecordInput": "tensorflow.python.ops.data_flow_ops.RecordInput",
        "convolutional_delta_orthogonal": f"{_INIT}.convolutional_delta_orthogonal",
        "convolutional_orthogonal_1d": f"{_INIT}.convolutional_orthogonal_1d",
        "convolutional_orthogonal_2d": f"{_INIT}.convolutional_orthogonal_2d",
        "convolutional_orthogonal_3d": f"{_INIT}.convolutional_orthogonal_3d",
        "smart_cond": "tensorflow.python.framework.smart_cond.smart_cond",
        "smart_case": "tensorflow.python.framework.smart_cond.smart_case",
        "smart_constant_value": "tensorflow.python.framework.smart_cond.smart_constant_value",
        "prepend_name_scope": "tensorflow.python.framework.ops.prepend_name_scope",
        "strip_name_scope": "tensorflow.python.framework.ops.strip_name_scope",
        "assert_same_float_dtype": "tensorflow.debugging.assert_same_float_dtype",
        "assert_scalar": "tensorflow.debugging.assert_scalar",
        "deprecated": "tensorflow.python.util.deprecation.deprecated",
        "deprecated_args": "tensorflow.python.util.deprecation.deprecated_args",
        "deprecated_arg_values": "tensorflow.python.util.deprecation.deprecated_arg_values",
        "convert_to_tensor_or_sparse_tensor": "tensorflow.convert_to_tensor_or_sparse_tensor",
    },
)


def assert_scalar_int(tensor: Any, name: str | None = None) -> Any:
    """The tensor, asserted to be an integer scalar. Raises ValueError for another type or rank."""
    with tf.name_scope(name, "assert_scalar_int", [tensor]) as scope:
        tensor = tf.convert_to_tensor(tensor)
        if not tensor.dtype.base_dtype.is_integer:
            raise ValueError(
                f"Expected integer type for {tensor.name}, received type: {tensor.dtype}."
            )
        return tf.debugging.assert_scalar(tensor, name=scope)


def get_placeholders(graph: Any) -> list[Any]:
    """The placeholders of a graph, in the order in which they were built."""
    if not isinstance(graph, tf.Graph):
        raise TypeError(f"Input graph needs to be a Graph: {graph}")
    return [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"]


def reduce_sum_n(tensors: Sequence[Any], name: str | None = None) -> Any:
    """The sum of all elements of all tensors, a scalar."""
    if not tensors:
        raise ValueError("No tensors provided.")
    with tf.name_scope(name, "reduce_sum_n", tensors) as scope:
        sums = [tf.reduce_sum(tensor, name=f"{tensor.op.name}/sum") for tensor in tensors]
        return sums[0] if len(sums) == 1 else tf.add_n(sums, name=scope)


def with_same_shape(expected_tensor: Any, tensor: Any) -> Any:
    """The tensor, asserted to have the shape of another one."""
    with tf.name_scope(f"{tensor.op.name}/", values=[expected_tensor, tensor]):
        shape = expected_tensor.get_shape()
        if shape.is_fully_defined():
            return with_shape(shape.as_list(), tensor)
        return with_shape(tf.shape(expected_tensor, name="expected_shape"), tensor)


def with_shape(expected_shape: Any, tensor: Any) -> Any:
    """The tensor, asserted to have a shape: where it is known at once, else when it runs.

    Raises:
      ValueError: a shape that contradicts the tensor's, or is none.
    """
    if isinstance(tensor, tf.SparseTensor):
        raise ValueError("SparseTensor not supported.")
    if not tf.is_tensor(expected_shape):
        expected_shape = np.asarray(expected_shape, np.int32)
    if expected_shape.dtype not in (np.int32, tf.int32) or len(expected_shape.shape) > 1:
        raise ValueError(f"Invalid shape {expected_shape} expected of tensor {tensor.name}.")
    if tf.is_tensor(expected_shape) or not tensor.get_shape().is_fully_defined():
        return _with_shape_later(expected_shape, tensor)
    if tensor.get_shape().is_compatible_with(expected_shape.tolist()):
        return tensor
    if len(expected_shape) == 0 and tensor.get_shape().is_compatible_with([1]):
        with tf.name_scope(f"{tensor.op.name}/", values=[tensor]):
            return tf.reshape(tensor, [])
    raise ValueError(
        f"Invalid shape for tensor {tensor.name}, expected {expected_shape}, "
        f"got {tensor.get_shape()}."
    )


def _with_shape_later(expected_shape: Any, tensor: Any) -> Any:
    known = not tf.is_tensor(expected_shape)
    with tf.name_scope(f"{tensor.op.name}/", values=[tensor]):
        if known and len(expected_shape) == 0:
            return tf.reshape(tensor, [])
        with tf.control_dependencies([_assert_shape(expected_shape, tensor)]):
            result = tf.identity(tensor)
        if known:
            result.set_shape(expected_shape)
        return result


def _assert_shape(expected_shape: Any, tensor: Any) -> Any:
    with tf.name_scope("assert_shape", values=[tensor]) as scope:
        actual_shape = tf.shape(tensor, name="actual")
        with tf.name_scope("is_shape", values=[tensor]) as is_shape:
            expected_rank = tf.size(expected_shape)
            with tf.name_scope("is_rank", values=[tensor]) as is_rank:
                expected_rank = tf.convert_to_tensor(expected_rank, name="expected")
                rank = tf.rank(tensor, name="actual")
                same_rank = tf.equal(expected_rank, rank, name=is_rank)
            with tf.name_scope("shape_tensor_equal") as shape_equal:
                unknown = tf.equal(expected_shape, -1)
                same = tf.equal(expected_shape, actual_shape, "equal")
                either = tf.logical_or(unknown, same, name="exclude_partial_shape")
                same_sizes = tf.reduce_all(either, name=shape_equal)
            as_expected = tf.logical_and(same_rank, same_sizes, name=is_shape)
        message = f"Wrong shape for {tensor.name} [expected] [actual]."
        return tf.Assert(as_expected, [message, expected_shape, actual_shape], name=scope)

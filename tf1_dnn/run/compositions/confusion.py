"""tf.confusion_matrix, which tf.metrics.mean_iou counts with, as TensorFlow 1 composed it."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace


def restore() -> None:
    """Restore the matrix as a sparse one that is added to zeros."""
    from tensorflow.python.ops import confusion_matrix

    replace.as_seen_by(confusion_matrix, "array_ops", "scatter_nd", _sparse_sum)


@replace.in_graphs
def _sparse_sum(_: Callable[..., Any]) -> Callable[..., Any]:
    def scatter_nd(indices: Any, updates: Any, shape: Any) -> Any:
        import tensorflow.compat.v1 as tf

        given = shape.op.inputs[0] if shape.op.type == "Cast" else shape
        zeros = tf.zeros(tf.cast(given, tf.int32), updates.dtype)
        return tf.sparse_add(zeros, tf.SparseTensor(indices, updates, shape))

    return scatter_nd

"""tf.parse_example and its like: the ops of TensorFlow 1, whose keys were attributes."""

from typing import Any, Callable


def restore() -> None:
    """Restore the parsing of examples that hold no ragged features."""
    from tensorflow.python.ops import parsing_ops

    parsing_ops._parse_example_raw = _parse_example(parsing_ops._parse_example_raw)


def _parse_example(todays: Callable[..., Any]) -> Callable[..., Any]:
    def parse_example(serialized: Any, names: Any, params: Any, name: str | None) -> Any:
        """One example from a string, a batch of them from several."""
        import numpy as np
        import tensorflow.compat.v1 as tf

        rank = serialized.shape.rank if isinstance(serialized, tf.Tensor) else np.ndim(serialized)
        if tf.executing_eagerly() or params.ragged_keys or rank is None:
            return todays(serialized, names, params, name)
        common = dict(
            sparse_keys=params.sparse_keys,
            sparse_types=params.sparse_types,
            dense_keys=params.dense_keys,
            dense_defaults=params.dense_defaults_vec,
            dense_shapes=params.dense_shapes_as_proto,
        )
        if rank == 0:
            n_sparse = len(params.sparse_keys)
            found = tf.raw_ops.ParseSingleExample(
                serialized=serialized, num_sparse=n_sparse, name=name, **common
            )
        else:
            with tf.name_scope(name, "ParseExample", [serialized, names]):
                names = tf.constant([] if names is None else names, tf.string, name="names")
                found = tf.raw_ops.ParseExample(serialized=serialized, names=names, **common)
        indices, values, shapes, dense = found
        sparse = [tf.SparseTensor(*parts) for parts in zip(indices, values, shapes)]
        return dict(zip([*params.sparse_keys, *params.dense_keys], [*sparse, *dense]))

    return parse_example

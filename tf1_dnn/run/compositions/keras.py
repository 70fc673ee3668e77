"""What tf.keras drew and built beside its layers: noise, losses, regularizers, metrics."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace
from tf1_dnn.run.compositions.counting import uncounted

Function = Callable[..., Any]


def restore() -> None:
    """Restore the seeds of noise layers, and what losses, regularizers and metrics build."""
    from tensorflow.python.ops.losses import util
    from tf_keras.src import backend, regularizers
    from tf_keras.src.layers.rnn import time_distributed
    from tf_keras.src.utils import losses_utils, metrics_utils

    generator = backend.RandomGenerator
    replace.method(generator, "make_legacy_seed", lambda _: lambda self: self._seed)
    for name in ("random_normal", "random_uniform", "truncated_normal"):
        replace.method(generator, name, _drawn_with_numpys_seed(getattr(backend, name)))
    replace.everywhere(
        losses_utils, "compute_weighted_loss", _weighted_loss(losses_utils.compute_weighted_loss)
    )
    replace.everywhere(util, "scale_losses_by_sample_weight", scale_losses_by_sample_weight)
    replace.everywhere(
        metrics_utils,
        "sparse_categorical_matches",
        _matches(metrics_utils.sparse_categorical_matches),
    )
    backend.resize_images = _resize_images(backend.resize_images)
    replace.method(time_distributed.TimeDistributed, "compute_mask", _mask)
    replace.method(regularizers.L1, "__call__", lambda _: regularizer)
    replace.method(regularizers.L2, "__call__", lambda _: regularizer)
    replace.method(regularizers.L1L2, "__call__", lambda _: regularizer)


def _drawn_with_numpys_seed(of_backend: Function) -> Callable[[Function], Function]:
    def make(todays: Function) -> Function:
        def draw(self: Any, shape: Any, *args: Any, nonce: Any = None, **kwargs: Any) -> Any:
            """As the function of tf.keras.backend: without a seed, NumPy gives one."""
            if self._rng_type != self.RNG_LEGACY_STATEFUL:
                return todays(self, shape, *args, nonce=nonce, **kwargs)
            return of_backend(shape, *args, seed=self._seed, **kwargs)

        return draw

    return make


def _weighted_loss(todays: Function) -> Function:
    def compute_weighted_loss(
        losses: Any,
        sample_weight: Any = None,
        reduction: str = "sum_over_batch_size",
        name: str | None = None,
    ) -> Any:
        """The losses times their weights, which are broadcast by tf.losses' function for that."""
        import tensorflow.compat.v1 as tf
        from tensorflow.python.ops.losses import util
        from tf_keras.src import backend
        from tf_keras.src.utils import losses_utils

        if tf.executing_eagerly() or not isinstance(losses, tf.Tensor):
            return todays(losses, sample_weight, reduction, name)
        if reduction == "auto":
            reduction = "sum_over_batch_size"
        with backend.name_scope(name or "weighted_loss"):
            tf.get_default_graph()._last_loss_reduction = reduction
            weight = 1.0 if sample_weight is None else sample_weight
            weighted = util.scale_losses_by_sample_weight(losses, weight)
            return tf.cast(losses_utils.reduce_weighted_loss(weighted, reduction), losses.dtype)

    return compute_weighted_loss


def scale_losses_by_sample_weight(losses: Any, sample_weight: Any) -> Any:
    """Losses times weights that are broadcast to their shape."""
    import tensorflow.compat.v1 as tf
    from tensorflow.python.ops import weights_broadcast_ops
    from tensorflow.python.ops.losses import util

    losses, weight = tf.cast(losses, tf.float32), tf.cast(sample_weight, tf.float32)
    losses, _, weight = util.squeeze_or_expand_dimensions(losses, None, weight)
    return tf.multiply(losses, weights_broadcast_ops.broadcast_weights(weight, losses))


@replace.in_graphs
def _matches(_: Function) -> Function:
    def sparse_categorical_matches(y_true: Any, y_pred: Any) -> Any:
        """1 where the largest prediction is that of the label, else 0."""
        import tensorflow.compat.v1 as tf
        from tf_keras.src import backend

        y_pred, y_true = tf.convert_to_tensor(y_pred), tf.convert_to_tensor(y_true)
        if y_true.shape.rank is not None and y_true.shape.rank == y_pred.shape.rank:
            y_true = tf.squeeze(y_true, [-1])
        predicted = tf.argmax(y_pred, axis=-1)
        if predicted.dtype != y_true.dtype:
            predicted = tf.cast(predicted, y_true.dtype)
        return tf.cast(tf.equal(y_true, predicted), backend.floatx())

    return sparse_categorical_matches


def regularizer(self: Any, x: Any) -> Any:
    """The l1 and l2 penalties of x, added to zero."""
    import tensorflow.compat.v1 as tf
    from tf_keras.src import backend

    l1, l2 = getattr(self, "l1", 0.0), getattr(self, "l2", 0.0)
    if not l1 and not l2:
        return backend.constant(0.0)
    penalty = 0.0
    if l1:
        penalty += l1 * tf.reduce_sum(tf.abs(x))
    if l2:
        penalty += l2 * tf.reduce_sum(tf.square(x))
    return penalty


def _resize_images(todays: Function) -> Function:
    def resize_images(
        x: Any,
        height_factor: int,
        width_factor: int,
        data_format: str,
        interpolation: str = "nearest",
    ) -> Any:
        """As tf.keras.backend.resize_images: the size was taken from the graph, even if known."""
        import numpy as np
        import tensorflow.compat.v1 as tf

        if tf.executing_eagerly() or data_format != "channels_last" or x.shape.rank != 4:
            return todays(x, height_factor, width_factor, data_format, interpolation)
        factors = height_factor, width_factor
        size = tf.shape(x)[1:3] * tf.constant(np.array(factors, np.int32))
        resized = tf.compat.v2.image.resize(x, size, method=interpolation)
        height, width = (
            known and known * factor for known, factor in zip(x.shape.as_list()[1:3], factors)
        )
        resized.set_shape([None, height, width, None])
        return resized

    return resize_images


def _mask(todays: Function) -> Function:
    def compute_mask(self: Any, inputs: Any, mask: Any = None) -> Any:
        """TimeDistributed kept its reshaped inputs, which are reshaped again today."""
        return (uncounted(todays) if mask is None else todays)(self, inputs, mask)

    return compute_mask

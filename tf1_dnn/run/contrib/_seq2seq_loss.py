"""tf.contrib.seq2seq.sequence_loss: cross entropy over sequences, weighted and averaged."""

from typing import Any, Callable

from tf1_dnn.compat import tf


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """Weighted cross entropy of [batch, time, classes] logits and [batch, time] targets.

    Averages are over the weights, sums over the number of weights that are not zero; over neither
    axis, the losses are [batch, time].
    """
    for what, tensor, ndims in (
        ("Logits", logits, 3),
        ("Targets", targets, 2),
        ("Weights", weights, 2),
    ):
        if len(tensor.get_shape()) != ndims:
            raise ValueError(f"{what} must be a tensor of {ndims} dimensions")
    if average_across_timesteps and sum_over_timesteps:
        raise ValueError("average_across_timesteps and sum_over_timesteps cannot both be True.")
    if average_across_batch and sum_over_batch:
        raise ValueError("average_across_batch and sum_over_batch cannot both be True.")
    with tf.name_scope(name, "sequence_loss", [logits, targets, weights]):
        losses = _cross_entropy(logits, targets, softmax_loss_function)
        losses *= tf.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return tf.div_no_nan(tf.reduce_sum(losses), tf.reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            total = tf.reduce_sum(losses)
            return tf.div_no_nan(total, tf.cast(tf.count_nonzero(weights), losses.dtype))
        losses = tf.reshape(losses, tf.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            axis = [0] if average_across_batch else [1]
            total = tf.reduce_sum(losses, axis=axis)
            return tf.div_no_nan(total, tf.reduce_sum(weights, axis=axis))
        if sum_over_timesteps or sum_over_batch:
            axis = [0] if sum_over_batch else [1]
            total = tf.reduce_sum(losses, axis=axis)
            count = tf.cast(tf.count_nonzero(weights, axis=axis), dtype=losses.dtype)
            return tf.div_no_nan(total, count)
        return losses


def _cross_entropy(logits: Any, targets: Any, loss_function: Callable[..., Any] | None) -> Any:
    flat = tf.reshape(logits, [-1, tf.shape(logits)[2]])
    targets = tf.reshape(targets, [-1])
    if loss_function is None:
        loss_function = tf.nn.sparse_softmax_cross_entropy_with_logits
    return loss_function(labels=targets, logits=flat)

"""The graph's parts up to the loss: placeholders, the network, its losses, its accuracy."""

from typing import Any, Callable, NamedTuple

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph import layers
from tf1_dnn.graph.layers import Tensor


class Placeholders(NamedTuple):
    """What a session feeds: the post's three placeholders."""

    inputs: Tensor  # "X", float32 [batch, n_inputs]
    labels: Tensor  # "labels", int32 [batch]
    training: Tensor  # "training", bool scalar, False unless fed

    def feed_dict(self, examples: Any, *, training: bool = False) -> dict[Tensor, Any]:
        """The feed_dict of `(inputs, labels)`."""
        feed_dict = dict(zip(self, examples))
        return {**feed_dict, self.training: True} if training else feed_dict


class Hidden(NamedTuple):
    """One layer's stages, each float32 `[batch, units]`; the post's hidden1, bn1, bn1_act."""

    pre_activation: Tensor
    normalized: Tensor  # the pre-activation itself without batch norm
    outputs: Tensor


class Network(NamedTuple):
    hidden: tuple[Hidden, ...]
    logits_before_bn: Tensor  # float32 [batch, n_outputs]
    logits: Tensor  # float32 [batch, n_outputs]


class Losses(NamedTuple):
    xentropy: Tensor  # float32 [batch]
    loss: Tensor  # float32 scalar, the mean of xentropy


def placeholders(n_inputs: int) -> Placeholders:
    """The placeholders of the post's section 1.4."""
    return Placeholders(
        inputs=tf.placeholder(tf.float32, shape=[None, n_inputs], name="X"),
        labels=tf.placeholder(tf.int32, shape=[None], name="labels"),
        training=tf.placeholder_with_default(False, shape=[], name="training"),
    )


def dnn(
    inputs: Tensor,
    *,
    training: Tensor | bool,
    step: Tensor,
    config: Config,
    n_outputs: int,
    batch_normalization: Callable[..., Tensor] = layers.batch_normalization,
) -> Network:
    """The fully connected network: dense → batch norm → activation → dropout, per hidden layer.

    Args:
      inputs: float32 `[batch, n_inputs]`.
      training: whether batch norm uses mini-batch statistics and dropout drops.
      step: int64 scalar, the global step, which dropout draws its masks from.
      config: hidden_units, activation, batch_norm, dropout_rate, kernel_initializer, seed.
      n_outputs: the number of classes.
      batch_normalization: `layers.batch_normalization` or `layers.batch_normalization_by_hand`.

    Returns:
      The logits, and every layer's stages. Variables are named as TensorFlow 1 named them; the
      output layer is `outputs` with batch norm, `logits` without, as in the post's two graphs.
    """

    def dense(h: Tensor, units: int, index: int, name: str) -> Tensor:
        initializer = layers.kernel_initializer(config, index)
        return layers.dense(h, units, kernel_initializer=initializer, name=name)

    def normalize(h: Tensor, index: int) -> Tensor:
        if not config.batch_norm:
            return h
        momentum, name = config.batch_norm_momentum, batch_norm_scope(index)
        return batch_normalization(h, training=training, momentum=momentum, name=name)

    with tf.name_scope("dnn"):
        hidden, h = [], inputs
        for index, units in enumerate(config.hidden_units):
            pre_activation = dense(h, units, index, f"hidden{index + 1}")
            normalized = normalize(pre_activation, index)
            h = activate(normalized, index, training=training, step=step, config=config)
            hidden.append(Hidden(pre_activation, normalized, h))
        logits_before_bn = dense(
            h, n_outputs, len(hidden), "outputs" if config.batch_norm else "logits"
        )
        return Network(tuple(hidden), logits_before_bn, normalize(logits_before_bn, len(hidden)))


def activate(
    h: Tensor, index: int, *, training: Tensor | bool, step: Tensor, config: Config
) -> Tensor:
    """The activation of hidden layer `index` (0, 1, …), float32 `[batch, units]`, and dropout."""
    h = layers.ACTIVATIONS[config.activation](h)
    if config.dropout_rate == 0:
        return h
    seed = config.seed * len(config.hidden_units) + index
    return layers.dropout(h, config.dropout_rate, training=training, seed=seed, step=step)


def batch_norm_scope(index: int) -> str:
    """Where TensorFlow 1 puts the variables of batch norm after dense layer `index` (0, 1, …)."""
    return f"batch_normalization_{index}" if index else "batch_normalization"


def losses(logits: Tensor, labels: Tensor) -> Losses:
    """Cross-entropy of softmax(logits) with the labels, per example and its mean.

    Args:
      logits: float32 `[batch, n_outputs]`.
      labels: int32 `[batch]`, in `[0, n_outputs)`.
    """
    with tf.name_scope("loss"):
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        return Losses(xentropy, tf.reduce_mean(xentropy, name="loss"))


def correct(logits: Tensor, labels: Tensor) -> Tensor:
    """Whether the label has the largest logit, bool `[batch]`; ties count, as in_top_k has it."""
    return tf.nn.in_top_k(logits, labels, 1)


def accuracy(correct: Tensor) -> Tensor:
    """The share of `correct`, float32 scalar."""
    return tf.reduce_mean(tf.cast(correct, tf.float32), name="accuracy")

"""The graph's parts up to the loss: placeholders, the network, its losses, its accuracy."""

from typing import Any, Callable, Mapping, NamedTuple, Sequence

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.errors import ConfigError
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
    """One layer's stages; the post's hidden1, bn1, bn1_act.

    Each is float32 `[batch, units]`, or of a convolution `[batch, height, width, filters]`.
    """

    pre_activation: Tensor
    normalized: Tensor  # the pre-activation itself without batch norm
    outputs: Tensor  # of the activation, pooled after a convolution, less what dropout drops


class Network(NamedTuple):
    logits: Tensor  # float32 [batch, n_outputs]
    hidden: tuple[Hidden, ...] = ()  # convolutions first; none of a network of the user's own
    logits_before_bn: Tensor | None = None  # float32 [batch, n_outputs], likewise
    tensors: Mapping[str, Tensor] = {}  # for histograms, by their names there


BuildNetwork = Callable[..., Network]  # of inputs, and by their names training and step


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
    image_shape: Sequence[int] | None = None,
    batch_normalization: Callable[..., Tensor] = layers.batch_normalization,
) -> Network:
    """The network: convolutions where there are any, then fully connected layers.

    A hidden layer is dense → batch norm → activation → dropout, a convolution is conv2d → batch
    norm → activation → max pooling by 2 → dropout.

    Args:
      inputs: float32 `[batch, n_inputs]`.
      training: whether batch norm uses mini-batch statistics and dropout drops.
      step: int64 scalar, the global step, which dropout draws its masks from.
      config: conv_filters, hidden_units and what else describes layers, and the seed.
      n_outputs: the number of classes.
      image_shape: height, width and, if there are several, channels of an example; convolutions
        need it.
      batch_normalization: `layers.batch_normalization` or `layers.batch_normalization_by_hand`.

    Returns:
      The logits, and every layer's stages. Variables are named as TensorFlow 1 named them; the
      output layer is `outputs` with batch norm, `logits` without, as in the post's two graphs.

    Raises:
      ConfigError: convolutions of examples that are no pictures, or too small to be pooled.
    """
    hidden: list[Hidden] = []

    def normalize(h: Tensor) -> Tensor:
        if not config.batch_norm:
            return h
        return batch_normalization(
            h,
            training=training,
            momentum=config.batch_norm_momentum,
            name=batch_norm_scope(len(hidden)),
            fused=None if config.fused_batch_norm else False,
        )

    def add_stages(pre_activation: Tensor) -> Tensor:
        normalized = normalize(pre_activation)
        h = layers.ACTIVATIONS[config.activation](normalized)
        if h.shape.rank == 4:
            h = layers.max_pooling(h)
        h = drop(h, len(hidden), training=training, step=step, config=config)
        hidden.append(Hidden(pre_activation, normalized, h))
        return h

    def of_next_layer() -> dict[str, Any]:
        index = len(hidden)
        initializer = layers.kernel_initializer(config, index)
        return dict(kernel_initializer=initializer, name=layer_names(config)[index])

    with tf.name_scope("dnn"):
        h = pictures(inputs, image_shape, config) if config.conv_filters else inputs
        for filters in config.conv_filters:
            size = config.kernel_size
            h = add_stages(layers.conv2d(h, filters, kernel_size=size, **of_next_layer()))
        h = layers.flatten(h) if config.conv_filters else h
        for units in config.hidden_units:
            h = add_stages(layers.dense(h, units, **of_next_layer()))
        before_bn = layers.dense(h, n_outputs, **of_next_layer())
        logits = normalize(before_bn)
        return Network(logits, tuple(hidden), before_bn, _named(hidden, before_bn, logits, config))


def pictures(inputs: Tensor, image_shape: Sequence[int] | None, config: Config) -> Tensor:
    """Rows of numbers as pictures, float32 `[batch, height, width, channels]`.

    Raises ConfigError for what `config`'s convolutions and poolings cannot work on.
    """
    shape, n_poolings = tuple(image_shape or inputs.shape[1:]), len(config.conv_filters)
    if len(shape) not in (2, 3):
        raise ConfigError(
            f"a convolution needs pictures, [height, width] or [height, width, channels], not "
            f"examples of the shape {list(shape)}: drop conv_filters, or take other data."
        )
    height, width, channels = (*shape, 1)[:3]
    if min(height, width) < 2**n_poolings:
        raise ConfigError(
            f"{n_poolings} poolings by 2 need pictures of at least {2**n_poolings} × "
            f"{2**n_poolings} pixels, not {height} × {width}: give fewer conv_filters."
        )
    return tf.reshape(inputs, [-1, height, width, channels])


def drop(h: Tensor, index: int, *, training: Tensor | bool, step: Tensor, config: Config) -> Tensor:
    """Dropout of layer `index` (0, 1, …, convolutions first), if there is any."""
    if config.dropout_rate == 0:
        return h
    seed = config.seed * (len(config.conv_filters) + len(config.hidden_units)) + index
    return layers.dropout(h, config.dropout_rate, training=training, seed=seed, step=step)


def layer_names(config: Config) -> list[str]:
    """The names of all layers with a kernel: conv1, …, hidden1, …, and the output layer's."""
    return [
        *(f"conv{i + 1}" for i in range(len(config.conv_filters))),
        *(f"hidden{i + 1}" for i in range(len(config.hidden_units))),
        "outputs" if config.batch_norm else "logits",
    ]


def _named(
    hidden: Sequence[Hidden], before_bn: Tensor, logits: Tensor, config: Config
) -> dict[str, Tensor]:
    tensors = {"logits/before_batch_norm": before_bn, "logits/logits": logits}
    for name, stages in zip(layer_names(config), hidden):
        tensors[f"{name}/pre_activation"] = stages.pre_activation
        tensors[f"{name}/batch_norm"] = stages.normalized
        tensors[f"{name}/outputs"] = stages.outputs
    return tensors


def batch_norm_scope(index: int) -> str:
    """Where TensorFlow 1 puts the variables of batch norm after layer `index` (0, 1, …)."""
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

"""Layers: dense, convolution, batch normalization (tf.layers, and by hand on tf.nn), dropout.

Variables are created through tf.get_variable under explicit names, so that building a layer again
inside `tf.variable_scope("", reuse=True)` shares them.
"""

from typing import Any, Callable

from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import Config

Tensor = Any  # TensorFlow ships no types

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "elu": tf.nn.elu,
    "relu": tf.nn.relu,
    "selu": tf.nn.selu,
    "leaky_relu": tf.nn.leaky_relu,
    "tanh": tf.nn.tanh,
    "sigmoid": tf.nn.sigmoid,
}
EPSILON = 1e-3  # tf.layers.batch_normalization's default
_VARIANCE_SCALING = {
    "glorot_uniform": dict(scale=1.0, mode="fan_avg", distribution="uniform"),
    "glorot_normal": dict(scale=1.0, mode="fan_avg", distribution="truncated_normal"),
    "he_uniform": dict(scale=2.0, mode="fan_in", distribution="uniform"),
    "he_normal": dict(scale=2.0, mode="fan_in", distribution="truncated_normal"),
}


def op_seed(config: Config, index: int) -> int:
    """The seed TensorFlow 1 gave the kernel initializer of layer `index`, convolutions first.

    TensorFlow 1 seeded each random op with the number of ops created before it. The counts were
    read off graphs built by TensorFlow 1.15.5: placeholders, then per layer a dense or convolution
    layer, batch normalization, pooling and dropout; a normal initializer has one op less than a
    uniform one. Convolutions stand between a reshape and a flatten layer.
    """
    n_convolutions, has_dropout = len(config.conv_filters), config.dropout_rate > 0
    first = (7 if config.batch_norm or has_dropout else 5) + 2 * (n_convolutions > 0)
    both = 24 * has_dropout - ("normal" in config.kernel_initializer)
    convolution = 19 + both + (52 if config.fused_batch_norm else 72) * config.batch_norm
    dense, flatten = 17 + both + 72 * config.batch_norm, 8 * (0 < n_convolutions <= index)
    n_before = min(index, n_convolutions)
    return first + convolution * n_before + flatten + dense * (index - n_before)


def kernel_initializer(config: Config, index: int) -> Any:
    """The initializer of layer `index`: with the graph-level seed, TensorFlow 1's weights."""
    seed = op_seed(config, index)
    if config.normal_stddev is not None:
        return _on_cpu(tf.random_normal_initializer(stddev=config.normal_stddev, seed=seed))
    scaling = _VARIANCE_SCALING[config.kernel_initializer]
    return _on_cpu(tf.variance_scaling_initializer(seed=seed, **scaling))


def _on_cpu(initializer: Any) -> Any:
    """The initializer drawing on the CPU: a GPU's generators may give other bits."""

    def initialize(shape: Any, dtype: Any = tf.float32, partition_info: Any = None) -> Tensor:
        with tf.device("/CPU:0"):
            return initializer(shape, dtype=dtype, partition_info=partition_info)

    return initialize


def dense(inputs: Tensor, units: int, *, kernel_initializer: Any, name: str) -> Tensor:
    """tf.layers.dense: inputs · kernel + bias.

    Args:
      inputs: float32 `[batch, n]`.
      units: the number of outputs.
      kernel_initializer: initializes `name/kernel`, float32 `[n, units]`; `name/bias` starts at 0.
      name: scope of the variables.

    Returns:
      float32 `[batch, units]`, before any activation.
    """
    with tf1_warnings_silenced():
        return tf.layers.dense(inputs, units, kernel_initializer=kernel_initializer, name=name)


def conv2d(
    inputs: Tensor, filters: int, *, kernel_size: int, kernel_initializer: Any, name: str
) -> Tensor:
    """tf.layers.conv2d with a stride of 1, edges padded with zeros: pictures keep their size.

    Args:
      inputs: float32 `[batch, height, width, channels]`.
      filters: the number of outputs at each pixel.
      kernel_size: k, in pixels.
      kernel_initializer: initializes `name/kernel`, float32 `[k, k, channels, filters]`;
        `name/bias` starts at 0.
      name: scope of the variables.

    Returns:
      float32 `[batch, height, width, filters]`, before any activation.
    """
    with tf1_warnings_silenced():
        return tf.layers.conv2d(
            inputs,
            filters,
            kernel_size,
            padding="same",
            kernel_initializer=kernel_initializer,
            name=name,
        )


def max_pooling(inputs: Tensor) -> Tensor:
    """The largest of every 2 × 2 pixels; a last odd row or column is left out.

    From float32 `[batch, height, width, n]` to `[batch, height // 2, width // 2, n]`.
    """
    with tf1_warnings_silenced():
        return tf.layers.max_pooling2d(inputs, pool_size=2, strides=2)


def flatten(inputs: Tensor) -> Tensor:
    """tf.layers.flatten: each example's numbers in one row."""
    with tf1_warnings_silenced():
        return tf.layers.flatten(inputs)


def batch_normalization(
    inputs: Tensor,
    *,
    training: Tensor | bool,
    momentum: float,
    name: str,
    fused: bool | None = None,
) -> Tensor:
    """tf.layers.batch_normalization (Ioffe and Szegedy, 2015; the post's section 1).

    In training, normalizes each of the n features by the mini-batch's mean and variance and adds
    two ops to UPDATE_OPS that move `name/moving_mean` and `name/moving_variance`:
    moving ← momentum · moving + (1 − momentum) · batch. The train op must run them. Otherwise
    normalizes by these moving averages. The result is scaled by γ and shifted by β, which makes a
    bias in the layer before redundant: its gradient is zero.

    After a convolution a feature is a filter, and mean and variance are over all examples and
    pixels (the paper's section 3.2).

    Args:
      inputs: float32 `[batch, n]`, or `[batch, height, width, n]`.
      training: bool, Python's or a scalar tensor.
      momentum: α in the post's section 1.2, in [0, 1).
      name: scope of gamma, beta, moving_mean and moving_variance, each float32 `[n]`.
      fused: compute in one kernel, which moves `moving_variance` by the unbiased variance, of m
        numbers divided by m − 1; None: where there are pixels, as TensorFlow 1 does.

    Returns:
      float32 of the inputs' shape.
    """
    with tf1_warnings_silenced():
        return tf.layers.batch_normalization(
            inputs, training=training, momentum=momentum, epsilon=EPSILON, name=name, fused=fused
        )


def batch_normalization_by_hand(
    inputs: Tensor,
    *,
    training: Tensor | bool,
    momentum: float,
    name: str,
    fused: bool | None = None,
) -> Tensor:
    """`batch_normalization` on tf.nn.batch_normalization, which the post's section 1.4 names.

    Here everything tf.layers does is spelled out: moments, γ and β, moving averages, update ops.
    Same arguments, variables, UPDATE_OPS and values as `batch_normalization`.
    """
    shape, rank = inputs.shape[-1:], inputs.shape.rank
    with tf.variable_scope(name):
        gamma = tf.get_variable("gamma", shape, initializer=tf.ones_initializer())
        beta = tf.get_variable("beta", shape, initializer=tf.zeros_initializer())
        moving_mean = tf.get_variable(
            "moving_mean", shape, initializer=tf.zeros_initializer(), trainable=False
        )
        moving_variance = tf.get_variable(
            "moving_variance", shape, initializer=tf.ones_initializer(), trainable=False
        )
    with tf.name_scope(name):
        training = tf.convert_to_tensor(training)
        batch_mean, batch_variance = tf.nn.moments(inputs, axes=list(range(rank - 1)))
        variance = batch_variance
        if fused or (fused is None and rank == 4):
            variance = unbiased(batch_variance, n=tf.size(inputs) // shape[0])
        for moving, batch in [(moving_mean, batch_mean), (moving_variance, variance)]:
            decay = tf.where(training, tf.constant(1 - momentum, tf.float32), 0.0)
            update = tf.assign_sub(moving, (moving - batch) * decay)
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
        mean = tf.cond(training, lambda: batch_mean, lambda: tf.identity(moving_mean))
        variance = tf.cond(training, lambda: batch_variance, lambda: tf.identity(moving_variance))
        return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, EPSILON)


def unbiased(variance: Tensor, *, n: Tensor) -> Tensor:
    """The variance of `n` numbers (int32 scalar), divided by n, as if it had been by n − 1."""
    n = tf.cast(n, tf.float32)
    return variance * (n / tf.maximum(n - 1, 1))


def dropout(
    inputs: Tensor, rate: float, *, training: Tensor | bool, seed: int, step: Tensor
) -> Tensor:
    """Zero entries with probability `rate` in training and scale the others by 1 / (1 − rate).

    The mask is a function of `seed` and `step` alone, so that a resumed run and a compiled loop
    draw the same masks; tf.layers.dropout cannot promise that.

    Args:
      inputs: float32 of any shape.
      rate: in [0, 1).
      training: bool, Python's or a scalar tensor; when false the inputs pass unchanged.
      seed: one per layer.
      step: int64 scalar, the global step.
    """
    training = tf.convert_to_tensor(training)
    # Whole random integers under a given key: the one form of Philox (Salmon et al., 2011) whose
    # bits are the same in TensorFlow's own kernels and in XLA's.
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=tf.shape(inputs),
        key=tf.constant([seed], tf.uint64),
        counter=tf.stack([tf.constant(0, tf.uint64), tf.cast(step, tf.uint64)]),
        alg=1,  # Philox
        dtype=tf.uint32,
    )
    is_dropped = tf.logical_and(training, bits < tf.constant(int(rate * 2**32), tf.uint32))
    kept = tf.where(is_dropped, tf.zeros_like(inputs), inputs)
    return kept * tf.where(training, tf.constant(1 / (1 - rate), tf.float32), 1.0)

"""tensorflow.contrib.nn: alpha dropout, and cross entropies whose arguments are the other way."""

from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        "conv1d_transpose": "tensorflow.nn.conv1d_transpose",
        "nth_element": "tensorflow.python.ops.nn_ops.nth_element",
    },
)

_SELU_FLOOR = -1.7580993408473766  # what selu tends to for small values


def alpha_dropout(
    x: Any, keep_prob: Any, noise_shape: Any = None, seed: int | None = None, name: Any = None
) -> Any:
    """Dropout that keeps mean and variance of selu's outputs (arXiv:1706.02515)."""
    with tf.name_scope(name, "alpha_dropout", [x]):
        x = tf.convert_to_tensor(x, name="x")
        if isinstance(keep_prob, (int, float)) and not 0 < keep_prob <= 1:
            raise ValueError(
                "keep_prob must be a scalar tensor or a float in the range (0, 1], "
                f"got {keep_prob}"
            )
        keep_prob = tf.convert_to_tensor(keep_prob, dtype=x.dtype, name="keep_prob")
        if tf.get_static_value(keep_prob) == 1:
            return x
        shape = noise_shape if noise_shape is not None else tf.shape(x)
        noise = tf.random_uniform(shape, seed=seed, dtype=x.dtype)
        kept = tf.cast(tf.raw_ops.GreaterEqual(x=noise, y=1 - keep_prob), x.dtype)
        x = x * kept + _SELU_FLOOR * (1 - kept)
        a = (keep_prob + keep_prob * (1 - keep_prob) * _SELU_FLOOR**2) ** -0.5
        b = -a * _SELU_FLOOR * (1 - keep_prob)
        return a * x + b


def scaled_softplus(x: Any, alpha: Any, clip: Any = None, name: str | None = None) -> Any:
    """alpha * softplus(x / alpha), at most `clip`."""
    with tf.name_scope(name, "scaled_softplus", [x, alpha]):
        y = alpha * tf.nn.softplus(x / alpha)
        return y if clip is None else tf.minimum(y, clip)


def deprecated_flipped_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, dim: int = -1, name: str | None = None
) -> Any:
    """As tf.nn.softmax_cross_entropy_with_logits before TensorFlow 1.0."""
    return tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, dim=dim, name=name)


def deprecated_flipped_sparse_softmax_cross_entropy_with_logits(
    logits: Any, labels: Any, name: str | None = None
) -> Any:
    """As tf.nn.sparse_softmax_cross_entropy_with_logits before TensorFlow 1.0."""
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def deprecated_flipped_sigmoid_cross_entropy_with_logits(
    logits: Any, targets: Any, name: str | None = None
) -> Any:
    """As tf.nn.sigmoid_cross_entropy_with_logits before TensorFlow 1.0."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name=name)

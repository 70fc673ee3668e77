"""Random numbers and dropout, as TensorFlow 1 composed them."""

import numbers
from typing import Any, Callable

from tf1_dnn.run.compositions import replace
from tf1_dnn.run.compositions.counting import uncounted


def restore() -> None:
    """Restore tf.random_uniform, tf.random_gamma and every spelling of dropout."""
    from tensorflow.python.ops import nn_ops, random_ops, random_ops_util

    replace.everywhere(random_ops, "random_uniform", _random_uniform(random_ops.random_uniform))
    replace.everywhere(random_ops, "random_gamma", random_gamma)
    nn_ops._dropout = dropout
    # Stateless ops had no op that unpacks their seed, and none that names their algorithm.
    util = random_ops_util
    util.get_key_counter_alg = uncounted(util.get_key_counter_alg)


def _random_uniform(todays: Callable[..., Any]) -> Callable[..., Any]:
    def random_uniform(
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = "float32",
        seed: int | None = None,
        name: str | None = None,
    ) -> Any:
        """As tf.random_uniform: scaled and shifted even where the range is [0, 1)."""
        from tensorflow.python.framework import dtypes

        if isinstance(minval, int) and not dtypes.as_dtype(dtype).is_integer:
            minval = float(minval)  # the shortcut for [0, 1) is taken where both are ints
        return todays(shape, minval, maxval, dtype, seed, name)

    return random_uniform


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """As tf.random_gamma: alpha takes beta's shape by an addition of zeros."""
    import numpy as np
    import tensorflow.compat.v1 as tf
    from tensorflow.python.framework import random_seed, tensor_util

    with tf.name_scope(name, "random_gamma", [shape, alpha, beta]):
        shape = tf.convert_to_tensor(shape, name="shape", dtype=tf.int32)
        alpha = tf.convert_to_tensor(alpha, name="alpha", dtype=dtype)
        beta = tf.convert_to_tensor(1 if beta is None else beta, name="beta", dtype=dtype)
        alpha = alpha + tf.zeros_like(beta)
        seed1, seed2 = random_seed.get_seed(seed)
        drawn = tf.raw_ops.RandomGamma(shape=shape, alpha=alpha, seed=seed1 or 0, seed2=seed2 or 0)
        samples = tf.maximum(np.finfo(alpha.dtype.as_numpy_dtype).tiny, drawn / beta)
        static = tensor_util.constant_value_as_shape(shape)
        samples.set_shape(static.concatenate(alpha.shape))
        return samples


def dropout(
    x: Any,
    rate: Any,
    noise_shape: Any,
    uniform_sampler: Callable[..., Any],
    dummy_rng_step: Callable[[], None],
    name: str | None,
    default_name: str,
) -> Any:
    """x, scaled by 1 / (1 - rate), times a mask of zeros and ones, as in TensorFlow 1.15."""
    import tensorflow.compat.v1 as tf
    from tensorflow.python.framework import tensor_util
    from tensorflow.python.ops import nn_ops

    del dummy_rng_step  # nothing was drawn where nothing is dropped
    with tf.name_scope(name, default_name, [x]):
        x = tf.convert_to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(f"x has to be a floating point tensor, not a {x.dtype} tensor")
        if isinstance(rate, numbers.Real) and not 0 <= float(rate) < 1:
            raise ValueError(f"rate must be a scalar tensor or a float in [0, 1), got {rate:g}")
        if isinstance(rate, numbers.Real) and rate == 0:
            return x
        if not tf.executing_eagerly():
            rate = tf.convert_to_tensor(rate, dtype=x.dtype, name="rate")
            rate.shape.assert_has_rank(0)
        if tensor_util.constant_value(rate) == 0:
            return x
        drawn = uniform_sampler(shape=nn_ops._get_noise_shape(x, noise_shape), dtype=x.dtype)
        scale = 1 / (1 - rate)
        is_kept = drawn >= rate  # before the product: in a loop the order decides which step draws
        kept = x * scale * tf.cast(is_kept, x.dtype)
        kept.set_shape(x.shape)
        return kept

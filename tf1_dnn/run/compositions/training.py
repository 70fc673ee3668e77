"""Optimizers and learning rates, as TensorFlow 1 composed them."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace

Function = Callable[..., Any]


def restore() -> None:
    """Restore FTRL, the sparse step of gradient descent, and polynomial decay."""
    from tensorflow.python.keras.optimizer_v2 import legacy_learning_rate_decay
    from tensorflow.python.training import ftrl, gradient_descent

    replace.method(ftrl.FtrlOptimizer, "_create_slots", lambda _: ftrl_slots)
    replace.method(ftrl.FtrlOptimizer, "_prepare", lambda _: ftrl_prepare)
    descent = gradient_descent.GradientDescentOptimizer
    replace.method(descent, "_resource_apply_sparse_duplicate_indices", lambda _: sparse_descent)
    decay = legacy_learning_rate_decay
    replace.everywhere(decay, "polynomial_decay", _polynomial_decay(decay.polynomial_decay))


def ftrl_slots(self: Any, var_list: Any) -> None:
    """FTRL's slots, each with a constant initial value."""
    import tensorflow.compat.v1 as tf

    for v in var_list:
        with tf.colocate_with(v):
            value = tf.constant(self._initial_accumulator_value, v.dtype.base_dtype, v.shape)
            self._get_or_make_slot(v, value, "accum", self._accum_name or self._name)
            self._zeros_slot(v, "linear", self._linear_name or self._name)


def ftrl_prepare(self: Any) -> None:
    """FTRL's numbers as tensors: no beta yet, which today's steps find in the l2 penalty."""
    import tensorflow.compat.v1 as tf

    self._learning_rate_tensor = tf.convert_to_tensor(self._learning_rate, name="learning_rate")
    self._l1_regularization_strength_tensor = tf.convert_to_tensor(
        self._l1_regularization_strength, name="l1_regularization_strength"
    )
    self._adjusted_l2_regularization_strength_tensor = tf.convert_to_tensor(
        self._l2_regularization_strength, name="l2_regularization_strength"
    )
    self._l2_shrinkage_regularization_strength_tensor = tf.convert_to_tensor(
        self._l2_shrinkage_regularization_strength, name="l2_shrinkage_regularization_strength"
    )
    self._learning_rate_power_tensor = tf.convert_to_tensor(
        self._learning_rate_power, name="learning_rate_power"
    )


def sparse_descent(self: Any, grad: Any, handle: Any, indices: Any) -> Any:
    """Gradient descent on rows of a resource variable, with the learning rate as it was given."""
    from tensorflow.python.ops import gen_resource_variable_ops

    step = -grad * self._learning_rate
    return gen_resource_variable_ops.resource_scatter_add(handle.handle, indices, step)


@replace.in_graphs
def _polynomial_decay(_: Function) -> Function:
    def polynomial_decay(
        learning_rate: Any,
        global_step: Any,
        decay_steps: Any,
        end_learning_rate: Any = 0.0001,
        power: Any = 1.0,
        cycle: bool = False,
        name: str | None = None,
    ) -> Any:
        """As tf.train.polynomial_decay."""
        import tensorflow.compat.v1 as tf

        with tf.name_scope(name or "PolynomialDecay") as scope:
            rate = tf.convert_to_tensor(learning_rate, name="initial_learning_rate")
            end, power = tf.cast(end_learning_rate, rate.dtype), tf.cast(power, rate.dtype)
            step, n_steps = tf.cast(global_step, rate.dtype), tf.cast(decay_steps, rate.dtype)
            if cycle:
                n_cycles = tf.cond(
                    tf.equal(step, 0), lambda: 1.0, lambda: tf.ceil(step / decay_steps)
                )
                n_steps = tf.multiply(n_steps, n_cycles)
            else:
                step = tf.minimum(step, decay_steps)
            remaining = tf.pow(1 - tf.divide(step, n_steps), power)
            return tf.add(tf.multiply(rate - end, remaining), end, name=scope)

    return polynomial_decay

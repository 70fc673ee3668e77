"""tf.contrib.opt's kin of Adam: Nadam, AdaMax, and Adam that leaves rows not looked up alone."""

from typing import Any, NamedTuple

from tf1_dnn.compat import tf

_Adam: Any = tf.train.AdamOptimizer


class _Numbers(NamedTuple):
    """An optimizer's hyperparameters as tensors of a variable's dtype."""

    beta1_power: Any
    beta2_power: Any
    rate: Any
    beta1: Any
    beta2: Any
    epsilon: Any


def _numbers(optimizer: Any, dtype: Any) -> _Numbers:
    parts = (
        *optimizer._get_beta_accumulators(),
        optimizer._lr_t,
        optimizer._beta1_t,
        optimizer._beta2_t,
        optimizer._epsilon_t,
    )
    return _Numbers(*(tf.cast(part, dtype) for part in parts))


class NadamOptimizer(_Adam):
    """Adam with Nesterov momentum (Dozat 2015)."""

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        numbers = _numbers(self, var.dtype.base_dtype)
        return (
            _training_ops()
            .apply_adam(var, m, v, *numbers, grad, use_locking=self._use_locking, use_nesterov=True)
            .op
        )

    def _resource_apply_dense(self, grad: Any, var: Any) -> Any:
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        return _training_ops().resource_apply_adam(
            var.handle,
            m.handle,
            v.handle,
            *_numbers(self, grad.dtype.base_dtype),
            grad,
            use_locking=self._use_locking,
            use_nesterov=True,
        )

    def _apply_sparse_shared(self, grad: Any, var: Any, indices: Any, scatter_add: Any) -> Any:
        n = _numbers(self, var.dtype.base_dtype)
        rate = n.rate * tf.sqrt(1 - n.beta2_power) / (1 - n.beta1_power)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        scaled = grad * (1 - n.beta1)
        m_t = tf.assign(m, m * n.beta1, use_locking=self._use_locking)
        with tf.control_dependencies([m_t]):
            m_t = scatter_add(m, indices, scaled)
            m_bar = scaled + n.beta1 * tf.gather(m_t, indices)
        squares = grad * grad * (1 - n.beta2)
        v_t = tf.assign(v, v * n.beta2, use_locking=self._use_locking)
        with tf.control_dependencies([v_t]):
            v_t = scatter_add(v, indices, squares)
        root = tf.sqrt(tf.gather(v_t, indices))
        update = scatter_add(var, indices, -rate * m_bar / (root + n.epsilon))
        return tf.group(update, m_bar, v_t)


class LazyAdamOptimizer(_Adam):
    """Adam that updates only the rows, and only the moments, of what was looked up."""

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        n = _numbers(self, var.dtype.base_dtype)
        rate = n.rate * tf.sqrt(1 - n.beta2_power) / (1 - n.beta1_power)
        rows, locking = grad.indices, self._use_locking
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        new_m = n.beta1 * tf.gather(m, rows) + (1 - n.beta1) * grad.values
        m_t = tf.scatter_update(m, rows, new_m, use_locking=locking)
        new_v = n.beta2 * tf.gather(v, rows) + (1 - n.beta2) * tf.square(grad.values)
        v_t = tf.scatter_update(v, rows, new_v, use_locking=locking)
        m_rows, v_rows = tf.gather(m_t, rows), tf.gather(v_t, rows)
        root = tf.sqrt(v_rows) + n.epsilon
        update = tf.scatter_sub(var, rows, rate * m_rows / root, use_locking=locking)
        return tf.group(update, m_t, v_t)

    def _resource_apply_sparse(self, grad: Any, var: Any, indices: Any) -> Any:
        n = _numbers(self, var.dtype.base_dtype)
        rate = n.rate * tf.sqrt(1 - n.beta2_power) / (1 - n.beta1_power)
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        m_rows = n.beta1 * tf.gather(m, indices) + (1 - n.beta1) * grad
        m_t = _scatter("Update", m, indices, m_rows)
        v_rows = n.beta2 * tf.gather(v, indices) + (1 - n.beta2) * tf.square(grad)
        v_t = _scatter("Update", v, indices, v_rows)
        step = rate * m_rows / (tf.sqrt(v_rows) + n.epsilon)
        return tf.group(_scatter("Sub", var, indices, step), m_t, v_t)


class AdaMaxOptimizer(_Adam):
    """Adam with the largest gradient in the place of the mean square (arXiv:1412.6980, 7.1)."""

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta1: Any = 0.9,
        beta2: Any = 0.999,
        epsilon: Any = 1e-8,
        use_locking: bool = False,
        name: str = "AdaMax",
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon, use_locking, name)

    def _get_beta_accumulators(self) -> Any:
        graph = None if tf.executing_eagerly() else tf.get_default_graph()
        return self._get_non_slot_variable("beta1_power", graph=graph)

    def _create_slots(self, var_list: Any) -> None:
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", colocate_with=first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _hyperparameters(self, dtype: Any) -> list[Any]:
        power = self._get_beta_accumulators()
        parts = (power, self._lr_t, self._beta1_t, self._beta2_t, self._epsilon_t)
        return [tf.cast(part, dtype) for part in parts]

    def _apply_dense(self, grad: Any, var: Any) -> Any:
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        numbers = self._hyperparameters(var.dtype.base_dtype)
        return (
            _training_ops()
            .apply_ada_max(var, m, v, *numbers, grad, use_locking=self._use_locking)
            .op
        )

    def _resource_apply_dense(self, grad: Any, var: Any) -> Any:
        m, v = self.get_slot(var, "m").handle, self.get_slot(var, "v").handle
        numbers = self._hyperparameters(grad.dtype.base_dtype)
        return _training_ops().resource_apply_ada_max(
            var.handle, m, v, *numbers, grad, use_locking=self._use_locking
        )

    def _apply_sparse(self, grad: Any, var: Any) -> Any:
        def scatter(kind: str, target: Any, rows: Any, values: Any) -> Any:
            op = tf.scatter_update if kind == "Update" else tf.scatter_add
            return op(target, rows, values, use_locking=self._use_locking)

        return self._apply_rows(grad.values, var, grad.indices, scatter)

    def _resource_apply_sparse(self, grad: Any, var: Any, indices: Any) -> Any:
        return self._apply_rows(grad, var, indices, _scatter)

    def _apply_rows(self, grad: Any, var: Any, indices: Any, scatter: Any) -> Any:
        numbers = self._hyperparameters(var.dtype.base_dtype)
        power, rate, beta1, beta2, epsilon = numbers
        m, v = self.get_slot(var, "m"), self.get_slot(var, "v")
        m_rows = tf.gather(m, indices) * beta1 + grad * (1 - beta1)
        with tf.control_dependencies([m_rows]):
            m_t = scatter("Update", m, indices, m_rows)
        v_rows = tf.maximum(tf.gather(v, indices) * beta2, tf.abs(grad))
        with tf.control_dependencies([v_rows]):
            v_t = scatter("Update", v, indices, v_rows)
        step = -rate / (1 - power) * (m_rows / (v_rows + epsilon))
        with tf.control_dependencies([step]):
            update = scatter("Add", var, indices, step)
        return tf.group(update, m_t, v_t)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        with tf.control_dependencies(update_ops):
            power = self._get_beta_accumulators()
            with tf.colocate_with(power):
                new_power = power.assign(power * self._beta1_t, use_locking=self._use_locking)
        return tf.group(*update_ops, new_power, name=name_scope)


def _training_ops() -> Any:
    from tensorflow.python.ops import gen_training_ops

    return gen_training_ops


def _scatter(kind: str, var: Any, indices: Any, values: Any) -> Any:
    """ResourceScatterUpdate, ResourceScatterSub or ResourceScatterAdd."""
    op = getattr(tf.raw_ops, f"ResourceScatter{kind}")
    return op(resource=var.handle, indices=indices, updates=values)

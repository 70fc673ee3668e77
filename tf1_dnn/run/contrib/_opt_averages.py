"""tf.contrib.opt.MovingAverageOptimizer: saves the variables' averages in their place."""

from typing import Any

from tf1_dnn.compat import tf


class MovingAverageOptimizer(tf.train.Optimizer):
    """An optimizer, after whose steps the moving averages of the variables are updated."""

    def __init__(
        self,
        opt: Any,
        average_decay: Any = 0.9999,
        num_updates: Any = None,
        sequential_update: bool = True,
    ) -> None:
        self._optimizer = opt
        self._ema = tf.train.ExponentialMovingAverage(average_decay, num_updates=num_updates)
        self._swapped: dict[str, str] | None = None
        self._sequential_update = sequential_update

    def compute_gradients(self, *args: Any, **kwargs: Any) -> Any:
        """As the optimizer's."""
        return self._optimizer.compute_gradients(*args, **kwargs)

    def apply_gradients(
        self, grads_and_vars: Any, global_step: Any = None, name: str | None = None
    ) -> Any:
        """The optimizer's step, and the averages' update: behind it, if sequential."""
        train_op = self._optimizer.apply_gradients(grads_and_vars, global_step, name)
        variables = [var for grad, var in grads_and_vars if grad is not None]
        with tf.control_dependencies([train_op] if self._sequential_update else []):
            update = self._ema.apply(variables)
        self._swapped = {}
        for var in variables:
            average = self._ema.average(var)
            self._swapped[var.op.name] = average.op.name
            self._swapped[average.op.name] = var.op.name
        return tf.group(train_op, update, name="train_with_avg")

    def swapping_saver(
        self, var_list: Any = None, name: str = "swapping_saver", **kwargs: Any
    ) -> Any:
        """A Saver that writes each average under its variable's name, and the other way round."""
        if self._swapped is None:
            raise RuntimeError(
                "Must call apply_gradients or minimize before creating the swapping_saver"
            )
        variables = tf.global_variables() if var_list is None else var_list
        if not isinstance(variables, dict):
            variables = {var.op.name: var for var in variables}
        for variable in variables:
            if self._swapped.get(variable, variable) not in variables:
                raise ValueError(
                    f"Variable to swap {self._swapped[variable]} is not part of variables to "
                    "save. This breaks MovingAverageOptimizer."
                )
        swapped = {key: variables[self._swapped.get(key, key)] for key in variables}
        return tf.train.Saver(swapped, name=name, **kwargs)

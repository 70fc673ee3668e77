"""tensorflow.contrib.eager: gradients of functions, variables and iterators for eager programs."""

from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

_BACKPROP = "tensorflow.python.eager.backprop"
_CONTEXT = "tensorflow.python.eager.context"

__getattr__, __dir__ = names_from(
    __name__,
    renamed={
        "Checkpoint": "tensorflow.train.Checkpoint",
        "Checkpointable": "tensorflow.python.trackable.autotrackable.AutoTrackable",
        "EagerVariableStore": "tensorflow.python.ops.variable_scope.EagerVariableStore",
        "GradientTape": "tensorflow.GradientTape",
        "TensorSpec": "tensorflow.TensorSpec",
        "Variable": "tensorflow.python.ops.resource_variable_ops.ResourceVariable",
        "custom_gradient": "tensorflow.custom_gradient",
        "defun": "tensorflow.compat.v2.function",
        "enable_eager_execution": "tensorflow.enable_eager_execution",
        "executing_eagerly": "tensorflow.executing_eagerly",
        "function": "tensorflow.compat.v2.function",
        "gradients_function": f"{_BACKPROP}.gradients_function",
        "implicit_gradients": f"{_BACKPROP}.implicit_grad",
        "implicit_value_and_gradients": f"{_BACKPROP}.implicit_val_and_grad",
        "in_eager_mode": "tensorflow.executing_eagerly",
        "list_devices": f"{_CONTEXT}.list_devices",
        "make_template": "tensorflow.make_template",
        "num_gpus": f"{_CONTEXT}.num_gpus",
        "py_func": "tensorflow.py_function",
        "value_and_gradients_function": f"{_BACKPROP}.val_and_grad_function",
        "DEVICE_PLACEMENT_EXPLICIT": f"{_CONTEXT}.DEVICE_PLACEMENT_EXPLICIT",
        "DEVICE_PLACEMENT_SILENT": f"{_CONTEXT}.DEVICE_PLACEMENT_SILENT",
        "DEVICE_PLACEMENT_WARN": f"{_CONTEXT}.DEVICE_PLACEMENT_WARN",
    },
)


class Iterator:
    """A dataset's elements, one by one."""

    def __init__(self, dataset: Any) -> None:
        self._elements = iter(dataset)

    def __iter__(self) -> "Iterator":
        return self

    def __next__(self) -> Any:
        return next(self._elements)

    next = __next__

    def get_next(self) -> Any:
        """The next element. Raises tf.errors.OutOfRangeError behind the last."""
        return self._elements.get_next()


class Saver:
    """tf.train.Saver without a session."""

    def __init__(self, var_list: Any) -> None:
        if not tf.executing_eagerly():
            raise RuntimeError(
                "tfe.Saver can only be used when eager execution is enabled. Use tf.train.Saver "
                "when building graphs."
            )
        self._saver = tf.train.Saver(var_list=var_list)

    def save(self, file_prefix: str, global_step: Any = None) -> str:
        """Write a checkpoint; returns its prefix."""
        path = self._saver.save(None, file_prefix, global_step, write_meta_graph=False)
        return str(path)

    def restore(self, file_prefix: str) -> None:
        """Give the variables the checkpoint's values."""
        self._saver.restore(None, file_prefix)


def get_optimizer_variables(optimizer: Any) -> Any:
    """The variables of an optimizer."""
    return optimizer.variables()

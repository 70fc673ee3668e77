"""tf.get_variable's regularizers, which TensorFlow 1 ran once."""

from typing import Any, Callable

from tf1_dnn.run.compositions import replace


def restore() -> None:
    """Restore the one penalty of each variable."""
    from tensorflow.python.ops import variable_scope

    replace.method(variable_scope._VariableStore, "_get_single_variable", _regularized_once)


def _regularized_once(todays: Callable[..., Any]) -> Callable[..., Any]:
    def get_single_variable(self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
        import tensorflow.compat.v1 as tf

        regularizer: Any = kwargs.get("regularizer")
        penalties: list[Any] = []

        def once(variable: Any) -> Any:
            if not penalties:
                with tf.colocate_with(variable), tf.name_scope(f"{name}/Regularizer/"):
                    penalties.append(regularizer(variable))
            return penalties[0]

        if regularizer and not tf.executing_eagerly():
            kwargs["regularizer"] = once
        return todays(self, name, *args, **kwargs)

    return get_single_variable

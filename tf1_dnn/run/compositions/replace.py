"""A function of TensorFlow, replaced wherever it is known by name."""

import functools
import sys
from typing import Any, Callable


def everywhere(module: Any, name: str, new: Callable[..., Any]) -> None:
    """Put `new` in the place of the module's function, and of what TensorFlow's API calls it."""
    old = getattr(module, name)
    setattr(module, name, functools.wraps(old)(new))
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").startswith(("tensorflow.", "tf_keras.")):
            for key in [key for key, value in vars(other).items() if value is old]:
                setattr(other, key, new)


def gradient(op_type: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put `make(today's)` in the place of the gradient function that a type of op has today.

    Only graphs get it: eager gradients have the same values, and no op seed depends on them.
    """
    from tensorflow.python.eager import context
    from tensorflow.python.framework import ops

    todays = ops.gradient_registry.lookup(op_type)
    new = make(todays)

    def gradient_function(op: Any, *grads: Any) -> Any:
        return (todays if context.executing_eagerly() else new)(op, *grads)

    ops.gradient_registry._registry[op_type]["type"] = gradient_function

"""A function of TensorFlow, replaced wherever it is known by name."""

import functools
import inspect
import sys
import types
from typing import Any, Callable

Function = Callable[..., Any]


def everywhere(module: Any, name: str, new: Function) -> None:
    """Put `new` in the place of the module's function, and of what TensorFlow's API calls it."""
    old = inspect.unwrap(getattr(module, name))
    new = functools.wraps(old)(new)
    for other in _modules():
        # The API's modules are wrapped, to warn of deprecated names.
        names = vars(vars(other).get("_tfmw_wrapped_module", other))
        for key in [key for key, value in names.items() if _is(value, old)]:
            setattr(other, key, new)


def _is(value: Any, function: Function) -> bool:
    """Whether this is the function, whatever decorators add to it."""
    if not isinstance(value, types.FunctionType) or value.__name__ != function.__name__:
        return False
    return inspect.unwrap(value) is function


@functools.lru_cache(maxsize=1)
def _modules() -> list[Any]:
    names = ("tensorflow.", "tf_keras.")
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(names)]
    return [module for module in modules if hasattr(module, "__dict__")]


def method(owner: type, name: str, make: Callable[[Function], Function]) -> None:
    """Put `make(today's)` in the place of a class's method."""
    todays = getattr(owner, name)
    setattr(owner, name, functools.wraps(todays)(make(todays)))


def gradient(op_type: str, make: Callable[[Function], Function]) -> None:
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

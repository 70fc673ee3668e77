"""A function of TensorFlow, replaced wherever it is known by name."""

import collections
import functools
import inspect
import sys
import types
from typing import Any, Callable

Function = Callable[..., Any]

_API = ("tensorflow._api.", "tensorflow.compat", "tensorflow.python.ops.standard_ops")


def everywhere(module: Any, name: str, new: Function) -> None:
    """Put `new` in the place of the module's function, and of what TensorFlow's API calls it."""
    old = inspect.unwrap(getattr(module, name))
    new = functools.wraps(old)(new)
    setattr(module, name, new)
    for other, key, value in _api()[old.__name__]:
        if inspect.unwrap(value) is old:  # whatever decorators add to it
            setattr(other, key, new)


@functools.lru_cache(maxsize=1)
def _api() -> dict[str, list[tuple[Any, str, Function]]]:
    """The API's functions by the names they were defined by: the module, their name in it, they."""
    found: dict[str, list[tuple[Any, str, Function]]] = collections.defaultdict(list)
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(_API) and hasattr(module, "__dict__"):
            # The API's modules are wrapped, to warn of deprecated names.
            names = vars(vars(module).get("_tfmw_wrapped_module", module))
            for key, value in names.items():
                if type(value) is types.FunctionType:
                    found[value.__name__].append((module, key, value))
    return found


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

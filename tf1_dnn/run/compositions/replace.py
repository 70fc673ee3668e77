"""A function of TensorFlow, replaced wherever it is known by name."""

import functools
import inspect
import sys
import types
from typing import Any, Callable

Function = Callable[..., Any]

_API = ("tensorflow._api.", "tensorflow.compat", "tensorflow.python.ops.standard_ops")


_replaced: dict[Function, Function] = {}


def everywhere(module: Any, name: str, new: Function) -> None:
    """Put `new` in the place of the module's function, and with `in_api` of what the API has."""
    old = inspect.unwrap(getattr(module, name))
    _replaced[old] = functools.wraps(old)(new)
    setattr(module, name, _replaced[old])


def in_api() -> None:
    """Put what is new in the place of what TensorFlow's API, under any name, has of the old."""
    names = {old.__name__ for old in _replaced}
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(_API):
            # The API's modules are wrapped, to warn of deprecated names.
            for key, value in list(vars(vars(module).get("_tfmw_wrapped_module", module)).items()):
                if type(value) is types.FunctionType and value.__name__ in names:
                    new = _replaced.get(inspect.unwrap(value))  # whatever decorators add to it
                    if new is not None:
                        setattr(module, key, new)


def method(owner: type, name: str, make: Callable[[Function], Function]) -> None:
    """Put `make(today's)` in the place of a class's method."""
    todays = getattr(owner, name)
    setattr(owner, name, functools.wraps(todays)(make(todays)))


def as_seen_by(user: Any, module: str, name: str, make: Callable[[Function], Function]) -> None:
    """Put `make(today's)` in the place of `module.name` for one module of TensorFlow alone."""
    names = types.SimpleNamespace(**vars(getattr(user, module)))
    setattr(names, name, make(getattr(names, name)))
    setattr(user, module, names)


def in_graphs(make: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """`make`, for graphs alone: executing eagerly, today's function is called.

    Eager values are the same, and no op seed depends on what was built for them.
    """

    def made(todays: Function) -> Function:
        from tensorflow.python.eager import context

        new = make(todays)

        def function(*args: Any, **kwargs: Any) -> Any:
            return (todays if context.executing_eagerly() else new)(*args, **kwargs)

        return function

    return made


def gradient(op_type: str, make: Callable[[Function], Function]) -> None:
    """Put `make(today's)` in the place of a type of op's gradient function, in graphs."""
    from tensorflow.python.framework import ops

    new = in_graphs(make)(ops.gradient_registry.lookup(op_type))
    ops.gradient_registry._registry[op_type]["type"] = new

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

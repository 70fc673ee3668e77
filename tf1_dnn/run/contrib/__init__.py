"""tensorflow.contrib: each module here stands for the package of its name."""

import importlib
import importlib.machinery
import pkgutil
from typing import Any

from tf1_dnn.run import gone


def is_restored(package: str) -> bool:
    """Whether a module here stands for this contrib package."""
    found = importlib.machinery.PathFinder.find_spec(f"{__name__}.{package}", __path__)
    return not package.startswith("_") and found is not None


def __getattr__(name: str) -> Any:
    if not is_restored(name):
        raise gone.attribute_error(f"tensorflow.contrib.{name}")
    return importlib.import_module(f"tensorflow.contrib.{name}")


def __dir__() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return sorted(name for name in names if not name.startswith("_"))

"""tensorflow.contrib: each module here stands for the package of its name."""

import importlib
import importlib.util
from typing import Any

from tf1_dnn.run import gone


def __getattr__(name: str) -> Any:
    if importlib.util.find_spec(f"{__name__}.{name}") is None:
        raise gone.attribute_error(f"tensorflow.contrib.{name}")
    return importlib.import_module(f"tensorflow.contrib.{name}")

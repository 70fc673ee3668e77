"""tensorflow.contrib.tensorboard: the projector, which the package tensorboard has."""

import types
from typing import Any

from tf1_dnn.run import gone
from tf1_dnn.run.contrib import _projector
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__)


def _explain(name: str) -> Any:
    raise gone.attribute_error(f"{plugins.__name__}.{name}")


plugins = types.ModuleType("tensorflow.contrib.tensorboard.plugins")
vars(plugins).update(projector=_projector, __path__=[], __getattr__=_explain)

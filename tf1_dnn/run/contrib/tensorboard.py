"""tensorflow.contrib.tensorboard: the projector, which the package tensorboard has."""

import types

from tf1_dnn.run.contrib import _projector
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__)

plugins = types.ModuleType("tensorflow.contrib.tensorboard.plugins")
vars(plugins).update(projector=_projector, __path__=[])

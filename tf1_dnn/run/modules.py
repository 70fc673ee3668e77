"""What `import tensorflow` gives: TensorFlow 1's names, and the packages that are gone, restored.

`tensorflow` becomes a module with the names of tensorflow.compat.v1. Packages that TensorFlow
no longer has are found under their old names in this room, at the moment they are asked for.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any, Sequence

from tf1_dnn.run import gone

API_VERSION = "1.15.5"  # programs of both worlds branch on it, and have to take TensorFlow 1's side

# Old package: where it lives in this room. A package's modules lie below it under the same names.
RESTORED = {
    "tensorflow.contrib": "tf1_dnn.run.contrib",
    "tensorflow.examples.tutorials.mnist.input_data": "tf1_dnn.run.input_data",
}
# Old module: what has its names today, a module or the path to something in one.
MOVED = {
    "tensorflow.python.layers.base": "tf_keras.src.legacy_tf_layers.base",
    "tensorflow.python.layers.core": "tf_keras.src.legacy_tf_layers.core",
    "tensorflow.python.layers.convolutional": "tf_keras.src.legacy_tf_layers.convolutional",
    "tensorflow.python.layers.normalization": "tf_keras.src.legacy_tf_layers.normalization",
    "tensorflow.python.layers.pooling": "tf_keras.src.legacy_tf_layers.pooling",
    "tensorflow.python.ops.rnn_cell": "tf1_dnn.run.contrib.rnn",
    "tensorflow.python.ops.rnn_cell_impl": "tf1_dnn.run.contrib.rnn",
    "tensorflow.python.ops.seq2seq": "tf1_dnn.run.contrib.legacy_seq2seq",
}


class TensorFlow1(types.ModuleType):
    """The module `tensorflow`, with tensorflow.compat.v1's names, found as they are asked for."""

    def __init__(self, tensorflow: Any, v1: Any) -> None:
        super().__init__("tensorflow", v1.__doc__)
        self.__path__ = list(tensorflow.__path__)
        self.__spec__, self.__file__ = tensorflow.__spec__, tensorflow.__file__
        self.__version__ = self.VERSION = API_VERSION
        self.__all__ = [name for name in dir(v1) if not name.startswith("_")]
        self.compat = tensorflow.compat
        self._v1 = v1

    def __getattr__(self, name: str) -> Any:
        old_name = f"tensorflow.{name}"
        if old_name in RESTORED:
            return importlib.import_module(old_name)
        if not hasattr(self._v1, name):
            raise gone.attribute_error(old_name)
        value = getattr(self._v1, name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._v1), *(name.partition(".")[2] for name in RESTORED)})


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tensorflow.NAME` where NAME is a restored package or a module of the old API."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("tensorflow."):
            return None
        if _restored(fullname) or isinstance(_api_module(fullname), types.ModuleType):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """Put the module that is meant in the place of the empty one that import made."""
        name = module.__name__
        here = _restored(name)
        sys.modules[name] = importlib.import_module(here) if here else _api_module(name)


def install(tensorflow: Any, v1: Any) -> None:
    """Let `import tensorflow` and `from tensorflow...` give TensorFlow 1 from here on."""
    sys.modules["tensorflow"] = TensorFlow1(tensorflow, v1)
    sys.meta_path.insert(0, Finder())


def _restored(name: str) -> str | None:
    """The module of this room that stands for an old package or a module in it."""
    for old, new in RESTORED.items():
        if name == old or name.startswith(f"{old}."):
            return new + name[len(old) :]
    return None


def _api_module(name: str) -> Any:
    """The module that TensorFlow 1's API has under this name, None if it has none."""
    value: Any = sys.modules["tensorflow"]
    for part in name.split(".")[1:]:
        value = getattr(value, part, None)
    return value

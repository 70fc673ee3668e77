"""What `import tensorflow` gives: TensorFlow 1's names, and the packages that are gone, restored.

`tensorflow` becomes a module with the names of tensorflow.compat.v1. Packages that TensorFlow
no longer has are found under their old names in this room, at the moment they are asked for.
"""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any, Callable, Sequence

from tf1_dnn.run import gone, moved

API_VERSION = "1.15.5"  # programs of both worlds branch on it, and have to take TensorFlow 1's side

# Old package: where it lives in this room. A package's modules lie below it under the same names.
RESTORED = {
    "tensorflow.contrib": "tf1_dnn.run.contrib",
    "tensorflow.examples.tutorials.mnist.input_data": "tf1_dnn.run.input_data",
}
_CONTRIB_HERE = RESTORED["tensorflow.contrib"]

# The folders and files of contrib's source tree that programs name in deep imports, such as
# tensorflow.contrib.layers.python.layers.utils. They have the names of their contrib package.
_TREE = frozenset("""ops layers framework training slim learn losses metrics opt data util
    arg_scope attention_wrapper basic_decoder beam_search_decoder checkpoint_utils classification
    core_rnn core_rnn_cell core_rnn_cell_impl crf decoder embedding_ops encoders fused_rnn_cell
    gru_ops helper histogram_ops hparam initializers loss loss_ops lstm_ops metric_ops
    nadam_optimizer normalization optimizers preprocessing regularizers rnn rnn_cell seq2seq
    summaries tensor_util text variables weight_decay_optimizers""".split())


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
        if any(old == old_name or old.startswith(f"{old_name}.") for old in RESTORED):
            return importlib.import_module(old_name)
        if not hasattr(self._v1, name):
            raise gone.attribute_error(old_name)
        value = getattr(self._v1, name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._v1), *(name.split(".")[1] for name in RESTORED)})


class Tree(types.ModuleType):
    """A folder or file of a contrib package's source tree, with that package's names."""

    def __init__(self, name: str, package: Any) -> None:
        super().__init__(name, package.__doc__)
        self.__path__: list[str] = []
        self._package = package

    def __getattr__(self, name: str) -> Any:
        if name in _TREE and not hasattr(self._package, name):
            return importlib.import_module(f"{self.__name__}.{name}")
        return getattr(self._package, name)

    def __setattr__(self, name: str, value: Any) -> None:
        # Import makes every module an attribute of its parent: a function of that name goes first.
        if not (isinstance(value, Tree) and hasattr(self._package, name)):
            super().__setattr__(name, value)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tensorflow.NAME` where NAME is a restored package or a module of the old API.

    And `keras`, the package of its own that was Keras 2: today's is Keras 3, and wants no graphs.

    Raises ModuleNotFoundError, with a sentence, for what is known to be gone.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.startswith(f"{_CONTRIB_HERE}."):
            _explain(fullname)
        if not fullname.startswith(("tensorflow.", "keras.")) and fullname != "keras":
            return None
        if _module(fullname) is not None:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if gone.is_known(fullname):
            raise gone.module_error(fullname)
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        """Put the module that is meant in the place of the empty one that import made."""
        sys.modules[module.__name__] = _module(module.__name__)


def install(tensorflow: Any, v1: Any) -> None:
    """Let `import tensorflow` and `from tensorflow...` give TensorFlow 1 from here on."""
    moved.restore()
    sys.modules["tensorflow"] = TensorFlow1(tensorflow, v1)
    sys.meta_path.insert(0, Finder())
    for name in ("nn", "train"):
        module = getattr(v1, name)
        module = getattr(module, "_tfmw_wrapped_module", module)  # TensorFlow's own wrapper
        vars(module).setdefault("__getattr__", _explainer(f"tensorflow.{name}"))


def _explainer(package: str) -> Callable[[str], Any]:
    """A module's `__getattr__` that says what is known of the names that it lacks."""

    def explain(name: str) -> Any:
        raise gone.attribute_error(f"{package}.{name}")

    return explain


def _module(name: str) -> Any:
    """The module that stands for an old one, None if there is none."""
    if name in moved.MODULES:
        return importlib.import_module(moved.MODULES[name])
    if name.startswith("tensorflow.contrib."):
        return _contrib_module(name)
    for old, new in RESTORED.items():
        if name == old:
            return importlib.import_module(new)
        if old.startswith(f"{name}."):  # a folder on the way to it
            folder = types.ModuleType(name)
            folder.__path__ = []
            return folder
    value = _api_value(f"tensorflow.{name}" if name.partition(".")[0] == "keras" else name)
    return value if isinstance(value, types.ModuleType) else None


def _contrib_module(name: str) -> Any:
    """The module of this room for a contrib package, a module in it, or a deep import."""
    package, *rest = name.split(".")[2:]
    if not importlib.import_module(_CONTRIB_HERE).is_restored(package):
        return None
    value = contrib = importlib.import_module(f"{_CONTRIB_HERE}.{package}")
    folders = ("python", "ops", package) if "python" in rest else ()
    for part in rest:
        inner = None if part in folders else getattr(value, part, None)
        if isinstance(inner, types.ModuleType):
            value = inner
        elif not (folders and part in (*folders, *_TREE)):
            return None
    return Tree(name, value) if folders and value is contrib else value


def _explain(name: str) -> None:
    """Raise for `from tensorflow.contrib... import NAME` where there is no such name."""
    package, _, attribute = name.rpartition(".")
    if not attribute.startswith("_") and package in sys.modules:
        if package == _CONTRIB_HERE and sys.modules[package].is_restored(attribute):
            return
        try:
            getattr(sys.modules[package], attribute)
        except AttributeError as error:
            raise ModuleNotFoundError(str(error)) from None


def _api_value(name: str) -> Any:
    """What TensorFlow 1's API has under this name, None if it has nothing."""
    value: Any = sys.modules["tensorflow"]
    for part in name.split(".")[1:]:
        value = getattr(value, part, None)
    return value

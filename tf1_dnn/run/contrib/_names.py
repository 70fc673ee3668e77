"""How a module of this package finds its names: its own first, then those that live elsewhere."""

import importlib
import sys
import types
from typing import Any, Callable, Sequence

from tf1_dnn.run import gone

_MISSING = object()


class Names:
    """The names of one contrib package, found when they are asked for.

    `places` are searched in their order, and then `unlisted` ones, whose names `dir` and
    `import *` do not show: a module ("tf_slim.layers"), or the path of attributes to something
    that has names ("tensorflow.nn.rnn_cell"). `renamed` says where a name lives under another
    one: {"set_size": "tensorflow.sets.size"}.
    """

    def __init__(
        self, module: str, places: Sequence[str], unlisted: Sequence[str], renamed: dict[str, str]
    ) -> None:
        self.module = sys.modules[module]
        self.old_name = f"tensorflow.contrib.{module.partition('.contrib.')[2]}"
        self.places, self.unlisted, self.renamed = places, unlisted, renamed

    def find(self, name: str) -> Any:
        """The value, kept in the module. Raises AttributeError, with a sentence, for none."""
        if name == "__all__":
            return [found for found in self.all() if not found.startswith("_")]
        if name == "python":  # the folder of the implementation in TensorFlow 1's source tree
            return importlib.import_module(f"{self.old_name}.python")
        value = _MISSING if name.startswith("__") else self._value(name)
        if value is _MISSING:
            raise gone.attribute_error(f"{self.old_name}.{name}")
        setattr(self.module, name, value)
        return value

    def _value(self, name: str) -> Any:
        wanted = f"{self.old_name}.{name}"
        if name in self.renamed:
            return self._resolve(self.renamed[name], wanted)
        for place in (*self.places, *self.unlisted):
            source = self._resolve(place, wanted)
            value = getattr(source, name, _MISSING)
            if value is not _MISSING and not _is_foreign(value, source):
                return value
        return _MISSING

    def all(self) -> list[str]:
        """Every name that is shown: the module's own, and those that live elsewhere."""
        own = {name for name, value in vars(self.module).items() if self._is_own(name, value)}
        found = own.union(self.renamed)
        for place in self.places:
            found.update(public_names(self._resolve(place, self.old_name)))
        return sorted(found)

    def _is_own(self, name: str, value: Any) -> bool:
        here = "run.contrib" in getattr(value, "__module__", "")
        return here and not name.startswith("_") and value is not names_from

    def _resolve(self, path: str, wanted: str) -> Any:
        try:
            return resolve(path)
        except Exception as error:  # whatever an unmaintained package does on a new TensorFlow
            raise gone.source_error(wanted, path.partition(".")[0], error) from error


def names_from(
    module: str,
    *places: str,
    unlisted: Sequence[str] = (),
    renamed: dict[str, str] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a module of this package: its own names, and the places'."""
    names = Names(module, places, unlisted, renamed or {})
    names.module.__path__ = []  # so that `from it import NAME` asks the finder, which can explain
    return names.find, names.all


def resolve(path: str) -> Any:
    """What a dotted path stands for: attributes, and modules that are not imported yet."""
    root, *parts = path.split(".")
    value: Any = importlib.import_module(root)
    for part in parts:
        inner = f"{getattr(value, '__name__', '')}.{part}"
        if inner in sys.modules:  # first, since a package's attribute may be another thing
            value = sys.modules[inner]
        elif isinstance(value, types.ModuleType) and not hasattr(value, part):
            value = importlib.import_module(inner)
        else:
            value = getattr(value, part)
    return value


def _is_foreign(value: Any, source: Any) -> bool:
    """Whether it is a module that the place merely imported."""
    inner = f"{source.__name__}."
    return isinstance(value, types.ModuleType) and not value.__name__.startswith(inner)


def public_names(place: Any) -> list[str]:
    """The names that a place exports: no private ones, and no modules that it merely imported."""
    exported = getattr(place, "__all__", None)
    if exported is not None:
        return list(exported)
    names = [name for name in dir(place) if not name.startswith("_")]
    if place.__name__.startswith("tf1_dnn."):  # of ours, those that are written there
        return [n for n in names if getattr(getattr(place, n), "__module__", "") == place.__name__]
    return [name for name in names if not isinstance(getattr(place, name), types.ModuleType)]

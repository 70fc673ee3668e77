"""How a module of this package finds its names: its own first, then those that live elsewhere."""

import importlib
import sys
import types
from typing import Any, Callable, Sequence

from tf1_dnn.run import gone

_MISSING = object()


class Names:
    """The names of one contrib package, found when they are asked for.

    `places` are searched in their order: a module's name ("tf_slim.layers"), or the path of
    attributes to something that has names ("tensorflow.nn.rnn_cell"). `renamed` says where a name
    lives under another one: {"static_rnn": "tensorflow.nn.static_rnn"}.
    """

    def __init__(self, module: str, places: Sequence[str], renamed: dict[str, str]) -> None:
        self.module = sys.modules[module]
        self.old_name = f"tensorflow.contrib.{module.partition('.contrib.')[2]}"
        self.places, self.renamed = places, renamed
        self.own = [name for name in vars(self.module) if not name.startswith("_")]

    def find(self, name: str) -> Any:
        """The value, kept in the module. Raises AttributeError, with a sentence, if there is none."""
        if name == "__all__":
            return [found for found in self.all() if not found.startswith("_")]
        if name == "python":  # the path to the implementation in TensorFlow 1's source tree
            return importlib.import_module(f"{self.old_name}.python")
        value = self._value(name) if not name.startswith("__") else _MISSING
        if value is _MISSING:
            raise gone.attribute_error(f"{self.old_name}.{name}")
        setattr(self.module, name, value)
        return value

    def _value(self, name: str) -> Any:
        if name in self.renamed:
            return self._resolve(self.renamed[name], f"{self.old_name}.{name}")
        for place in self.places:
            value = getattr(self._resolve(place, f"{self.old_name}.{name}"), name, _MISSING)
            if value is not _MISSING:
                return value
        return _MISSING

    def all(self) -> list[str]:
        """Every name that can be found."""
        found = {*self.own, *self.renamed}
        for place in self.places:
            found.update(public_names(self._resolve(place, self.old_name)))
        return sorted(found)

    def _resolve(self, path: str, wanted: str) -> Any:
        try:
            return resolve(path)
        except Exception as error:  # whatever an unmaintained package does on a new TensorFlow
            raise gone.source_error(wanted, path.partition(".")[0], error) from error


def names_from(
    module: str, *places: str, **renamed: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a module of this package: its own names, and the places'."""
    names = Names(module, places, renamed)
    names.module.__path__ = []  # so that `from it import NAME` asks the finder, which can explain
    return names.find, names.all


def resolve(path: str) -> Any:
    """What a dotted path stands for: the longest module in it, then attributes."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        try:
            value: Any = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name) or length == 1:
                raise
            continue
        for part in parts[length:]:
            value = getattr(value, part)
        return value
    raise AssertionError(path)


def public_names(place: Any) -> list[str]:
    """The names that a place exports: no private ones, and no modules that it merely imported."""
    exported = getattr(place, "__all__", None)
    if exported is not None:
        return list(exported)
    return [
        name
        for name in dir(place)
        if not name.startswith("_") and not isinstance(getattr(place, name), types.ModuleType)
    ]

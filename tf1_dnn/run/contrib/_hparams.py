"""HParams: named hyperparameters with types, overridden from text such as "lr=0.1,layers=[1,2]"."""

import json
import numbers
import re
from typing import Any, Mapping

# One assignment: name=value, name[index]=value, or name=[value,value].
_ASSIGNMENT = re.compile(
    r"(?P<name>[a-zA-Z][\w.]*)(\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
    r"(\[(?P<items>[^\]]*)\]|(?P<value>[^,\[]*))($|,\s*)"
)
_TRUTH = {"true": True, "True": True, "false": False, "False": False}


def parse_values(
    values: str, type_map: Mapping[str, type], ignore_unknown: bool = False
) -> dict[str, Any]:
    """Read `values` as assignments to the names of `type_map`.

    A value for an index of a list comes back as {index: value}.

    Raises:
      ValueError: malformed text, an unknown name, a value of the wrong type, or two assignments.
    """
    found: dict[str, Any] = {}
    position = 0
    while position < len(values):
        match = _ASSIGNMENT.match(values, position)
        if match is None:
            raise ValueError(f"Malformed hyperparameter value: {values[position:]}")
        position = match.end()
        if match["name"] in type_map:
            _assign(found, match, type_map[match["name"]], values)
        elif not ignore_unknown:
            raise ValueError(f"Unknown hyperparameter type for {match['name']}")
    return found


def _assign(found: dict[str, Any], match: re.Match[str], kind: type, values: str) -> None:
    """Put what one assignment says into `found`."""
    name, index = match["name"], match["index"]

    def read(text: str) -> Any:
        try:
            return _read(kind, text)
        except ValueError:
            raise ValueError(
                f"Could not parse hparam '{name}' of type '{kind.__name__}' "
                f"with value '{text}' in {values}"
            ) from None

    if match["items"] is not None and index is not None:
        raise ValueError("Assignment of a list to a list index.")
    if match["items"] is not None:
        key, value, into = (
            name,
            [read(item) for item in re.findall(r"[^ ,]+", match["items"])],
            found,
        )
    elif index is None:
        key, value, into = name, read(match["value"]), found
    else:
        key, value, into = int(index), read(match["value"]), found.setdefault(name, {})
    if not isinstance(into, dict) or key in into:
        raise ValueError(f"Multiple assignments to variable '{name}' in {values}")
    into[key] = value


def _read(kind: type, text: str) -> Any:
    if kind is bool:
        return _TRUTH[text] if text in _TRUTH else bool(int(text))
    return kind(text)


class HParams:
    """Hyperparameters as attributes, each of the type of its first value.

    A list stands for a hyperparameter of several values, all of the type of the first.
    """

    _HAS_DYNAMIC_ATTRIBUTES = True  # for type checkers

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **values: Any) -> None:
        if hparam_def is not None:
            raise ValueError("HParamDef protos are gone with TensorFlow 1: use HParams.parse_json")
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in values.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Add one. Raises ValueError for a name that is taken, or an empty list."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        several = isinstance(value, (list, tuple))
        if several and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._hparam_types[name] = (type(value[0] if several else value), several)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Give one another value of its type. Raises ValueError if it is of another."""
        kind, several = self._hparam_types[name]
        if isinstance(value, list) and not several:
            raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
        if several and not isinstance(value, list):
            raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
        setattr(
            self,
            name,
            [_cast(name, kind, v) for v in value] if several else _cast(name, kind, value),
        )

    def del_hparam(self, name: str) -> None:
        """Remove one, if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> "HParams":
        """Override from text such as "name=value,list=[1,2]"."""
        kinds = {name: kind for name, (kind, _) in self._hparam_types.items()}
        return self.override_from_dict(parse_values(values, kinds))

    def parse_json(self, values_json: str) -> "HParams":
        """Override from a JSON object."""
        return self.override_from_dict(json.loads(values_json))

    def override_from_dict(self, values_dict: Mapping[str, Any]) -> "HParams":
        """Override those that the dictionary names."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    set_from_map = override_from_dict  # its name before TensorFlow 1.4

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, or the default. Raises ValueError if their types disagree."""
        if key not in self._hparam_types:
            return default
        kind, several = self._hparam_types[key]
        if default is not None:
            if several != isinstance(default, list):
                raise ValueError(f"Hparam '{key}' is incompatible with default={default}")
            for value in default if several else [default]:
                _cast(key, kind, value)
        return getattr(self, key)

    def values(self) -> dict[str, Any]:
        """All of them, by name."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def to_json(
        self, indent: int | None = None, separators: Any = None, sort_keys: bool = False
    ) -> str:
        """All of them as a JSON object."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def set_model_structure(self, model_structure: Any) -> None:
        """Keep what describes the model."""
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        """What describes the model."""
        return self._model_structure

    def __contains__(self, key: str) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self.values().items())})"


def _cast(name: str, kind: type, value: Any) -> Any:
    """The value as `kind`, where nothing is lost by it. Raises ValueError where something is."""
    if type(value) is kind or kind is type(None):
        return value
    refused = (
        (issubclass(kind, (str, bytes)) and not isinstance(value, (str, bytes)))
        or issubclass(kind, bool) != isinstance(value, bool)
        or (issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral))
        or (issubclass(kind, numbers.Number) and not isinstance(value, numbers.Number))
    )
    if refused:
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    return kind(value)

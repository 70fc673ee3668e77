"""A network of the user's own: where its function stands, its text, and loading, which runs it.

What is known without running anything comes first: TensorFlow is imported by `load` alone.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import hashlib
import importlib
import importlib.util
import inspect
import linecache
import os
import sys
import types
from typing import Any, Callable, Sequence

from tf1_dnn.errors import ConfigError, failed, told
from tf1_dnn.files import open_regular

MOST_TEXT = 1 << 20  # bytes


@dataclasses.dataclass(frozen=True)
class NetworkSource:
    """A function that builds a network, and the text of the file that it stands in."""

    function: str
    file: str  # a path, or what Python calls a notebook's cell
    text: str
    module: str | None = None  # what to import it from
    given: Callable[..., Any] | None = None  # the function itself, where Python has it already
    label: str | None = None  # what the file was called where `file` is a run's copy

    @property
    def file_name(self) -> str:
        """Without its folder."""
        return self.label or os.path.basename(self.file)

    @property
    def name(self) -> str:
        """What messages call it, such as lstm.py:lstm."""
        return f"{self.file_name}:{self.function}"

    @property
    def sha256(self) -> str:
        """Of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def parameters(self) -> Sequence[str] | None:
        """The names of the function's parameters; None if the text does not tell."""
        found = [
            node
            for node in ast.parse(self.text).body
            if isinstance(node, ast.FunctionDef) and node.name == self.function
        ]
        if not found or found[-1].decorator_list:
            return None
        spelled = found[-1].args
        return [each.arg for each in spelled.posonlyargs + spelled.args + spelled.kwonlyargs]


def find(spelled: str) -> NetworkSource:
    """The network that FILE.py:FUNCTION or module:function names; runs nothing of FILE.py.

    Raises ConfigError if there is no such file, module or function.
    """
    where, _, function = spelled.rpartition(":")
    if not where or not function.isidentifier():
        raise ConfigError(
            f"--network {spelled} names no function: give FILE.py:FUNCTION or module:function."
        )
    is_file = where.endswith(".py") or os.sep in where
    file = where if is_file else _module_file(where)
    return _checked(NetworkSource(function, file, read(file), None if is_file else where))


def read(file: str) -> str:
    """The text of a Python file; ConfigError if it cannot be read."""
    fault, remedy = f"cannot read the network's file {file}", "name a Python file that is there"
    with told(ConfigError, fault, remedy, OSError, ValueError, SyntaxError):
        with open_regular(file) as opened:
            content = opened.read(MOST_TEXT + 1)
        if len(content) > MOST_TEXT:
            raise ValueError(f"it has more than {MOST_TEXT:,} bytes")
        return importlib.util.decode_source(content)


def of(function: Callable[..., Any]) -> NetworkSource:
    """A function that Python has, with the text of its file or notebook cell.

    The text is empty where it cannot be had, as that of a function typed at a prompt.
    """
    name = getattr(function, "__name__", type(function).__name__)
    try:
        file = inspect.getfile(inspect.unwrap(function))
    except TypeError:
        return NetworkSource(name, name, "", given=function)
    text = read(file) if os.path.isfile(file) else "".join(linecache.getlines(file))
    return NetworkSource(name, file, text, given=function)


def as_source(network: Callable[..., Any] | NetworkSource | None) -> NetworkSource | None:
    """A network in either form that Python functions take it in."""
    return network if network is None or isinstance(network, NetworkSource) else of(network)


@functools.cache
def load(source: NetworkSource | None) -> Callable[..., Any] | None:
    """The function, of None None; runs the text as a program, or imports the module.

    Raises NetworkError, with the exception as its cause, if that fails.
    """
    if source is None or source.given is not None:
        return source.given if source else None
    from tf1_dnn import compat  # before the text imports TensorFlow: it gives it tf.layers

    assert compat.tf
    try:
        module = _imported(source)
    except Exception as error:
        raise failed(f"the network's file {source.file}", error) from error
    function = getattr(module, source.function, None)
    if not callable(function):
        raise ConfigError(f"{source.file} has no function {source.function}: name one that it has.")
    return function


def _imported(source: NetworkSource) -> types.ModuleType:
    if source.module is not None:
        return importlib.import_module(source.module)
    stem = os.path.basename(source.file).removesuffix(".py")
    module = types.ModuleType(stem)
    module.__file__ = source.file
    sys.modules.setdefault(stem, module)  # dataclasses, for one, look there
    folder = os.path.dirname(os.path.abspath(source.file))
    if folder not in sys.path:
        sys.path.insert(0, folder)  # as `python FILE.py` has it
    exec(compile(source.text, source.file, "exec", dont_inherit=True), module.__dict__)
    return module


def _module_file(name: str) -> str:
    remedy = "name one that Python can import from here, or a file that ends in .py"
    with told(ConfigError, f"there is no module {name}", remedy, ImportError, ValueError):
        spec = importlib.util.find_spec(name)
    if spec is None or not (spec.origin or "").endswith(".py"):
        raise ConfigError(f"there is no module {name} in Python source: {remedy}.")
    return str(spec.origin)


def _checked(source: NetworkSource) -> NetworkSource:
    """The source; ConfigError for text that is not Python, or that cannot hold the function."""
    try:
        body = ast.parse(source.text).body
    except SyntaxError as error:
        where = f"{source.file}, line {error.lineno},"
        raise ConfigError(f"{where} is not Python ({error.msg}): mend it.") from error
    except ValueError as error:
        raise ConfigError(f"{source.file} is not Python ({error}): mend it.") from error
    functions = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    if source.function in functions or source.function in source.text:
        return source  # an import or an assignment may bring it
    has = f"it has {', '.join(functions)}" if functions else "it defines none"
    raise ConfigError(f"{source.file} has no function {source.function}: {has}.")

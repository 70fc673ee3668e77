"""A program's source: read, decoded and compiled, with one sentence for what cannot be."""

import builtins
import importlib.machinery
import importlib.util
import linecache
import os
import re
import sys
import types
from typing import Any, NamedTuple

from tf1_dnn.errors import Error, told

# What Python 3 says of Python 2's statements, and such lines where it says nothing of use.
_PYTHON2 = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer|parameters cannot be parenthesized|use of tabs and spaces"
)
_PYTHON2_LINE = re.compile(r"^\s*(print\s*>>|raise [\w.]+\s*,)|<>|\bur['\"]|\b\d+[lL]\b")

_STDIN = "<stdin>"
_NAME_A_MODULE = "name one that Python can import from here"

# Web pages indent code by non-breaking spaces, and hide zero-width ones in it.
_PASTED = str.maketrans({"\u00a0": " ", "\u3000": " ", "\u200b": None, "\ufeff": None})


class Source(NamedTuple):
    """A compiled program."""

    code: types.CodeType
    file: str
    spec: importlib.machinery.ModuleSpec | None = None  # of a module

    def main_attributes(self) -> dict[str, Any]:
        """What Python sets in `__main__`."""
        attributes: dict[str, Any] = {"__builtins__": builtins, "__spec__": self.spec}
        attributes["__annotations__"] = {}
        if self.file != _STDIN:
            loader = importlib.machinery.SourceFileLoader("__main__", self.file)
            attributes.update(__file__=self.file, __cached__=None, __loader__=loader)
        if self.spec is not None:
            attributes.update(__package__=self.spec.parent, __loader__=self.spec.loader)
        return attributes


def read_script(path: str) -> Source:
    """The script at `path`. Raises Error if it is not there or not Python 3."""
    if os.path.isdir(path):
        raise Error(f"{path} is a folder: name a script, a notebook, or a module with -m")
    with told(Error, f"cannot read {path}", "name a Python script that is there", OSError):
        with open(path, "rb") as file:
            return Source(compile_source(file.read(), path), os.path.abspath(path))


def require_module(name: str) -> None:
    """Raise Error unless a package or module of this name is there; imports nothing."""
    top = name.partition(".")[0]
    with told(Error, f"{name!r} is no module's name", _NAME_A_MODULE, ImportError, ValueError):
        if importlib.util.find_spec(top) is None:
            raise Error(f"there is no module {top}: {_NAME_A_MODULE}")


def read_module(name: str) -> Source:
    """The module, or its package's `__main__`. Raises Error if there is none in Python source."""
    with told(Error, f"there is no module {name}", _NAME_A_MODULE, ImportError):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise Error(f"there is no module {name} in Python source: {_NAME_A_MODULE}")
    return read_script(spec.origin)._replace(spec=spec)


def read_stdin() -> Source:
    """The program from standard input. Raises Error if it is not Python 3."""
    text = sys.stdin.buffer.read()
    code = compile_source(text, _STDIN)
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[_STDIN] = (len(text), None, lines, _STDIN)  # for tracebacks
    return Source(code, _STDIN)


def compile_source(text: bytes, file: str) -> types.CodeType:
    """Python source as code, also if pasted from a web page. Raises Error if it is none."""
    try:
        decoded = importlib.util.decode_source(text)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise Error(f"{file} is not Python ({error}): name a Python script") from error
    try:
        return _compile(decoded, file)
    except (SyntaxError, ValueError) as error:
        try:
            return _compile(decoded.translate(_PASTED), file)
        except (SyntaxError, ValueError):
            raise _not_python(error, file) from error


def _compile(text: str, file: str) -> types.CodeType:
    path = file if file == _STDIN else os.path.abspath(file)  # as tracebacks show it
    return compile(text, path, "exec", dont_inherit=True)


def is_python2(error: SyntaxError) -> bool:
    """Whether what Python 3 cannot compile is Python 2, as far as the faulty line tells."""
    return bool(_PYTHON2.search(error.msg) or _PYTHON2_LINE.search(error.text or ""))


def _not_python(error: SyntaxError | ValueError, file: str) -> Error:
    if not isinstance(error, SyntaxError):
        return Error(f"{file} is not Python ({error}): name a Python script")
    where = f"{file}, line {error.lineno}"
    if is_python2(error):
        return Error(f"{where} is Python 2 ({error.msg}): convert a copy with 2to3, and run that")
    return Error(f"{where} is not Python ({error.msg}): mend it, or name a Python script")

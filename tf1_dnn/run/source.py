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

# What Python 3 says of statements that Python 2 knew.
_PYTHON2 = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer|Did you mean print\(|inconsistent use of tabs"
)
_PYTHON2_LINE = re.compile(
    r"^\s*(print\s*(>>|[\"'%\w])|raise \w+\s*,|exec\s+[\"'\w])|<>|`|\bur'|\d[lL]\b"
)

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
        if self.file != "<stdin>":
            attributes.update(__file__=os.path.abspath(self.file), __cached__=None)
        if self.spec is not None:
            attributes.update(__package__=self.spec.parent, __loader__=self.spec.loader)
        return attributes


def read_script(path: str) -> Source:
    """The script at `path`. Raises Error if it is not there or not Python 3."""
    if os.path.isdir(path):
        raise Error(f"{path} is a folder: name a script, a notebook, or a module with -m")
    with told(Error, f"cannot read {path}", "name a Python script that is there", OSError):
        with open(path, "rb") as file:
            return Source(compile_source(file.read(), path), path)


def read_module(name: str) -> Source:
    """The module, or its package's `__main__`. Raises Error if there is none."""
    fault, remedy = f"there is no module {name}", "name one that Python can import from here"
    with told(Error, fault, remedy, ImportError, ValueError, AttributeError):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name = f"{name}.__main__"
            spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise Error(f"there is no module {name} in Python source: {remedy}")
    return read_script(spec.origin)._replace(spec=spec)


def read_stdin() -> Source:
    """The program from standard input. Raises Error if it is not Python 3."""
    text = sys.stdin.buffer.read()
    code = compile_source(text, "<stdin>")
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache["<stdin>"] = (len(text), None, lines, "<stdin>")  # for tracebacks
    return Source(code, "<stdin>")


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
    return compile(text, file, "exec", dont_inherit=True)


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

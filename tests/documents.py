"""What stands in the project's Markdown: prose, code, commands, links, headings, tables."""

import ast
import json
import pathlib
import re
import shlex
from typing import NamedTuple

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "tf1_dnn"
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = [
    ROOT / "README.md",
    ROOT / "README.ko.md",
    ROOT / "CHANGELOG.md",
    *GUIDES,
    ROOT / "benchmarks" / "README.md",
    ROOT / "tests" / "golden" / "README.md",
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
    *sorted((ROOT / "notebooks" / "claims").glob("*.md")),
    *sorted((PACKAGE / "check" / "explain").glob("*.md")),
]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?:    .*\n)+", re.M)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"\bpython[\d.]* -m tf1_dnn\.(\w+)(.*)")
_MAKE = re.compile(r"(?:time )?make ([a-z][a-z-]*)\b(.*)")
_SHELL = ("|", ">", "&&", ";")  # what ends a command's own words


class Command(NamedTuple):
    """`python -m tf1_dnn.NAME WORDS`, or `make NAME WORDS`."""

    name: str
    words: tuple[str, ...]


def read(path):
    """A page's Markdown; of a notebook that of its text cells."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells) + "\n"


def blocks(text, language=""):
    """The fenced blocks of a language."""
    return [code for each, code in _FENCE.findall(text) if each == language]


def prose(text):
    """The text without its blocks of code."""
    return _INDENTED.sub("\n", _FENCE.sub("", text))


def lines_of_code(text):
    """Every line of a block, continued lines joined, and every `span` of code."""
    indented = "\n".join(_INDENTED.findall(_FENCE.sub("", text)))
    whole = "\n".join([indented, *(code for _, code in _FENCE.findall(text))])
    spans = [" ".join(span.split()) for span in _SPAN.findall(prose(text))]
    return [*whole.replace("\\\n", " ").splitlines(), *spans]


def python_commands(text):
    """The commands `python -m tf1_dnn.NAME` in a page."""
    matches = [_COMMAND.search(line) for line in lines_of_code(text)]
    return [Command(match[1], _words(match[2])) for match in matches if match]


def make_commands(text):
    """The commands `make TARGET` in a page."""
    matches = [_MAKE.fullmatch(line.strip()) for line in lines_of_code(text)]
    return [Command(match[1], _words(match[2])) for match in matches if match]


def _words(text):
    """The words of a command line, with a number for the placeholder N."""
    words = ["1" if word == "N" else word for word in shlex.split(text, comments=True)]
    ends = [index for index, word in enumerate(words) if word in _SHELL]
    return tuple(words[: min(ends, default=len(words))])


def links(text):
    """Where the page's links within the project lead."""
    return [link for link in _LINK.findall(prose(text)) if not re.match(r"\w+:", link)]


def dead_links(text, path):
    """Those of `links` that lead nowhere, seen from the page at `path`."""
    return [link for link in links(text) if not _leads_somewhere(link, path)]


def _leads_somewhere(link, path):
    name, _, anchor = link.partition("#")
    target = path.parent / name if name else path
    return target.exists() and (not anchor or anchor in anchors(read(target)))


def anchors(text):
    """What GitHub calls the page's headings in links."""
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", text), re.M)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def rows(text):
    """The cells of all table rows."""
    lines = [line for line in prose(text).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def section(text, heading):
    """What stands under a heading, up to the next one of its level or above."""
    level = heading.split()[0]
    start = text.index(f"\n{heading}\n") + len(heading) + 2
    end = re.search(rf"^#{{1,{len(level)}}} ", text[start:], re.M)
    return text[start : start + end.start()] if end else text[start:]


def find_module(name):
    """The file of a module of the package, None if there is none; nothing is imported."""
    path = ROOT.joinpath(*name.split("."))
    files = [path.with_suffix(".py"), path / "__init__.py"]
    return next((file for file in files if file.is_file()), None)


def resolves(name):
    """Whether a dotted name is a module of the package, or defined at the top of one."""
    if find_module(name):
        return True
    module, _, attribute = name.rpartition(".")
    file = find_module(module) if module else None
    return file is not None and attribute in _defined(file)


def _defined(file):
    """The names that a module's top level defines or imports."""
    names = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


TEXTS = {path.relative_to(ROOT).as_posix(): read(path) for path in PAGES}
README, KOREAN = TEXTS["README.md"], TEXTS["README.ko.md"]

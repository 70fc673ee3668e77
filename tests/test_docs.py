"""The documents' form: every command in them parses, every link and every import leads somewhere.

Nothing here imports TensorFlow or starts a process.
"""

import ast
import contextlib
import importlib
import io
import re

import documents
import pytest
from documents import GUIDES, KOREAN, PACKAGE, README, ROOT, TEXTS, Command

each_page = pytest.mark.parametrize("page", TEXTS)


def doors():
    """The modules that are commands: what follows `python -m tf1_dnn.`."""
    files = [*PACKAGE.glob("*.py"), *PACKAGE.glob("*/__main__.py")]
    found = [file for file in files if "def make_parser(" in file.read_text("utf-8")]
    return sorted(f.parent.name if f.stem == "__main__" else f.stem for f in found)


def make_parser(door):
    name = f"tf1_dnn.{door}"
    main = name if (PACKAGE / f"{door}.py").exists() else f"{name}.__main__"
    return importlib.import_module(main).make_parser()


def fault(command):
    """What argparse says against a command, "" if nothing. Without words it is only a name."""
    if command.name not in doors():
        return f"there is no command tf1_dnn.{command.name}"
    words, for_train = list(command.words), []
    if "--" in words and command.name == "diff":  # what follows is a program's
        words[words.index("--") :] = ["NEW"]
    if "--" in words:  # of tf1_dnn.cluster: what follows is train's
        cut = words.index("--")
        words, for_train = words[:cut], words[cut + 1 :]
    said = _said_against("train", for_train) if for_train else ""
    return said or (_said_against(command.name, words) if words else "")


def _said_against(door, words):
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            make_parser(door).parse_args(words)
        except SystemExit:
            return said.getvalue() or "it only shows its help"
    return ""


def make_fault(command):
    """What is wrong with a call of make, "" if nothing."""
    makefile = (ROOT / "Makefile").read_text()
    if not re.search(rf"^{command.name}:", makefile, re.M):
        return f"there is no target {command.name}"
    for word in command.words:
        variable, is_given, value = word.partition("=")
        if not is_given or f"$({variable})" not in makefile:
            return f"there is no variable {variable}"
        if (command.name, variable) == ("train", "ARGS"):
            return fault(Command("train", tuple(value.split())))
    return ""


# Commands


@each_page
def test_every_command_parses(page):
    commands = documents.python_commands(TEXTS[page])
    assert [(each, fault(each)) for each in commands if fault(each)] == []


@each_page
def test_every_make_target_exists(page):
    commands = documents.make_commands(TEXTS[page])
    assert [(each, make_fault(each)) for each in commands if make_fault(each)] == []


def test_what_is_wrong_with_a_command_is_noticed():
    text = (
        "Run `python -m tf1_dnn.train --n-epochs N`, or `make train ARGS=--deep`:\n\n"
        "    python -m tf1_dnn.train --no-such-option    # comment\n"
        "    TF_CONFIG='{}' .venv/bin/python -m tf1_dnn.predict \\\n      RUN_DIR IMAGE... | head\n"
        "    python -m tf1_dnn.cluster --ps 1 -- --n-epochs two\n"
        "    python -m tf1_dnn.dance\n"
        "    make dinner\n"
    )
    commands = documents.python_commands(text)
    assert [each.name for each in commands] == ["train", "predict", "cluster", "dance", "train"]
    assert commands[1].words == ("RUN_DIR", "IMAGE...")
    faults = [fault(each) for each in commands]
    assert "--no-such-option" in faults[0] and "two" in faults[2] and "dance" in faults[3]
    assert faults[1] == faults[4] == ""
    assert ["dinner" in make_fault(each) for each in documents.make_commands(text)] == [True, False]
    assert "--deep" in make_fault(documents.make_commands(text)[1])


@pytest.mark.parametrize("text", [README, KOREAN], ids=["README.md", "README.ko.md"])
def test_the_table_names_every_command(text):
    assert unnamed(text) == []
    without = "".join(line for line in text.splitlines(True) if "tf1_dnn.doctor" not in line)
    assert unnamed(without) == ["doctor"]


def unnamed(text):
    """The commands that no table's first column names."""
    cells = [row[0] for row in documents.rows(text)]
    named = {each.name for cell in cells for each in documents.python_commands(cell)}
    return [door for door in doors() if door not in named]


def test_the_guides_name_every_option():
    guides = "\n".join(documents.read(path) for path in GUIDES)
    assert unexplained(guides) == []
    assert unexplained(guides.replace("--fold", "")) == ["export --fold"]


def unexplained(text):
    """The commands' options that occur nowhere in a text."""
    known = set(re.findall(r"--[a-z][a-z0-9-]*", text)) | {"--help"}
    return [
        f"{door} {option}"
        for door in doors()
        for action in make_parser(door)._actions
        for option in action.option_strings
        if option.startswith("--") and option not in known
    ]


# Links


@each_page
def test_every_link_leads_somewhere(page):
    assert documents.dead_links(TEXTS[page], ROOT / page) == []


def test_a_dead_link_is_noticed():
    text = "[a](README.md#the-commands) [b](nowhere.md) [c](README.md#nowhere) [d](http://x.y)\n"
    assert documents.links(text) == ["README.md#the-commands", "nowhere.md", "README.md#nowhere"]
    assert documents.dead_links(text, ROOT / "a.md") == ["nowhere.md", "README.md#nowhere"]


def test_the_readme_stays_short():
    assert len(README.splitlines()) <= 150


def test_the_readme_leads_to_every_guide():
    linked = {link.partition("#")[0] for link in documents.links(README)}
    assert [path.name for path in GUIDES if f"docs/{path.name}" not in linked] == []


# Python


@each_page
def test_python_compiles_and_finds_what_it_imports(page):
    code = "\n".join(documents.blocks(TEXTS[page], "python"))
    assert unresolved(code) == []


def test_a_wrong_import_is_noticed():
    code = "from tf1_dnn import data, trainer\nfrom tf1_dnn.config import Nothing\ndata.lode()\n"
    assert unresolved(code) == [
        "tf1_dnn.trainer",
        "tf1_dnn.config.Nothing",
        "tf1_dnn.data.lode",
    ]


def unresolved(code):
    """What a program takes from the package that is not there."""
    tree, modules, used = ast.parse(code), {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tf1_dnn"):
            names = {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            modules |= {name: full for name, full in names.items() if documents.find_module(full)}
            used += names.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in modules:
                used.append(f"{modules[node.value.id]}.{node.attr}")
    return [name for name in dict.fromkeys(used) if not documents.resolves(name)]


def test_the_changelog_names_what_is_there():
    table = documents.section(TEXTS["CHANGELOG.md"], "### For those who import the package")
    renamed = [row for row in documents.rows(table) if row[0].startswith("`tf1_dnn.")]
    new = [name for row in renamed for name in re.findall(r"`(tf1_dnn[\w.]*)`", row[1])]
    assert len(renamed) > 30 and [name for name in new if not documents.resolves(name)] == []
    assert not documents.resolves("tf1_dnn.trainer")
    assert not documents.resolves("tf1_dnn.training.loops.evaluate")

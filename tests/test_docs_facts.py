"""The documents' facts: what they print, list and quote is what the code does and files hold."""

import ast
import dataclasses
import gzip
import importlib
import json
import re

import documents
import pytest
from documents import KOREAN, PACKAGE, README, ROOT, TEXTS

from tf1_dnn import check, cli
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, Config


def test_check_prints_what_is_shown(tmp_path, monkeypatch, capsys):
    page = "docs/check.md"
    graph = re.search(r"gunzip -c (\S+) > wrong.meta", TEXTS[page])[1]
    (tmp_path / "wrong.meta").write_bytes(gzip.decompress((ROOT / graph).read_bytes()))
    monkeypatch.chdir(tmp_path)
    commands = documents.python_commands(TEXTS[page])
    words = next(each.words for each in commands if "wrong.meta" in each.words)
    main = importlib.import_module("tf1_dnn.check.__main__").main
    assert cli.run(main, words) == 1
    assert capsys.readouterr().out in documents.blocks(TEXTS[page])


@pytest.mark.parametrize("page", ["README.md", "README.ko.md", "docs/run.md"])
def test_run_is_shown_with_what_tensorflow_1_printed(page):
    """That `run` prints it too is tests/run/test_programs.py's to see."""
    commands = documents.python_commands(TEXTS[page])
    programs = {word for each in commands for word in each.words if word.startswith("tests/golden")}
    (program,) = [each for each in programs if each.endswith("post_batch_norm.py")]
    printed = (ROOT / program).with_suffix(".1.15.5.txt").read_text()
    assert printed in documents.blocks(TEXTS[page])


def test_the_curves_are_the_posts_and_those_of_tensorflow_1():
    batch_norm, clipping = map(spelled, PUBLISHED_CURVES.values())
    for text in (README, KOREAN):
        rows = curves(text)
        assert [row[:5] for row in rows[:3]] == [batch_norm] * 3
        assert rows[1] == rows[2] == golden_curve("batch_norm")
        assert rows[3][:5] == clipping and rows[5] == golden_curve("gradient_clipping")
    rows = curves(TEXTS["docs/fidelity.md"])
    assert rows[0][:5] == clipping and rows[3] == golden_curve("gradient_clipping")


def curves(text):
    """The figures of all tables of five epochs and a test."""
    return [row[1:] for row in documents.rows(text) if len(row) == 7 and row[1].startswith("0.")]


def spelled(curve):
    return [f"{value:.4f}" for value in curve]


def golden_curve(name):
    """What genuine TensorFlow 1.15.5 gave."""
    golden = json.loads((ROOT / "tests/golden/curves.json").read_text())["curves"][name]
    return spelled([*golden["valid_accuracy"], golden["test_accuracy"]])


def test_the_korean_readme_shows_what_the_english_one_shows():
    assert documents.python_commands(KOREAN) == documents.python_commands(README)
    assert curves(KOREAN) == curves(README)
    assert set(documents.links(KOREAN)) - {"README.md"} == (
        set(documents.links(README)) - {"README.ko.md"}
    )
    korean, english = (documents.blocks(text, "python") for text in (KOREAN, README))
    assert [ast.dump(ast.parse(code)) for code in korean] == [
        ast.dump(ast.parse(code)) for code in english
    ]


def test_the_table_of_options_shows_the_presets():
    table = documents.rows(documents.section(TEXTS["docs/commands.md"], "## Train"))
    shown = {}
    for first, *cells in table:
        for option in re.findall(r"`--([a-z-]+)`", first)[:1]:
            shown[option.replace("-", "_")] = cells[:3]
    assert list(shown) == [field.name for field in dataclasses.fields(Config)]
    for index, preset in enumerate(PRESETS.values()):
        assert {name: cells[index] for name, cells in shown.items()} == {
            name: in_words(value) for name, value in dataclasses.asdict(preset).items()
        }


def in_words(value):
    words = {None: "none", True: "on", False: "off"}
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return words[value] if value is None or isinstance(value, bool) else str(value)


def test_the_table_of_rules_is_complete():
    shown = documents.rows(documents.section(TEXTS["docs/check.md"], "## The rules"))[2:]
    rules = sorted(check.RULES.values(), key=lambda rule: rule.id)
    words = {"graph": "the graph", "train op": "the train op", "session": "sessions"}
    expected = [[rule.id, rule.severity, rule.title, words[rule.basis]] for rule in rules]
    assert shown[: len(rules)] == expected


LISTED = TEXTS["docs/architecture.md"]
UNLISTED = {"check", "experiments"}  # rooms whose modules the page does not list one by one


def test_every_room_and_module_is_listed():
    assert listed(LISTED) == standing()
    without = LISTED.replace("| `batches` |", "| `bunches` |")
    assert listed(without) ^ standing() == {("data", "batches"), ("data", "bunches")}


def test_every_room_has_a_heading():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(re.findall(r"^### `(\w+)/`$", LISTED, re.M)) == rooms


def listed(text):
    """(room, module) of the page's tables; the room is "" for those beside the rooms."""
    found = set()
    for part in documents.section(text, "## The rooms").split("\n### ")[1:]:
        room = re.match(r"`(\w+)/`\n", part)
        modules = [re.match(r"`(\w+)`$", row[0]) for row in documents.rows(part)]
        found |= {(room[1] if room else "", module[1]) for module in modules if module}
    return {each for each in found if each[0] not in UNLISTED}


def standing():
    """(room, module) of every file of the package."""
    files = [*PACKAGE.glob("*.py"), *PACKAGE.glob("*/*.py")]
    rooms = {file: file.parent.relative_to(PACKAGE).name for file in files}
    return {
        (room, file.stem)
        for file, room in rooms.items()
        if room not in UNLISTED and file.stem != "__init__"
    }


def test_the_benchmarks_are_quoted_as_they_stand():
    page = TEXTS["benchmarks/README.md"]
    measured = page[page.index("<!-- results -->") : page.index("<!-- end of results -->")]
    quoted = documents.rows(documents.section(TEXTS["docs/commands.md"], "## Benchmark"))[2:]
    for (preset, *figures), table in zip(quoted, measured.split("\n`")[1:], strict=True):
        assert table.startswith(f"{preset}`:")
        ratios = {row[0]: row[3] for row in documents.rows(table)}
        assert figures == [f"{float(ratios[contender]):.1f}" for contender in CONTENDERS]


CONTENDERS = (
    "tf1_dnn, `--loop step`",
    "TensorFlow 1.15.5, the post's way",
    "Keras 3 `fit`",
    "PyTorch, eager",
    "JAX, `lax.scan`",
)


def test_the_clusters_steps_are_quoted_as_they_stand():
    table = documents.rows(documents.section(TEXTS["benchmarks/README.md"], "## Several machines"))
    one, two, four = (row[3] for row in table if row[1:3] == ["300-100", "50"])
    text = " ".join(TEXTS["docs/cluster.md"].split())
    assert f"{one}, {two} and {four} steps a second" in text


def test_runs_speed_is_quoted_as_it_stands():
    measured = documents.rows(documents.section(TEXTS["benchmarks/README.md"], RUN_SECTION))
    quoted = documents.rows(documents.section(TEXTS["docs/run.md"], "## Speed"))[2:]
    ratios = [(row[3], row[6]) for row in measured if row[0] in RUN_PROGRAMS]
    assert [(row[1].split()[0], row[2]) for row in quoted] == ratios and len(ratios) == 3


RUN_PROGRAMS = ("post_batch_norm", "convolution", "lstm")
RUN_SECTION = "## Programs of TensorFlow 1's days"

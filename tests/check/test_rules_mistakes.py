"""Planted mistakes (styles/mistakes.py), built by TensorFlow 1.15.5: each is told, and no other."""

import ast
import pathlib

import pytest
import stored

SOURCE = pathlib.Path(__file__).parent / "styles" / "mistakes.py"


def planted():
    """{name: rule}, read off the source, which imports TensorFlow 1."""
    functions = [
        node for node in ast.parse(SOURCE.read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    marked = [(node.name, node.decorator_list[0]) for node in functions if node.decorator_list]
    return {name: call.args[0].value for name, call in marked}


MISTAKES = planted()
# What is told beside, and rightly so.
BESIDE = {
    "cell_twice": {"GR006"},
    "picked": {"GR006"},
    "broadcast": {"GR006"},
    "broadcast_pg": {"GR006"},
    "softmax_1": {"LS006"},
}


def test_every_new_rule_has_its_mistakes():
    assert set(MISTAKES.values()) >= {f"LS00{n}" for n in range(1, 7)} | {"WT001", "NW001", "TR004"}
    assert len(MISTAKES) == 51


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_told_and_nothing_else(name):
    found = stored.findings(f"mistake_{name}.meta")
    rules = {finding.rule for finding in found if not finding.rule.startswith("MG")}
    assert rules == {MISTAKES[name]} | BESIDE.get(name, set())

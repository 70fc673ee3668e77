"""Every rule's page: its parts, and that its own code shows what it says."""

import re

import pages
import pytest
import stored

from tf1_dnn import check
from tf1_dnn.check import report

WATCHED = {"RN001"}  # found in programs that are run, not in a graph: tests/run/test_watch.py
OF_A_GRAPH = sorted(set(check.RULES) - WATCHED)
SECTIONS = ["Why it matters", "Remedy", "What it cannot see"]


def text(rule_id):
    return (pages.EXPLAIN / f"{rule_id}.md").read_text("utf-8")


def test_the_rules_are_those_announced_and_each_has_its_page():
    ids = [f"BN{n:03}" for n in range(1, 9)] + [f"CL{n:03}" for n in range(1, 6)]
    ids += [f"GR{n:03}" for n in range(1, 7)] + [f"LS{n:03}" for n in range(1, 7)]
    ids += ["MG001", "MG002"] + [f"NW{n:03}" for n in range(1, 7)] + ["RN001"]
    ids += [f"TR{n:03}" for n in range(1, 6)] + [f"WT{n:03}" for n in range(1, 4)]
    assert sorted(check.RULES) == ids
    assert sorted(each.name for each in pages.EXPLAIN.iterdir()) == [f"{id}.md" for id in ids]


@pytest.mark.parametrize("rule_id", sorted(check.RULES))
def test_a_page_has_title_sections_source_and_remedy(rule_id):
    page = text(rule_id)
    assert page.startswith(f"# {rule_id}: {check.RULES[rule_id].title}\n\n")
    assert re.findall("^## (.*)$", page, re.M) == SECTIONS
    why = page.split("## Why it matters")[1].split("## Remedy")[0]
    assert re.search("Sources?: ", why) and "https://" in why
    assert report.remedy(rule_id).endswith(".") and len(report.remedy(rule_id)) > 20
    assert max(len(line) for line in page.splitlines() if "https://" not in line) <= 100


def check_wrong(rule_id, findings):
    found = [each for each in findings if each.rule == rule_id]
    assert found and found[0].severity in ("warning", check.RULES[rule_id].severity)


def check_right(rule_id, findings):
    assert not [each for each in findings if each.rule == rule_id or each.severity != "note"]


@pytest.mark.parametrize("rule_id", OF_A_GRAPH)
def test_the_pages_graphs_built_by_tensorflow_1(rule_id):
    check_wrong(rule_id, stored.findings(f"{rule_id}_wrong.meta"))
    check_right(rule_id, stored.findings(f"{rule_id}_right.meta"))


@pytest.mark.parametrize("rule_id", OF_A_GRAPH)
def test_the_pages_graphs_built_today(rule_id):
    if not rule_id.startswith("MG"):  # whose wrong graphs are of ops that are gone
        check_wrong(rule_id, pages.findings(rule_id, "wrong"))
    check_right(rule_id, pages.findings(rule_id, "right"))


@pytest.mark.parametrize("rule_id", OF_A_GRAPH)
def test_the_stored_graphs_are_of_the_pages_code(rule_id):
    """By the names of the variables, which do not change from TensorFlow 1 to today's."""
    built, _ = pages.build(rule_id, "right")
    names = {node.name for node in stored.read(f"{rule_id}_right.meta").graph_def.node}
    assert {variable.op.name for variable in built.get_collection("variables")} <= names

"""Correct graphs, as others write them (make_graphs_styles.py): no rule may call them wrong."""

import pathlib

import pytest
import stored

from tf1_dnn import check

STYLES = sorted(
    path.name[: -len(".gz")]
    for path in stored.GRAPHS.glob("*.gz")
    if not path.name.startswith(("bn_", "mistake_", *{id[:2] for id in check.RULES}))
)
# The warnings that are right: what is told there is so, and may be meant.
WARNINGS = {
    "transfer.meta": ["GR001"],  # the pre-trained network's old head is not used
}


def test_the_graphs_are_there():
    kinds = {"resnet_towers", "estimator", "gan", "frozen", "rnn", "handson_clipping", "keras"}
    assert kinds | {"slim_train_op"} <= {name.split(".")[0] for name in STYLES}
    assert sum("_resource" in name for name in STYLES) >= 8


def test_the_page_tells_how_many_there_are():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "check.md").read_text()
    assert f"against {len(STYLES)} correct graphs" in page


@pytest.mark.parametrize("name", STYLES)
def test_no_error_and_no_needless_warning(name):
    found = stored.findings(name)
    assert [each for each in found if each.severity == "error"] == []
    warnings = [each.rule for each in found if each.severity == "warning"]
    assert warnings == WARNINGS.get(name, [])

"""Graphs damaged node by node: whatever an op lacks, rules find something or nothing, and end."""

import random

import pytest
import stored

from tf1_dnn import check
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.read.messages import MetaGraphDef

GRAPHS = sorted(
    path.name.removesuffix(".gz")
    for path in stored.GRAPHS.glob("*.meta.gz")
    if path.name.startswith(("mistake_", "BN00", "attention", "seq2seq", "vae", "gan.", "maml"))
)
ROUNDS = 4


def damaged(meta, chance, rate=0.08):
    """A copy in which some nodes lack inputs or attributes, or are other ops with other inputs."""
    copy = MetaGraphDef.FromString(meta.SerializeToString())
    nodes = copy.graph_def.node
    ops, names = [node.op for node in nodes], [node.name for node in nodes]
    for node in nodes:
        if chance.random() > rate:
            continue
        kind = chance.randrange(5)
        if kind == 0 and node.input:
            del node.input[chance.randrange(len(node.input)) :]
        elif kind == 1 and node.attr:
            del node.attr[chance.choice(sorted(node.attr))]
        elif kind == 2:
            node.op = chance.choice(ops)
        elif kind == 3 and node.input:
            node.input[0] = chance.choice(names)
        elif "value" in node.attr:
            tensor = node.attr["value"].tensor
            tensor.tensor_shape.dim.add(size=chance.choice([-1, 0, 1, 7]))
    return copy


@pytest.mark.parametrize("name", GRAPHS)
def test_a_damaged_graph_ends_in_findings_or_one_sentence(name):
    chance, meta, found = random.Random(name), stored.read(name), 0
    for _ in range(ROUNDS):
        try:
            found += len(check.check(damaged(meta, chance)))
        except GraphError as error:
            assert str(error).count("\n") == 0
    assert found >= 0


def test_the_damage_is_felt():
    """The control: some of what was found is lost, or other things are found."""
    chance, meta = random.Random(0), stored.read("mistake_softmax_twice.meta")
    before = {finding.ops for finding in check.check(meta)}
    after = [damaged(meta, chance) for _ in range(10)]
    assert any(changed.graph_def != meta.graph_def for changed in after)
    assert before

"""Graphs as others write them (tests/check/graphs) against themselves and other spellings."""

import gzip
import pathlib

import pytest
from pairs import deciding

from tf1_dnn.check.read.messages import MetaGraphDef
from tf1_dnn.diff import diff

GRAPHS = pathlib.Path(__file__).parents[1] / "check" / "graphs"
NAMES = sorted(path.name[: -len(".meta.gz")] for path in GRAPHS.glob("*.meta.gz"))
RUN = "distillation evaluation handson_batch_norm rnn rnn_v2 towers_clipped vae wgan".split()


def read(name):
    data = gzip.decompress((GRAPHS / f"{name}.meta.gz").read_bytes())
    return MetaGraphDef.FromString(data)


def test_every_graph_is_the_same_as_itself():
    assert len(NAMES) > 250
    faults = {}
    for name in NAMES:
        graph = read(name)
        found = diff(graph, graph, static=True)
        said = [found.differences, found.only_old, found.only_new, found.open_ends]
        if any(said):
            faults[name] = said
    assert faults == {}


@pytest.mark.parametrize("spelling", ["v2", "resource"])
def test_another_spelling_changes_no_digits(spelling):
    pairs = [(name, f"{name}_{spelling}") for name in NAMES if f"{name}_{spelling}" in NAMES]
    assert len(pairs) >= 8
    found = {new: deciding(diff(read(old), read(new), static=True)) for old, new in pairs}
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize("name", RUN)
def test_graphs_of_many_styles_give_the_same_twice(name):
    graph = read(name)
    found = diff(graph, graph, n_steps=2)
    assert found.is_same and len(found.stages) > 5, found.verdict

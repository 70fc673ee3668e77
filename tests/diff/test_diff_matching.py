"""Which variable is which: by a map, by name, by role and shape."""

import pytest
from pairs import NEW, OLD, read

from tf1_dnn.check.graph import Graph
from tf1_dnn.diff import diff
from tf1_dnn.diff.matching import match, network_variables
from tf1_dnn.errors import Error


def graph(version, name):
    return Graph(read(version, name), [])


def names(variables):
    return [each.name for each in variables]


BASE = [
    *("hidden1/kernel", "hidden1/bias", "bn1/gamma", "bn1/beta"),
    *("bn1/moving_mean", "bn1/moving_variance", "outputs/kernel", "outputs/bias"),
]


@pytest.mark.parametrize("version, name", [(OLD, "base"), (NEW, "base"), (NEW, "frozen")])
def test_optimizers_slots_are_no_variables_of_the_network_and_frozen_ones_are(version, name):
    assert names(network_variables(graph(version, name))) == BASE


def test_a_map_comes_before_names():
    old, new = graph(OLD, "base"), graph(NEW, "base")
    found = match(old, new, {"bn1/gamma": "bn1/beta", "bn1/beta": "bn1/gamma"})
    pairs = {pair.old.name: pair.new.name for pair in found.pairs}
    assert pairs == {
        **{name: name for name in BASE},
        **{"bn1/gamma": "bn1/beta", "bn1/beta": "bn1/gamma"},
    }
    assert names(pair.old for pair in found.pairs) == BASE
    assert [pair.old.name for pair in found.pairs if pair.is_renamed] == ["bn1/gamma", "bn1/beta"]


def test_a_wrong_map_makes_the_values_part():
    found = diff(
        read(OLD, "base"),
        read(NEW, "base"),
        mapping={"bn1/gamma": "bn1/beta", "bn1/beta": "bn1/gamma"},
        n_steps=1,
    )
    assert (found.parting.when, found.parting.name) == ("inference", "bn1/batchnorm/add_1")


@pytest.mark.parametrize(
    "mapping, missing",
    [({"nowhere": "bn1/beta"}, "nowhere"), ({"bn1/beta": "elsewhere"}, "elsewhere")],
)
def test_a_name_that_is_no_variable_is_an_error(mapping, missing):
    with pytest.raises(Error, match=f"names {missing}, which is no variable"):
        match(graph(OLD, "base"), graph(NEW, "base"), mapping)


def test_what_only_one_has_is_left_over():
    found = match(graph(OLD, "base"), graph(NEW, "deeper"))
    assert names(found.only_new) == ["hidden2/kernel", "hidden2/bias"]
    assert found.only_old == []
    back = match(graph(NEW, "deeper"), graph(NEW, "base"))
    assert names(back.only_old) == ["hidden2/kernel", "hidden2/bias"]
    assert back.only_new == []

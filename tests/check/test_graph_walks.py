"""The ways through a graph, each on a way that branches, one that never ends and one too long."""

import itertools

from texts import graph_of, node

from tf1_dnn.check.graph import Output, chain, fact, fold, walk

TREE = {"a": "bc", "b": "d", "c": "de", "d": "a", "e": ""}


def test_a_walk_sees_each_once_depth_first_or_nearest_first():
    assert list(walk("a", TREE.get)) == ["a", "c", "e", "d", "b"]
    assert list(walk("a", TREE.get, nearest_first=True)) == ["a", "b", "c", "d", "e"]
    assert list(walk("ba", TREE.get, stop="ac".__contains__)) == ["a", "b", "d"]


def test_a_walk_that_never_ends_is_cut():
    assert list(walk([0], lambda n: [n + 1], most=5)) == [0, 1, 2, 3]


def copies(n):
    graph = graph_of(
        node("x0", "Placeholder"), *(node(f"x{i}", "Identity", f"x{i - 1}") for i in range(1, n))
    )
    return [Output(graph.nodes[f"x{i}"], 0) for i in range(n)]


def test_a_chain_goes_back_along_first_inputs():
    outputs = copies(12)
    assert chain(outputs[3], ["Identity"]) == outputs[3::-1]
    assert chain(outputs[3], ["Cast"]) == [outputs[3]]
    assert chain(outputs[11], ["Identity"], most=2) == outputs[11:8:-1]


def test_a_fold_knows_inputs_up_to_a_depth():
    def n_copies(output, of):
        return 1 + sum(of(source) for source in output.node.inputs)

    outputs = copies(12)
    assert fold(outputs[3], n_copies, unknown=0, deepest=30) == 4
    assert fold(outputs[11], n_copies, unknown=100, deepest=2) == 103


def test_a_fold_that_comes_back_to_itself_ends():
    graph = graph_of(node("a", "Add", "b", "b"), node("b", "Add", "a", "a"))

    def n_adds(output, of):
        return 1 + sum(of(source) for source in output.node.inputs)

    assert fold(Output(graph.nodes["a"], 0), n_adds, unknown=0, deepest=30) == 3


def test_a_graph_keeps_a_fact():
    counter = itertools.count()

    @fact
    def counted(graph, name="a"):
        return next(counter), name

    graph, other = graph_of(node("a", "A")), graph_of(node("a", "A"))
    assert counted(graph) == counted(graph) == (0, "a")
    assert counted(graph, "b") == counted(graph, "b") == (1, "b") != counted(graph, name="c")
    assert counted(other) == (3, "a")

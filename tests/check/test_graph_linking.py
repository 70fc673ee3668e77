"""Graphs: links, functions laid out among the ops, what is refused, and the ways through them."""

import pytest
from texts import BRANCHES, LIBRARY, function, graph_of, names, node

from tf1_dnn.check.facts.variables import origins
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.graph import linking
from tf1_dnn.check.graph.nodes import Output
from tf1_dnn.check.graph.walks import ancestors, descendants

CHAIN = (node("a", "A"), node("b", "B", "a:1"), node("c", "C", "b", "^d"), node("d", "D"))


def test_links_follow_data_and_control():
    graph = graph_of(*CHAIN)
    a, b, c, d = (graph.nodes[name] for name in "abcd")
    assert b.inputs == [Output(a, 1)] and c.inputs == [Output(b, 0)] and c.controls == [d]
    assert a.consumers == [b] and d.control_consumers == [c] and not d.consumers
    assert ancestors([c]) == {a, b, c, d}
    assert ancestors([c], control=False) == {a, b, c}
    assert ancestors([c], stop=lambda each: each is b) == {b, c, d}
    assert descendants([d]) == {c, d} and descendants([d], control=False) == {d}
    assert graph.node("b:0") is b and graph.of_type("D", "A") == [d, a]
    with pytest.raises(GraphError, match="the graph has no op named 'x'"):
        graph.node("x")


def test_many_control_inputs_are_shared():
    many = [node(f"n{i}", "N") for i in range(40)]
    after = [node(name, "X", *(f"^n{i}" for i in range(40))) for name in "ab"]
    graph = graph_of(*many, *after)
    (group,) = graph.nodes["a"].controls
    assert graph.nodes["b"].controls == [group] and len(group.controls) == 40
    assert len(ancestors([graph.nodes["b"]])) == 42
    assert graph.nodes["a"] in descendants([graph.nodes["n7"]])


def test_cycles_end():
    graph = graph_of(
        node("enter", "Enter", "x"),
        node("x", "Placeholder"),
        node("merge", "Merge", "enter", "next"),
        node("next", "NextIteration", "merge"),
    )
    assert len(ancestors([graph.nodes["next"]])) == 4
    found = origins(graph, Output(graph.nodes["next"], 0))
    assert found == [Output(graph.nodes["x"], 0)]


@pytest.mark.parametrize(
    "parts, said",
    [
        ((node("a", "A"), node("a", "B")), "the graph is damaged: two of its ops are named 'a'."),
        ((node("", "A"),), "the graph is damaged: two of its ops are named ''."),
        (
            (node("a", "A", "b:0"),),
            "the graph is damaged: 'a' has the input 'b:0', which is not in it.",
        ),
        (
            (node("a", "A", "^b"),),
            "the graph is damaged: 'a' has the input '^b', which is not in it.",
        ),
    ],
)
def test_damaged_graphs_are_refused(parts, said):
    with pytest.raises(GraphError) as raised:
        graph_of(*parts)
    assert str(raised.value) == said


def test_the_branches_of_an_if_lie_in_the_graph():
    graph = graph_of(
        node("p", "Placeholder"),
        node("x", "Placeholder"),
        node("if", "If", "p", "x", attr=BRANCHES),
        node("y", "Neg", "if"),
        LIBRARY,
    )
    total = graph.nodes["if[then_branch]/sum"]
    assert total.call is graph.nodes["if"] and total.function == "add"
    (result,) = [source for source, _ in graph.nodes["y"].inputs]
    assert result.name == "if:0" and result.controls == [graph.nodes["if"]]
    found = origins(graph, graph.nodes["y"].inputs[0])
    assert set(found) == {Output(total, 0), Output(graph.nodes["x"], 0)}
    assert graph.nodes["p"] not in ancestors([graph.nodes["y"]], control=False)
    assert graph.nodes["p"] in ancestors([graph.nodes["y"]])


def test_a_while_loop_feeds_its_body_what_the_body_returned():
    library = "library {" + function("add", ["x"], {"y": "sum:z:0"}, node("sum", "Add", "x", "x"))
    library += function("less", ["x"], {"y": "test:z:0"}, node("test", "Less", "x", "x")) + "}"
    attr = "key: 'cond' value { func { name: 'less' } };key: 'body' value { func { name: 'add' } }"
    graph = graph_of(node("x", "Placeholder"), node("w", "While", "x", attr=attr), library)
    first, again = graph.nodes["w[body]/x"].inputs
    assert (first.node.name, again.node.name) == ("x", "w[body]/sum")


def test_recursion_ends():
    call = "key: 'f' value { func { name: 'f' } }"
    library = "library {" + function(
        "f", ["x"], {"y": "again:output:0"}, node("again", "PartitionedCall", "x", attr=call)
    )
    graph = graph_of(node("x", "X"), node("c", "PartitionedCall", "x", attr=call), library + "}")
    assert names(graph.nodes.values()) == ["c", "c[f]/again", "c[f]/x", "x"]


def test_functions_that_multiply_are_refused(monkeypatch):
    # Thirty functions, each calling the next one twice: 2³⁰ ops once laid out.
    monkeypatch.setattr(linking, "MAX_NODES", 1000)
    call = "key: 'f' value {{ func {{ name: 'f{}' }} }}"
    library = "".join(
        function(
            f"f{i}",
            [],
            {},
            *(node(name, "PartitionedCall", attr=call.format(i + 1)) for name in "ab"),
        )
        for i in range(30)
    )
    with pytest.raises(GraphError, match="the graph has more than 1000 ops"):
        graph_of(node("c", "PartitionedCall", attr=call.format(0)), f"library {{ {library} }}")

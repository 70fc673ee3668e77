"""The values of constants and the static shapes that a graph tells."""

from texts import const, graph_of, node

from tf1_dnn.check.graph.constants import constant, shape
from tf1_dnn.check.graph.nodes import Output


def test_constants_are_folded_and_placeholders_are_not():
    graph = graph_of(
        const("half", 0.5),
        const("three", 3.0),
        node("neg", "Neg", "half"),
        node("sum", "AddV2", "neg", "three"),
        node("less", "Less", "half", "three"),
        node("default", "PlaceholderWithDefault", "three"),
        node("mixed", "Mul", "sum", "default"),
    )
    assert constant(Output(graph.nodes["sum"], 0)) == 2.5
    assert constant(Output(graph.nodes["less"], 0)) == True  # noqa: E712
    assert constant(Output(graph.nodes["default"], 0)) is None
    assert constant(Output(graph.nodes["mixed"], 0)) is None


def test_constants_used_twice_are_folded_once():
    # x₂₅ = 2²⁵: without memory the additions would be counted out one by one.
    chain = [node(f"x{i}", "Add", f"x{i - 1}", f"x{i - 1}") for i in range(1, 30)]
    graph = graph_of(const("x0", 1.0), *chain)
    assert constant(Output(graph.nodes["x25"], 0)) == 2.0**25


def test_a_cycle_of_additions_is_no_constant():
    graph = graph_of(const("c", 1.0), node("a", "Add", "c", "b"), node("b", "Add", "a", "c"))
    assert constant(Output(graph.nodes["a"], 0)) is None


def test_a_constant_that_promises_too_much_has_no_value():
    huge = "key: 'value' value { tensor { dtype: DT_FLOAT float_val: 1 tensor_shape { dim { size: "
    graph = graph_of(node("c", "Const", attr=huge + "1000000000000 } } } }"))
    assert constant(Output(graph.nodes["c"], 0)) is None
    assert shape(Output(graph.nodes["c"], 0)) == (1000000000000,)


def test_shapes_are_those_that_the_graph_tells():
    listed = "key: '_output_shapes' value { list { shape { dim { size: -1 } dim { size: 4 } } "
    listed += "shape { unknown_rank: true } } }"
    graph = graph_of(node("x", "X", attr=listed), node("y", "Identity", "x"), node("z", "Z"))
    x, y, z = (graph.nodes[name] for name in "xyz")
    assert shape(Output(x, 0)) == (None, 4) and shape(Output(x, 1)) is None
    assert shape(Output(x, 2)) is None and shape(Output(y, 0)) == (None, 4)
    assert shape(Output(z, 0)) is None

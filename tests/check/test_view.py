"""GraphView on small graphs written out as text: links, functions, variables, constants, limits."""

import pytest
from google.protobuf import text_format

from tf1_dnn.check import link
from tf1_dnn.check.findings import GraphError
from tf1_dnn.check.nodes import Output
from tf1_dnn.check.protos import MetaGraphDef
from tf1_dnn.check.view import GraphView

FLOAT, RESOURCE = "key: 'dtype' value { type: DT_FLOAT }", "key: 'T' value { type: DT_RESOURCE }"


def node(name, op, *inputs, attr=""):
    listed = " ".join(f"input: '{each}'" for each in inputs)
    attrs = " ".join(f"attr {{ {each} }}" for each in attr.split(";") if each)
    return f"node {{ name: '{name}' op: '{op}' {listed} {attrs} }}"


def const(name, value, dtype="FLOAT"):
    field = dict(FLOAT="float_val", INT32="int_val", BOOL="bool_val")[dtype]
    return node(
        name,
        "Const",
        attr=f"key: 'value' value {{ tensor {{ dtype: DT_{dtype} {field}: {value} }} }}",
    )


def view_of(*parts, collections="", **options):
    meta = MetaGraphDef()
    text_format.Parse("\n".join(parts), meta.graph_def)
    text_format.Parse(collections, meta)
    return GraphView(meta, **options)


def function(name, args, outputs, *parts):
    """outputs: what is returned under which name."""
    signature = " ".join(f"input_arg {{ name: '{arg}' }}" for arg in args)
    signature += " ".join(f"output_arg {{ name: '{out}' }}" for out in outputs)
    returned = " ".join(f"ret {{ key: '{out}' value: '{ref}' }}" for out, ref in outputs.items())
    body = " ".join("node_def" + part.removeprefix("node") for part in parts)
    return f"function {{ signature {{ name: '{name}' {signature} }} {body} {returned} }}"


def names(found):
    return sorted(each.name for each in found)


CHAIN = (node("a", "A"), node("b", "B", "a:1"), node("c", "C", "b", "^d"), node("d", "D"))


def test_links_follow_data_and_control():
    view = view_of(*CHAIN)
    a, b, c, d = (view.nodes[name] for name in "abcd")
    assert b.inputs == [Output(a, 1)] and c.inputs == [Output(b, 0)] and c.controls == [d]
    assert a.consumers == [b] and d.control_consumers == [c] and not d.consumers
    assert view.ancestors([c]) == {a, b, c, d}
    assert view.ancestors([c], control=False) == {a, b, c}
    assert view.ancestors([c], stop=lambda each: each is b) == {b, c, d}
    assert view.descendants([d]) == {c, d} and view.descendants([d], control=False) == {d}
    assert view.node("b:0") is b and view.of_type("D", "A") == [d, a]
    with pytest.raises(GraphError, match="the graph has no op named 'x'"):
        view.node("x")


def test_many_control_inputs_are_shared():
    many = [node(f"n{i}", "N") for i in range(40)]
    after = [node(name, "X", *(f"^n{i}" for i in range(40))) for name in "ab"]
    view = view_of(*many, *after)
    (group,) = view.nodes["a"].controls
    assert view.nodes["b"].controls == [group] and len(group.controls) == 40
    assert len(view.ancestors([view.nodes["b"]])) == 42
    assert view.nodes["a"] in view.descendants([view.nodes["n7"]])


def test_cycles_end():
    view = view_of(
        node("enter", "Enter", "x"),
        node("x", "Placeholder"),
        node("merge", "Merge", "enter", "next"),
        node("next", "NextIteration", "merge"),
    )
    assert len(view.ancestors([view.nodes["next"]])) == 4
    origins = view.origins(Output(view.nodes["next"], 0))
    assert origins == [Output(view.nodes["x"], 0)]


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
        view_of(*parts)
    assert str(raised.value) == said


BRANCHES = "key: 'then_branch' value { func { name: 'add' } };" + (
    "key: 'else_branch' value { func { name: 'same' } }"
)
LIBRARY = "library {" + (
    function("add", ["x"], {"y": "sum:z:0"}, node("sum", "Add", "x", "x"))
    + function("same", ["x"], {"y": "x"})
    + "}"
)


def test_the_branches_of_an_if_lie_in_the_graph():
    view = view_of(
        node("p", "Placeholder"),
        node("x", "Placeholder"),
        node("if", "If", "p", "x", attr=BRANCHES),
        node("y", "Neg", "if"),
        LIBRARY,
    )
    total = view.nodes["if[then_branch]/sum"]
    assert total.call is view.nodes["if"] and total.function == "add"
    (result,) = [source for source, _ in view.nodes["y"].inputs]
    assert result.name == "if:0" and result.controls == [view.nodes["if"]]
    found = view.origins(view.nodes["y"].inputs[0])
    assert set(found) == {Output(total, 0), Output(view.nodes["x"], 0)}
    assert view.nodes["p"] not in view.ancestors([view.nodes["y"]], control=False)
    assert view.nodes["p"] in view.ancestors([view.nodes["y"]])


def test_a_while_loop_feeds_its_body_what_the_body_returned():
    library = "library {" + function("add", ["x"], {"y": "sum:z:0"}, node("sum", "Add", "x", "x"))
    library += function("less", ["x"], {"y": "test:z:0"}, node("test", "Less", "x", "x")) + "}"
    attr = "key: 'cond' value { func { name: 'less' } };key: 'body' value { func { name: 'add' } }"
    view = view_of(node("x", "Placeholder"), node("w", "While", "x", attr=attr), library)
    first, again = view.nodes["w[body]/x"].inputs
    assert (first.node.name, again.node.name) == ("x", "w[body]/sum")


def test_recursion_ends():
    call = "key: 'f' value { func { name: 'f' } }"
    library = "library {" + function(
        "f", ["x"], {"y": "again:output:0"}, node("again", "PartitionedCall", "x", attr=call)
    )
    view = view_of(node("x", "X"), node("c", "PartitionedCall", "x", attr=call), library + "}")
    assert names(view.nodes.values()) == ["c", "c[f]/again", "c[f]/x", "x"]


def test_functions_that_multiply_are_refused(monkeypatch):
    # Thirty functions, each calling the next one twice: 2³⁰ ops once laid out.
    monkeypatch.setattr(link, "MAX_NODES", 1000)
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
        view_of(node("c", "PartitionedCall", attr=call.format(0)), f"library {{ {library} }}")


SAVED = (
    node("w", "VariableV2", attr=FLOAT + ";key: 'shape' value { shape { dim { size: 3 } } }"),
    const("initial", 1.0),
    node("w/Assign", "Assign", "w", "initial"),
    node("w/read", "Identity", "w"),
    node("moved", "AssignSub", "w", "w/read"),
    node("save/SaveV2", "SaveV2", "names", "names", "names", "w"),
    node("names", "Const"),
    node("save/RestoreV2", "RestoreV2", "names", "names", "names"),
    node("save/Assign", "Assign", "w", "save/RestoreV2"),
)


def test_a_ref_variable_and_what_is_done_to_it():
    view = view_of(*SAVED)
    (w,) = view.variables
    assert w.name == "w" and not w.is_resource and view.shape(w.output) == (3,)
    assert names(w.initial) == ["w/Assign"] and names(w.restores) == ["save/Assign"]
    assert names(w.writes) == ["moved"] and names(w.reads) == ["w/read"]
    assert names(w.saves) == ["save/SaveV2"]
    assert view.variable_read(view.nodes["moved"].inputs[1]) is w
    assert view.variable_of(view.nodes["moved"].inputs[0]) is w


def test_a_resource_variable_is_followed_through_copies_of_its_handle():
    view = view_of(
        node("w", "VarHandleOp", attr=FLOAT),
        node("handle", "Identity", "w", attr=RESOURCE),
        node("x", "Placeholder"),
        node("init", "AssignVariableOp", "handle", "x"),
        node("read", "ReadVariableOp", "handle"),
        node("y", "Identity", "read"),
        node("step", "AssignSubVariableOp", "w", "y"),
        node("if", "If", "x", "w", attr=BRANCHES.replace("add", "same")),
        LIBRARY,
        collections="collection_def { key: 'trainable_variables' value { bytes_list { value: "
        r"'\n\003w:0\022\004init' } } }",
    )
    (w,) = view.variables
    assert w.is_resource and w.trainable and not w.used
    assert names(w.initial) == ["init"] and names(w.writes) == ["step"]
    assert view.variable_read(Output(view.nodes["y"], 0)) is w
    assert view.variable_of(Output(view.nodes["if[else_branch]/x"], 0)) is w


def test_constants_are_folded_and_placeholders_are_not():
    view = view_of(
        const("half", 0.5),
        const("three", 3.0),
        node("neg", "Neg", "half"),
        node("sum", "AddV2", "neg", "three"),
        node("less", "Less", "half", "three"),
        node("default", "PlaceholderWithDefault", "three"),
        node("mixed", "Mul", "sum", "default"),
    )
    assert view.constant(Output(view.nodes["sum"], 0)) == 2.5
    assert view.constant(Output(view.nodes["less"], 0)) == True  # noqa: E712
    assert view.constant(Output(view.nodes["default"], 0)) is None
    assert view.constant(Output(view.nodes["mixed"], 0)) is None


def test_constants_used_twice_are_folded_once():
    # x₂₅ = 2²⁵: without memory the additions would be counted out one by one.
    chain = [node(f"x{i}", "Add", f"x{i - 1}", f"x{i - 1}") for i in range(1, 30)]
    view = view_of(const("x0", 1.0), *chain)
    assert view.constant(Output(view.nodes["x25"], 0)) == 2.0**25


def test_a_cycle_of_additions_is_no_constant():
    view = view_of(const("c", 1.0), node("a", "Add", "c", "b"), node("b", "Add", "a", "c"))
    assert view.constant(Output(view.nodes["a"], 0)) is None


def test_a_constant_that_promises_too_much_has_no_value():
    huge = "key: 'value' value { tensor { dtype: DT_FLOAT float_val: 1 tensor_shape { dim { size: "
    view = view_of(node("c", "Const", attr=huge + "1000000000000 } } } }"))
    assert view.constant(Output(view.nodes["c"], 0)) is None
    assert view.shape(Output(view.nodes["c"], 0)) == (1000000000000,)


def test_shapes_are_those_that_the_graph_tells():
    listed = "key: '_output_shapes' value { list { shape { dim { size: -1 } dim { size: 4 } } "
    listed += "shape { unknown_rank: true } } }"
    view = view_of(node("x", "X", attr=listed), node("y", "Identity", "x"), node("z", "Z"))
    x, y, z = (view.nodes[name] for name in "xyz")
    assert view.shape(Output(x, 0)) == (None, 4) and view.shape(Output(x, 1)) is None
    assert view.shape(Output(x, 2)) is None and view.shape(Output(y, 0)) == (None, 4)
    assert view.shape(Output(z, 0)) is None


def test_copies_that_go_round_in_a_circle_end():
    view = view_of(
        *(const("epsilon", 0.001), node("x", "Placeholder"), node("v", "Mean", "x")),
        *(node("sum", "Add", "v", "epsilon"), node("rsqrt", "Rsqrt", "sum")),
        *(node("a", "Identity", "b"), node("b", "Identity", "a")),
        *(node("m1", "Mul", "a", "rsqrt"), node("m2", "Mul", "a", "rsqrt")),
        node("sub", "Sub", "x", "m2"),
        node("y", "Add", "m1", "sub"),
    )
    assert view.batch_norms.layers == [] and view.origins(Output(view.nodes["a"], 0)) == []

"""Variables: what is done to each, and where values come from."""

from texts import BRANCHES, FLOAT, LIBRARY, RESOURCE, const, graph_of, names, node

from tf1_dnn.check.facts.batch_norms import batch_norms
from tf1_dnn.check.facts.conditions import predicate
from tf1_dnn.check.facts.steps import trainable
from tf1_dnn.check.facts.variables import origins, variable_of, variable_read, variables
from tf1_dnn.check.graph.constants import shape
from tf1_dnn.check.graph.nodes import Output

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
    graph = graph_of(*SAVED)
    (w,) = variables(graph)
    assert w.name == "w" and not w.is_resource and shape(w.output) == (3,)
    assert names(w.initial) == ["w/Assign"] and names(w.restores) == ["save/Assign"]
    assert names(w.writes) == ["moved"] and names(w.reads) == ["w/read"]
    assert names(w.saves) == ["save/SaveV2"]
    assert variable_read(graph, graph.nodes["moved"].inputs[1]) is w
    assert variable_of(graph, graph.nodes["moved"].inputs[0]) is w


def test_a_resource_variable_is_followed_through_copies_of_its_handle():
    graph = graph_of(
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
    (w,) = variables(graph)
    assert w.is_resource and w in trainable(graph) and not w.used
    assert names(w.initial) == ["init"] and names(w.writes) == ["step"]
    assert variable_read(graph, Output(graph.nodes["y"], 0)) is w
    assert variable_of(graph, Output(graph.nodes["if[else_branch]/x"], 0)) is w


def test_copies_that_go_round_in_a_circle_end():
    graph = graph_of(
        *(const("epsilon", 0.001), node("x", "Placeholder"), node("v", "Mean", "x")),
        *(node("sum", "Add", "v", "epsilon"), node("rsqrt", "Rsqrt", "sum")),
        *(node("a", "Identity", "b"), node("b", "Identity", "a")),
        *(node("m1", "Mul", "a", "rsqrt"), node("m2", "Mul", "a", "rsqrt")),
        node("sub", "Sub", "x", "m2"),
        node("y", "Add", "m1", "sub"),
    )
    assert batch_norms(graph).layers == [] and origins(graph, Output(graph.nodes["a"], 0)) == []


def test_a_boolean_passed_on_very_often_ends():
    copies = [node(f"b{i}", "Identity", f"b{i - 1}") for i in range(1, 1100)]
    graph = graph_of(node("b0", "Placeholder"), *copies)
    assert predicate(graph, Output(graph.nodes["b9"], 0)) is graph.nodes["b0"]
    assert predicate(graph, Output(graph.nodes["b1099"], 0)) is graph.nodes["b1099"]


def test_finding_the_steps_changes_no_variable():
    graph = graph_of(*SAVED)
    (w,) = variables(graph)
    before = repr(vars(w))
    assert trainable(graph) == frozenset() and variables(graph) == [w]
    assert repr(vars(w)) == before

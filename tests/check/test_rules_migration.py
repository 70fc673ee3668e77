"""MG001 and MG002: found in graphs of TensorFlow 1.15.5, and the table against today's registry."""

import re

import pages
import pytest
import stored

from tf1_dnn import check
from tf1_dnn.check.rules.migration import removed_ops, replacements
from tf1_dnn.compat import tf, tf1_warnings_silenced

RULES = ("MG001", "MG002")
REMOVED = removed_ops()


def is_known(graph, op):
    try:
        return graph.op_def_for_type(op).name == op
    except RuntimeError:
        return False


def test_todays_tensorflow_has_none_of_the_removed_ops():
    graph = tf.Graph()
    assert is_known(graph, "MatMul") and len(REMOVED) == 135
    assert [name for name in REMOVED if is_known(graph, name)] == []


def test_each_replacement_is_of_an_op_or_a_part_of_contrib():
    assert set(replacements()) <= set(REMOVED) | set(REMOVED.values())


def test_the_replacements_exist():
    """Every tf.… that a replacement names is there today."""
    for text in replacements().values():
        for path in re.findall(r"\btf\.([a-z_.A-Z0-9]*\w)", text):
            found = tf.compat.v2
            for part in path.split("."):
                found = getattr(found, part)


@pytest.mark.parametrize(
    "rule, severity, ops",
    [
        ("MG001", "warning", ("resampler/Resampler",)),
        ("MG002", "note", ("fc/weights", "fc/biases")),
    ],
)
def test_the_wrong_graph_is_found(rule, severity, ops):
    (finding,) = stored.of_rule(stored.findings(f"{rule}_wrong.meta"), *RULES)
    assert (finding.rule, finding.severity, finding.ops) == (rule, severity, ops)


@pytest.mark.parametrize("rule", RULES)
def test_the_right_graph_is_silent_and_runs_today(rule):
    assert stored.of_rule(stored.findings(f"{rule}_right.meta"), *RULES) == []
    assert stored.of_rule(pages.findings(rule, "right"), *RULES) == []


def test_the_wrong_graph_does_not_load_today():
    graph_def = tf.GraphDef.FromString(
        stored.read("MG001_wrong.meta").graph_def.SerializeToString()
    )
    with tf.Graph().as_default(), pytest.raises(Exception, match="Op type not registered"):
        tf.import_graph_def(graph_def)


def test_the_right_graph_resamples():
    with tf.Graph().as_default(), tf.Session() as session:
        namespace = {}
        exec(pages.code("MG001"), namespace)
        rows = tf.reshape(tf.range(12.0), [3, 4, 1])  # the entry at x, y is 4 y + x
        points = [[0.0, 0.0], [1.5, 0.0], [2.25, 1.5]]
        resampled = session.run(namespace["resample"](rows, tf.constant(points)))
    assert resampled.ravel().tolist() == [0.0, 1.5, 8.25]


@pytest.mark.parametrize(
    "name, word",
    [
        ("handson_clipping", "tf.layers"),
        ("keras", "tf.layers"),
        ("slim_train_op", "tf-slim"),
        ("contrib_layers_resource", "tf-slim"),
        ("rnn", "RNN cell"),
    ],
)
def test_what_a_graph_was_built_with(name, word):
    (finding,) = stored.of_rule(stored.findings(f"{name}.meta"), "MG002")
    assert word in finding.message and finding.severity == "note"


@pytest.mark.parametrize("name", ["frozen.pb", "averaged_weights.meta"])
def test_plain_variables_and_constants_need_nothing(name):
    assert stored.of_rule(stored.findings(name), *RULES) == []


def test_a_graph_of_todays_tensorflow_has_come_over_already():
    with tf.Graph().as_default() as graph, tf1_warnings_silenced():
        tf.layers.dense(tf.zeros([2, 3]), 4)
    assert stored.of_rule(check.check(graph), *RULES) == []


def test_a_custom_op_is_no_removed_op():
    graph_def = stored.read("handson_clipping.meta").graph_def
    next(node for node in graph_def.node if node.op == "Relu").op = "MyRelu"
    assert stored.of_rule(check.check(graph_def), "MG001") == []

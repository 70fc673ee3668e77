"""GR001 to GR003: each fires on its page's wrong graph and is silent on the right one."""

import numpy as np
import pages
import pytest
import stored

from tf1_dnn import check
from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import PRESETS
from tf1_dnn.graph import build_graph

RULES = ("GR001", "GR002", "GR003")
XENTROPY = "SparseSoftmaxCrossEntropyWithLogits/SparseSoftmaxCrossEntropyWithLogits"
WRONG = [
    ("GR001", "wrong", "warning", ["hidden1/kernel", "hidden1/bias"]),
    ("GR002", "wrong", "warning", [XENTROPY]),
    ("GR003", "wrong", "error", ["Cast_1", "hidden/kernel", "hidden/bias"]),
    ("GR003", "stopped", "note", ["StopGradient", "hidden/kernel", "hidden/bias"]),
]


@pytest.mark.parametrize("rule, name, severity, ops", WRONG)
def test_the_wrong_graph_is_found(rule, name, severity, ops):
    for found in (pages.findings(rule, name), stored.findings(f"{rule}_{name}.meta")):
        (finding,) = stored.of_rule(found, *RULES)
        assert (finding.rule, finding.severity) == (rule, severity)
        assert [op for op in finding.ops if not op.startswith("gradients/")] == ops


@pytest.mark.parametrize("rule", RULES)
def test_the_right_graph_is_silent(rule):
    assert stored.of_rule(pages.findings(rule, "right"), *RULES) == []
    assert stored.of_rule(stored.findings(f"{rule}_right.meta"), *RULES) == []


@pytest.mark.parametrize("preset, expected", [("batch_norm", ["GR002"]), ("gradient_clipping", [])])
def test_the_post_sums_the_loss_in_its_batch_norm_cell(preset, expected):
    spec = build_graph(PRESETS[preset].replace(hidden_units=(16, 8)), 20, 5)
    found = [each for each in check.check(spec.graph) if each.severity != "note"]
    assert [each.rule for each in found] == expected
    assert all(each.severity == "warning" for each in found)


def found_in(build):
    """The gradient rules' findings in a small graph with x [?, 4] and labels [?]."""
    with tf.Graph().as_default() as graph, tf1_warnings_silenced():
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        labels = tf.placeholder(tf.int32, [None], name="labels")
        build(x, labels)
    return [(each.rule, each.severity) for each in stored.of_rule(check.check(graph), *RULES)]


def minimize(loss, var_list=None):
    tf.train.GradientDescentOptimizer(0.01).minimize(loss, var_list=var_list)


def entropy(x, labels):
    logits = tf.layers.dense(x, 3)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def fixed_batch(x, labels):
    minimize(entropy(tf.zeros([7, 4]), tf.zeros([7], tf.int32)))


def vector_of_squares(x, labels):
    minimize(tf.square(tf.squeeze(tf.layers.dense(x, 1), 1) - tf.cast(labels, tf.float32)))


def sum_over_columns(x, labels):
    minimize(tf.reduce_sum(tf.square(tf.layers.dense(x, 3)), axis=1))


def sum_of_two(x, labels):
    """One of two losses is a vector."""
    hidden = tf.layers.dense(x, 3)
    tensors = tf.trainable_variables()
    grads = tf.gradients([tf.reduce_mean(hidden), tf.square(hidden)], tensors)
    tf.train.GradientDescentOptimizer(0.01).apply_gradients(zip(grads, tensors))


def doubled_often(x, labels):
    """2 to the 30th paths lead from the loss back to where its rank is told."""
    loss = entropy(x, labels)
    for _ in range(30):
        loss = loss + loss
    minimize(loss)


def argmax_between(x, labels):
    hidden = tf.layers.dense(x, 4)
    embedding = tf.get_variable("embedding", [4, 3])
    minimize(tf.reduce_mean(tf.square(tf.gather(embedding, tf.argmax(hidden, 1)))))


def comparison_between(x, labels):
    hidden = tf.cast(tf.layers.dense(x, 4) > 0.5, tf.float32)
    minimize(tf.reduce_mean(tf.square(tf.layers.dense(hidden, 1))))


def never_read(x, labels):
    tf.get_variable("forgotten", [3])
    tf.train.Saver()
    minimize(tf.reduce_mean(entropy(x, labels)))


@pytest.mark.parametrize(
    "build, expected",
    [
        (fixed_batch, [("GR002", "warning")]),
        (vector_of_squares, [("GR002", "warning")]),
        (sum_over_columns, [("GR002", "warning")]),
        (sum_of_two, [("GR002", "warning")]),
        (doubled_often, [("GR002", "warning")]),
        (argmax_between, [("GR003", "warning")]),
        (comparison_between, [("GR003", "error")]),  # the cast, nearest to the loss
        (never_read, [("GR001", "note")]),
    ],
)
def test_other_forms_are_found(build, expected):
    assert found_in(build) == expected


def reduce_sum(x, labels):
    minimize(tf.reduce_sum(entropy(x, labels)))


def weighted_by_an_unknown(x, labels):
    """A placeholder without shape hides the rank of a scalar."""
    weight = tf.placeholder(tf.float32)
    minimize(weight * tf.reduce_mean(entropy(x, labels)))


def one_entry(x, labels):
    minimize(tf.reshape(tf.reduce_mean(entropy(x, labels)), [1]))


def gradient_penalty(x, labels):
    losses = entropy(x, labels)
    (slopes,) = tf.gradients(losses, x)
    minimize(tf.reduce_mean(losses) + tf.reduce_mean(tf.square(slopes)))


def given_grad_ys(x, labels):
    action = tf.layers.dense(x, 2)
    variables = tf.trainable_variables()
    grads = tf.gradients(action, variables, -tf.placeholder(tf.float32, [None, 2]))
    tf.train.GradientDescentOptimizer(0.01).apply_gradients(zip(grads, variables))


def straight_through(x, labels):
    hidden = tf.layers.dense(x, 4)
    rounded = hidden + tf.stop_gradient(tf.round(hidden) - hidden)
    minimize(tf.reduce_mean(entropy(rounded, labels)))


def overridden(x, labels):
    """The binarized networks' way: Sign with the gradient of the identity."""
    with tf.get_default_graph().gradient_override_map({"Sign": "Identity"}):
        hidden = tf.sign(tf.layers.dense(x, 4))
    minimize(tf.reduce_mean(entropy(hidden, labels)))


def custom_gradient(x, labels):
    rounded = tf.custom_gradient(lambda hidden: (tf.round(hidden), lambda grad: grad))
    minimize(tf.reduce_mean(entropy(rounded(tf.layers.dense(x, 4)), labels)))


def target_network(x, labels):
    """Cut off by stop_gradient, but copied into by assign."""
    with tf.variable_scope("target"):
        goal = tf.stop_gradient(tf.layers.dense(x, 3, use_bias=False))
    with tf.variable_scope("online"):
        outputs = tf.layers.dense(x, 3, use_bias=False)
    target, online = tf.trainable_variables()
    target.assign(online)
    minimize(tf.losses.mean_squared_error(goal, outputs))


def integers(x, labels):
    """Integer variables are in TRAINABLE_VARIABLES by default, and never trained."""
    tf.Variable(0, name="epoch")
    minimize(tf.reduce_mean(entropy(x, labels)))


def moving_embedding(x, labels):
    """A sparse gradient, a scatter instead of a dense update."""
    embedding = tf.get_variable("embedding", [5, 4])
    minimize(tf.reduce_mean(entropy(tf.nn.embedding_lookup(embedding, labels), labels)))


@pytest.mark.parametrize(
    "build",
    [
        reduce_sum,
        weighted_by_an_unknown,
        one_entry,
        gradient_penalty,
        given_grad_ys,
        straight_through,
        overridden,
        custom_gradient,
        target_network,
        integers,
        moving_embedding,
    ],
)
def test_what_is_meant_is_left_alone(build):
    assert found_in(build) == []


@pytest.mark.parametrize(
    "name, expected",
    [
        ("handson_frozen_var_list", [("GR001", "note")]),
        ("handson_frozen_stop_gradient", [("GR003", "note")]),
        ("distillation", [("GR003", "note")]),
        ("transfer", [("GR001", "warning"), ("GR001", "note")]),  # the old head is not used at all
    ],
)
def test_frozen_layers(name, expected):
    found = stored.of_rule(stored.findings(f"{name}.meta"), *RULES)
    assert [(each.rule, each.severity) for each in found] == expected


def test_the_gradient_of_the_vector_is_that_of_the_sum():
    """What GR002 says, measured: 50 examples, 50 times the gradient of the mean."""
    with tf.Graph().as_default(), tf1_warnings_silenced(), tf.Session() as session:
        losses = entropy(tf.random_normal([50, 4], seed=1), tf.zeros([50], tf.int32))
        kernel, _ = tf.trainable_variables()
        of_vector, of_mean = (
            tf.gradients(target, kernel)[0] for target in (losses, tf.reduce_mean(losses))
        )
        session.run(tf.global_variables_initializer())
        summed, mean = session.run([of_vector, of_mean])
    np.testing.assert_allclose(summed, 50 * mean, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "name, is_told", [("Adam/lr", False), ("training/Adam/Variable_12", False), ("layer/lr", True)]
)
def test_what_keras_optimizers_keep_is_no_layer(name, is_told):
    """Old versions of Keras list it as trainable."""

    def build(x, labels):
        logits = tf.layers.dense(x, 3)
        loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
        tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        tf.identity(tf.Variable(0.001, name=name))

    assert ("GR001" in {rule for rule, _ in found_in(build)}) == is_told

"""CL001 to CL005: each fires on its page's wrong graph and is silent on the right one."""

import pages
import pytest
import stored

from tf1_dnn import check
from tf1_dnn.compat import tf, tf1_warnings_silenced

RULES = ("CL001", "CL002", "CL003", "CL004", "CL005")
WRONG = [
    ("CL001", "wrong", "error", {"clip_by_value", "clip_by_value_1"}),
    ("CL001", "minimized", "error", {"clip_by_global_norm/mul_1", "clip_by_global_norm/mul_2"}),
    ("CL002", "wrong", "warning", {"hidden/bias", "outputs/bias"}),
    (
        "CL003",
        "wrong",
        "warning",
        {f"tower_{i}/model/clip_by_norm{n}/truediv" for i in (0, 1) for n in ("", "_1")},
    ),
    ("CL004", "wrong", "error", {"clip_by_value", "clip_by_value_1"}),
    ("CL004", "clipped_error", "warning", {"clip_by_value", "Mean"}),
    (
        "CL005",
        "wrong",
        "warning",
        {"clip_by_value", "clip_by_value_1"}
        | {"clip_by_global_norm/mul_1", "clip_by_global_norm/mul_2"},
    ),
]


def named(finding):
    """The ops of a finding; of an optimizer's ops the variable."""
    return {
        op.split("update_")[-1].rpartition("/")[0] if "/update_" in op else op for op in finding.ops
    }


@pytest.mark.parametrize("rule, name, severity, ops", WRONG)
def test_the_wrong_graph_is_found(rule, name, severity, ops):
    for found in (pages.findings(rule, name), stored.findings(f"{rule}_{name}.meta")):
        (finding,) = stored.of_rule(found, *RULES)
        assert (finding.rule, finding.severity) == (rule, severity)
        assert ops <= named(finding)
        assert named(finding) - ops <= {"dense/kernel", "dense/bias"}  # the variables of CL001


@pytest.mark.parametrize("rule", RULES)
def test_the_right_graph_is_silent(rule):
    assert stored.of_rule(pages.findings(rule, "right"), *RULES) == []
    assert stored.of_rule(stored.findings(f"{rule}_right.meta"), *RULES) == []


def found_in(build):
    """The findings of the clipping rules in a small graph with x, y and one dense layer."""
    with tf.Graph().as_default() as graph, tf1_warnings_silenced():
        x = tf.placeholder(tf.float32, [None, 4], name="x")
        y = tf.placeholder(tf.float32, [None, 1], name="y")
        build(tf.layers.dense(x, 1), y)
    return [(each.rule, each.severity) for each in stored.of_rule(check.check(graph), *RULES)]


def minimize(loss):
    tf.train.GradientDescentOptimizer(0.01).minimize(loss)


def huber_by_hand(outputs, y):
    error = tf.abs(y - outputs)
    quadratic = tf.clip_by_value(error, 0.0, 1.0)
    minimize(tf.reduce_mean(0.5 * tf.square(quadratic) + (error - quadratic)))


def hinge(outputs, y):
    minimize(tf.reduce_mean(tf.maximum(0.0, 1.0 - y * outputs)))


def clipped_probability(outputs, y):
    probability = tf.clip_by_value(tf.sigmoid(outputs), 1e-7, 1 - 1e-7)
    minimize(-tf.reduce_mean(y * tf.log(probability)))


def clipped_activation(outputs, y):
    minimize(tf.reduce_mean(tf.square(tf.clip_by_value(outputs, 0.0, 6.0) - y)))


def clipped_log_variance(outputs, y):
    """A Gaussian's negative log-likelihood: the log variance is a term, and more than that."""
    log_variance = tf.clip_by_value(tf.layers.dense(outputs, 1), -10.0, 10.0)
    error = tf.square(y - outputs)
    minimize(tf.reduce_mean(0.5 * (log_variance + error * tf.exp(-log_variance))))


def clipped_target(outputs, y):
    minimize(tf.reduce_mean(tf.square(outputs - tf.clip_by_value(y, -1.0, 1.0))))


def clipped_for_a_look(outputs, y):
    """Clipped twice, once for a summary: the train op does apply clipped gradients."""
    optimizer = tf.train.GradientDescentOptimizer(0.01)
    grads_and_vars = optimizer.compute_gradients(tf.losses.mean_squared_error(y, outputs))
    for grad, var in grads_and_vars:
        tf.summary.histogram(var.op.name, tf.clip_by_value(grad, -0.1, 0.1))
    optimizer.apply_gradients([(tf.clip_by_norm(g, 1.0), v) for g, v in grads_and_vars])


def normalized(outputs, y):
    """Divided by their norm, which is no clipping; the norm alone is looked at."""
    optimizer = tf.train.GradientDescentOptimizer(0.01)
    grads, variables = zip(*optimizer.compute_gradients(tf.losses.mean_squared_error(y, outputs)))
    norm = tf.global_norm(grads)
    tf.summary.scalar("clipped", tf.minimum(norm, 1.0))
    optimizer.apply_gradients(zip([grad / norm for grad in grads], variables))


def clipped_input_gradient(outputs, y):
    """An adversarial example clips a gradient that is no variable's."""
    loss = tf.losses.mean_squared_error(y, outputs)
    x = outputs.graph.get_tensor_by_name("x:0")
    (x_grad,) = tf.gradients(loss, x)
    tf.identity(x + tf.clip_by_value(x_grad, -0.1, 0.1), name="adversarial")
    minimize(loss)


@pytest.mark.parametrize(
    "build",
    [
        huber_by_hand,
        hinge,
        clipped_probability,
        clipped_activation,
        clipped_log_variance,
        clipped_target,
        clipped_for_a_look,
        normalized,
        clipped_input_gradient,
    ],
)
def test_what_is_meant_is_left_alone(build):
    assert found_in(build) == []


def gradients(outputs, y):
    optimizer = tf.train.GradientDescentOptimizer(0.01)
    return optimizer, optimizer.compute_gradients(tf.losses.mean_squared_error(y, outputs))


def clipped_loss(outputs, y):
    minimize(tf.maximum(-1.0, tf.minimum(1.0, tf.losses.mean_squared_error(y, outputs))))


def empty_activation(outputs, y):
    minimize(tf.losses.mean_squared_error(y, tf.clip_by_value(outputs, 6.0, 0.0)))


def clipped_by_formula(outputs, y):
    """By norm as written by hand, and before that by value."""
    optimizer, pairs = gradients(outputs, y)
    pairs = [(tf.maximum(tf.minimum(grad, 1.0), -1.0), var) for grad, var in pairs]
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(grad)) for grad, _ in pairs]))
    optimizer.apply_gradients([(g * (5.0 / tf.maximum(norm, 5.0)), v) for g, v in pairs])


def sync_replicas(outputs, y):
    """Each worker clips, then its gradients go to the accumulators."""
    optimizer = tf.train.SyncReplicasOptimizer(tf.train.GradientDescentOptimizer(0.01), 2)
    grads_and_vars = optimizer.compute_gradients(tf.losses.mean_squared_error(y, outputs))
    capped = [(tf.clip_by_value(grad, -1.0, 1.0), var) for grad, var in grads_and_vars]
    optimizer.apply_gradients(capped, global_step=tf.train.get_or_create_global_step())


@pytest.mark.parametrize(
    "build, expected",
    [
        (clipped_loss, [("CL004", "warning")]),
        (empty_activation, [("CL004", "error")]),
        (clipped_by_formula, [("CL005", "warning")]),
        (sync_replicas, [("CL003", "warning")]),
    ],
)
def test_other_forms_are_found(build, expected):
    assert found_in(build) == expected


@pytest.mark.parametrize("first, expected", [("clip", ["CL003"]), ("average", [])])
def test_an_allreduce_that_nobody_registered(first, expected):
    with tf.Graph().as_default() as graph, tf1_warnings_silenced():
        x = tf.placeholder(tf.float32, [None, 4])
        optimizer = tf.train.GradientDescentOptimizer(0.01)
        loss = tf.reduce_mean(tf.square(tf.layers.dense(x, 1)))
        steps = [lambda grad: tf.clip_by_norm(grad, 1.0), lambda g: tf.identity(g, "allreduce")]
        pairs = []
        for grad, var in optimizer.compute_gradients(loss):
            for step in steps if first == "clip" else steps[::-1]:
                grad = step(grad)
            pairs.append((grad, var))
        optimizer.apply_gradients(pairs)
    graph_def = graph.as_graph_def()
    for node in graph_def.node:
        if node.name.startswith("allreduce"):
            node.op = "HorovodAllreduce"
    assert [each.rule for each in stored.of_rule(check.check(graph_def), *RULES)] == expected

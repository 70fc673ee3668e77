"""The train op: exact clipped gradients, one step of each preset against NumPy, UPDATE_OPS."""

import numpy as np
import pytest
import reference

from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, Config
from tf1_dnn.errors import Error
from tf1_dnn.graph import build_graph, train_op

RANDOM = np.random.RandomState(0)
X = RANDOM.uniform(0, 1, (50, 20)).astype(np.float32)
LABELS = RANDOM.randint(0, 5, 50).astype(np.int32)


def clipped(grads, **clipping):
    """What clip_gradients makes of constant gradients."""
    with tf.Graph().as_default(), tf.Session() as session:
        pairs = [(tf.constant(grad, tf.float32), i) for i, grad in enumerate(grads)]
        result = train_op.clip_gradients(pairs, Config(**clipping).clipping)
        assert [var for _, var in result] == list(range(len(grads)))
        return [grad.tolist() for grad in session.run([grad for grad, _ in result])]


def test_clip_by_value():
    assert clipped([[4.0, -4.0, 0.5]], clip_value=3.0) == [[3.0, -3.0, 0.5]]


def test_clip_by_norm_scales_each_gradient_by_its_own_norm():
    assert clipped([[3.0, 4.0], [0.3, 0.4]], clip_norm=1.0) == [
        pytest.approx([0.6, 0.8]),
        pytest.approx([0.3, 0.4]),
    ]


def test_clip_by_global_norm_keeps_the_direction():
    # ‖(2, 4, 4)‖ = 6, scaled to 3.
    assert clipped([[2.0], [4.0, 4.0]], clip_global_norm=3.0) == [
        pytest.approx([1.0]),
        pytest.approx([2.0, 2.0]),
    ]
    assert clipped([[2.0], [4.0, 4.0]], clip_global_norm=7.0) == [[2.0], [4.0, 4.0]]


def test_without_clipping_gradients_pass_unchanged():
    assert clipped([[4.0, -400.0]]) == [[4.0, -400.0]]


def test_a_gradient_of_none_names_the_variable():
    with tf.Graph().as_default():
        used = tf.get_variable("used", [])
        tf.get_variable("unused", [])
        with pytest.raises(Error, match="does not depend on the variable unused"):
            train_op.train_step(
                tf.square(used),
                optimizer=tf.train.GradientDescentOptimizer(0.1),
                global_step=tf.train.create_global_step(),
            )


def step_once(config, x=X, labels=LABELS):
    """All variables before and after one step, as dictionaries, and the gradients."""
    spec = build_graph(config, x.shape[1], 5)
    variables = {v.op.name: v for v in spec.graph.get_collection("variables")}
    feed_dict = dict(zip(spec.placeholders, [x, labels, True]))
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        before = session.run(variables)
        grads = {var.op.name: grad for grad, var in spec.tower.step.grads_and_vars}
        grads = session.run(grads, feed_dict)  # which changes nothing
        session.run(spec.tower.step.train_op, feed_dict)
        return before, session.run(variables), grads


STEPS = {
    "the post's batch norm": PRESETS["batch_norm"],
    "the post's clipping": PRESETS["gradient_clipping"].replace(clip_value=0.01),
    "batch norm and clipping by value": Config(clip_value=0.1),
    "batch norm and clipping by norm": Config(clip_norm=0.1, activation="tanh"),
    "clipping by global norm": Config(
        batch_norm=False, clip_global_norm=0.1, loss_reduction="mean"
    ),
    "batch norm on the mean loss": Config(loss_reduction="mean", activation="sigmoid"),
}


@pytest.mark.parametrize("name", STEPS)
def test_one_step_equals_numpy(name):
    config = STEPS[name].replace(hidden_units=(16, 8))
    before, after, _ = step_once(config)
    assert (before.pop("global_step"), after.pop("global_step")) == (0, 1)
    expected = reference.sgd_step(before, X, LABELS, config)
    for variable, value in expected.items():
        np.testing.assert_allclose(after[variable], value, rtol=1e-4, atol=2e-6, err_msg=variable)
        if not (config.batch_norm and variable.endswith("/bias")):
            assert (after[variable] != before[variable]).any(), f"{variable} did not move"


def test_biases_before_batch_norm_have_no_gradient():
    _, _, grads = step_once(PRESETS["batch_norm"].replace(hidden_units=(16, 8)))
    for name, grad in grads.items():
        if name.endswith("/bias"):
            np.testing.assert_allclose(grad, 0, atol=1e-4)
        else:
            assert np.abs(grad).max() > 1e-2, name


@pytest.mark.parametrize("preset", PUBLISHED_CURVES)
def test_the_sum_gradient_is_the_batch_times_the_mean_gradient(preset):
    config = PRESETS[preset].replace(hidden_units=(16, 8))
    grads = {
        reduction: step_once(config.replace(loss_reduction=reduction))[2]
        for reduction in ("sum", "mean")
    }
    for name, grad in grads["mean"].items():
        np.testing.assert_allclose(grads["sum"][name], len(X) * grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("clipping", [{}, {"clip_value": 0.1}], ids=["minimize", "clip"])
def test_the_train_op_runs_the_update_ops(clipping):
    config = Config(hidden_units=(16, 8), **clipping)
    before, after, _ = step_once(config)
    z = X @ before["hidden1/kernel"]
    np.testing.assert_allclose(
        after["batch_normalization/moving_mean"], 0.1 * z.mean(0), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        after["batch_normalization/moving_variance"], 0.9 + 0.1 * z.var(0), rtol=1e-4
    )


def test_without_the_dependency_the_moving_statistics_stay_put():
    spec = build_graph(Config(hidden_units=(16, 8)), 20, 5)
    with spec.graph.as_default():
        # What the post warns of: minimize() without the UPDATE_OPS dependency.
        train_op = tf.train.GradientDescentOptimizer(0.01).minimize(spec.tower.losses.xentropy)
        moving = [v for v in tf.global_variables() if "moving" in v.op.name]
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        before = session.run(moving)
        session.run(train_op, dict(zip(spec.placeholders, [X, LABELS, True])))
        after = session.run(moving)
    for was, now in zip(before, after):
        np.testing.assert_array_equal(was, now)


def test_evaluation_changes_no_variable():
    spec = build_graph(PRESETS["batch_norm"].replace(hidden_units=(16, 8)), 20, 5)
    variables = spec.graph.get_collection("variables")
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        before = session.run(variables)
        feed_dict = dict(zip(spec.placeholders[:2], [X, LABELS]))
        session.run([spec.correct, spec.tower.losses], feed_dict)
        for was, now in zip(before, session.run(variables)):
            np.testing.assert_array_equal(was, now)


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
def test_every_optimizer_moves_every_variable_and_counts_the_step(name):
    config = Config(hidden_units=(16, 8), batch_norm=False, optimizer=name)
    before, after, _ = step_once(config)
    assert after["global_step"] == 1
    for grad_name in (name for name in before if name.endswith(("kernel", "bias"))):
        assert (before[grad_name] != after[grad_name]).any(), grad_name

"""A network of the user's own as a graph: what its function is given, shares and may not do."""

import numpy as np
import own_networks as own
import pytest

from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution
from tf1_dnn.data import Dataset
from tf1_dnn.errors import ConfigError, Error, NetworkError
from tf1_dnn.graph import build_graph
from tf1_dnn.graph.inference import build_inference
from tf1_dnn.graph.op_types import drawing_op
from tf1_dnn.training import loops

RANDOM = np.random.RandomState(0)
INPUTS = RANDOM.rand(60, 20).astype(np.float32)
LABELS = RANDOM.randint(0, 5, 60).astype(np.int32)
POST = Config(hidden_units=(16, 8))
BATCHES = [np.arange(20) + 20 * (i % 3) for i in range(30)]


def built(function, config=POST, **settings):
    return build_graph(config, 20, 5, own=function, **settings)


def names_of(model):
    return [v.op.name for v in model.graph.get_collection("variables")]


def trained(model, execution, batches=BATCHES):
    """Losses of the steps, and the variables after them."""
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        loop = loops.make_loop(session, model, Dataset(INPUTS, LABELS), execution)
        losses = loop.run_epoch(batches)["loss"]
        variables = model.graph.get_collection("variables")
        return losses, session.run({v.op.name: v for v in variables})


ALL_LOOPS = [Execution(loop="step"), Execution(xla=False), Execution()]


@pytest.mark.parametrize("execution", ALL_LOOPS, ids=["step", "epoch", "compiled"])
def test_the_posts_network_as_a_function_of_the_users_is_the_posts(execution):
    losses, values = trained(built(own.post), execution)
    expected_losses, expected = trained(build_graph(POST, 20, 5), execution)
    np.testing.assert_array_equal(losses, expected_losses)
    assert set(values) == set(expected)
    for name, value in values.items():
        np.testing.assert_array_equal(value, expected[name], name)


@pytest.mark.parametrize("execution", ALL_LOOPS[1:], ids=["epoch", "compiled"])
def test_an_lstm_learns_in_a_loop_of_steps_as_step_by_step(execution):
    """dynamic_rnn reads its kernel once a session.run, unless it is kept from that."""
    config = Config(loss_reduction="mean", optimizer="adam", learning_rate=0.01)
    losses, values = trained(built(own.lstm, config), ALL_LOOPS[0])
    found_losses, found = trained(built(own.lstm, config), execution)
    np.testing.assert_allclose(found_losses, losses, rtol=1e-5)
    for name, value in values.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-4, atol=1e-5, err_msg=name)
    assert losses[-3:].mean() < losses[:3].mean()


def test_initial_weights_follow_from_the_seed():
    """Also those of Keras's initializers, tf.layers' own, which know no graph's seed."""
    first, again = (trained(built(own.lstm), ALL_LOOPS[0], [])[1] for _ in range(2))
    other = trained(built(own.lstm, Config(seed=43)), ALL_LOOPS[0], [])[1]
    for name in ("rnn/basic_lstm_cell/kernel", "dense/kernel"):
        np.testing.assert_array_equal(first[name], again[name])
        assert np.abs(first[name] - other[name]).max() > 0.1


def test_the_function_is_given_what_it_names():
    given = {}

    def network(inputs, training, n_outputs, image_shape, step, hidden_units, seed, own=3, **rest):
        given.update(locals())
        return tf.layers.dense(inputs, n_outputs)

    built(network, Config(hidden_units=(7, 6), seed=9), image_shape=(4, 5))
    assert given["inputs"].shape.as_list() == [None, 20]
    assert (given["training"].dtype, given["training"].shape.rank) == (tf.bool, 0)
    assert (given["step"].dtype.base_dtype, given["step"].shape.rank) == (tf.int64, 0)
    assert [given[name] for name in ("n_outputs", "image_shape", "hidden_units", "seed")] == [
        5,
        (4, 5),
        (7, 6),
        9,
    ]
    assert (given["own"], given["rest"]) == (3, {})


def test_layers_follow_the_options_that_a_function_names():
    model = built(own.plain, Config(hidden_units=(7, 6), activation="tanh"))
    assert [v.shape.as_list() for v in model.graph.get_collection("trainable_variables")] == [
        *([20, 7], [7]),
        *([7, 6], [6]),
        *([6, 5], [5]),
    ]


def test_named_tensors_are_for_histograms():
    network = built(own.lstm).tower.network
    assert set(network.tensors) == {"logits/logits", "state"}
    assert network.tensors["state"].shape.as_list() == [None, 6]


def test_the_network_for_inference_has_the_same_variables_and_no_step():
    trained_names = set(names_of(built(own.post))) - {"global_step"}
    graph = build_inference(POST, 20, 5, own=own.post).graph
    assert {v.op.name for v in graph.get_collection("variables")} == trained_names
    assert not {"training", "labels"} & {op.name for op in graph.get_operations()}


def test_the_model_variables_are_those_that_inference_needs():
    model = built(own.post, POST.replace(optimizer="momentum"))
    found = {v.op.name for v in model.graph.get_collection("model_variables")}
    assert "batch_normalization/moving_mean" in found and "hidden1/kernel" in found
    assert set(names_of(model)) - found == {"global_step"} | {
        f"{v.op.name}/Momentum" for v in model.graph.get_collection("trainable_variables")
    }


def by_variable(inputs, n_outputs):
    return tf.matmul(inputs, tf.Variable(tf.zeros([20, n_outputs]), name="mine"))


def by_keras(inputs, n_outputs):
    return tf.keras.layers.Dense(n_outputs, name="mine")(inputs)


def by_name(inputs, n_outputs):
    kernel = tf.get_variable("mine", [20, n_outputs])
    return tf.matmul(inputs, kernel)


@pytest.mark.parametrize("function", [by_variable, by_keras])
def test_a_variable_that_copies_would_not_share_is_refused(function):
    with pytest.raises(ConfigError, match="makes the variable dnn/mine.* outside of tf.get_vari"):
        built(function)
    assert names_of(built(by_name))[0] == "global_step"  # the control


def wide(inputs, n_outputs):
    return tf.layers.dense(inputs, n_outputs + 1)


def flat(inputs):
    return tf.reduce_sum(inputs, axis=1)


def nothing(inputs):
    tf.layers.dense(inputs, 5)


def doubled(inputs, n_outputs):
    return tf.cast(tf.layers.dense(inputs, n_outputs), tf.float64)


def unshaped(inputs, n_outputs):
    return tf.py_func(lambda x: x[:, :5], [inputs], tf.float32)


def listed(inputs, n_outputs):
    return tf.layers.dense(inputs, n_outputs), [inputs]


def asking(inputs, colour):
    return inputs


def without_inputs(n_outputs):
    return tf.zeros([3, n_outputs])


@pytest.mark.parametrize(
    "function, words",
    [
        (wide, r"returned float32 of \[None, 6\], not float32 logits \[batch, 5\]"),
        (flat, r"returned float32 of \[None\], not float32 logits"),
        (doubled, r"returned float64 of \[None, 5\], not float32 logits"),
        (unshaped, "returned float32 of an unknown shape, not float32 logits"),
        (nothing, "returned NoneType, not float32 logits"),
        (listed, "returned tuple, not float32 logits"),
        (asking, "wants colour, which is not known"),
        (without_inputs, "has no parameter inputs"),
    ],
)
def test_what_is_no_network_is_told_in_a_sentence(function, words):
    with pytest.raises(ConfigError, match=f"the network {function.__name__} {words}"):
        built(function)


def test_an_exception_of_the_functions_is_the_cause():
    def network(inputs):
        return inputs / [][0]

    with pytest.raises(NetworkError, match=r"network failed \(IndexError: list index out") as seen:
        built(network)
    assert isinstance(seen.value.__cause__, IndexError)


def test_a_gradient_of_none_is_told_by_name():
    def network(inputs, n_outputs):
        tf.get_variable("forgotten", [3])
        return tf.layers.dense(inputs, n_outputs)

    with pytest.raises(Error, match="does not depend on the variable forgotten"):
        built(network)


def test_what_draws_by_a_generator_is_found():
    def dropped(inputs, training, n_outputs):
        h = tf.layers.dropout(inputs, 0.5, training=training)
        return tf.layers.dense(h, n_outputs)

    def in_a_loop(inputs, n_outputs):
        def body(i, h):
            return i + 1, h + tf.random_normal([5], seed=1)

        loop = tf.while_loop(lambda i, h: i < 3, body, [0, tf.layers.dense(inputs, n_outputs)])
        return tf.ensure_shape(loop[1], [None, 5])

    assert drawing_op(built(dropped).tower.network.logits) == "RandomUniform"
    assert drawing_op(built(in_a_loop).tower.network.logits) == "RandomStandardNormal"
    # Initializers draw, and the package's own dropout by the step: neither is meant.
    assert drawing_op(built(own.post).tower.network.logits) is None
    dnn = build_graph(POST.replace(dropout_rate=0.5), 20, 5)
    assert drawing_op(dnn.tower.network.logits) is None

"""The network, its losses and its accuracy: names, sizes and values."""

import numpy as np
import pytest
import reference

from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, Config
from tf1_dnn.graph import build_graph, layers, network

BATCH_NORM_NAMES = [
    "hidden1/kernel hidden1/bias",
    "batch_normalization/gamma batch_normalization/beta",
    "batch_normalization/moving_mean batch_normalization/moving_variance",
    "hidden2/kernel hidden2/bias",
    "batch_normalization_1/gamma batch_normalization_1/beta",
    "batch_normalization_1/moving_mean batch_normalization_1/moving_variance",
    "outputs/kernel outputs/bias",
    "batch_normalization_2/gamma batch_normalization_2/beta",
    "batch_normalization_2/moving_mean batch_normalization_2/moving_variance",
]
CLIPPING_NAMES = [
    "hidden1/kernel hidden1/bias hidden2/kernel hidden2/bias logits/kernel logits/bias"
]


@pytest.mark.parametrize(
    "preset, names, n_parameters",
    [
        ("batch_norm", BATCH_NORM_NAMES, 267_430),
        ("gradient_clipping", CLIPPING_NAMES, 266_610),
    ],
)
def test_variables_and_parameter_counts(preset, names, n_parameters):
    graph = build_graph(PRESETS[preset], 784, 10).graph
    with graph.as_default():
        found = [v.op.name for v in tf.global_variables()]
        trainable = sum(v.shape.num_elements() for v in tf.trainable_variables())
    assert found == ["global_step"] + " ".join(names).split()
    assert trainable == n_parameters


def test_placeholders_and_scopes_carry_the_posts_names():
    spec = build_graph(PRESETS["batch_norm"], 784, 10)
    assert [p.op.name for p in spec.placeholders] == ["X", "labels", "training"]
    scopes = {op.name.split("/")[0] for op in spec.graph.get_operations()}
    assert {"dnn", "loss", "train", "eval"} <= scopes
    with tf.Session(graph=spec.graph) as session:
        assert not session.run(spec.placeholders.training)


@pytest.mark.parametrize("activation", sorted(reference.ACTIVATIONS))
@pytest.mark.parametrize("batch_norm", [True, False])
def test_forward_pass_equals_numpy(activation, batch_norm):
    config = Config(hidden_units=(7, 6), activation=activation, batch_norm=batch_norm)
    spec = build_graph(config, 5, 4)
    x = np.random.RandomState(0).randn(9, 5).astype(np.float32)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        variables = session.run({v.op.name: v for v in spec.graph.get_collection("variables")})
        feed_dict = {spec.placeholders.inputs: x, spec.placeholders.training: True}
        logits = session.run(spec.tower.network.logits, feed_dict)
    expected, _ = reference.forward(variables, x, activation)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_the_hand_written_batch_norm_gives_the_same_network():
    x = np.random.RandomState(0).randn(9, 5).astype(np.float32)

    def logits(batch_normalization):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(42)
            dnn = network.dnn(
                tf.constant(x),
                training=True,
                step=tf.constant(0, tf.int64),
                config=Config(hidden_units=(7, 6)),
                n_outputs=4,
                batch_normalization=batch_normalization,
            )
            session.run(tf.global_variables_initializer())
            return session.run(dnn.logits)

    np.testing.assert_array_equal(
        logits(layers.batch_normalization), logits(layers.batch_normalization_by_hand)
    )


def test_stages_of_a_hidden_layer():
    network = build_graph(Config(hidden_units=(7, 6), dropout_rate=0.5), 5, 4).tower.network
    assert [h.pre_activation.shape.as_list() for h in network.hidden] == [[None, 7], [None, 6]]
    plain = build_graph(Config(hidden_units=(7,), batch_norm=False), 5, 4).tower.network
    assert plain.hidden[0].normalized is plain.hidden[0].pre_activation
    assert plain.logits is plain.logits_before_bn


def test_no_hidden_layer_is_a_linear_model():
    spec = build_graph(Config(hidden_units=(), batch_norm=False), 5, 4)
    assert [v.op.name for v in spec.graph.get_collection("trainable_variables")] == [
        "logits/kernel",
        "logits/bias",
    ]


def test_losses_equal_numpy():
    logits = np.float32([[2, 1, 0], [0, 0, 0], [-50, 50, 0]])
    labels = np.int32([0, 2, 0])
    with tf.Graph().as_default(), tf.Session() as session:
        losses = session.run(network.losses(tf.constant(logits), tf.constant(labels)))
    expected = reference.cross_entropy(logits.astype(float), labels)
    np.testing.assert_allclose(losses.xentropy, expected, rtol=1e-6)
    np.testing.assert_allclose(losses.loss, expected.mean(), rtol=1e-6)
    np.testing.assert_allclose(expected[1:], [np.log(3), 100])


def test_accuracy_counts_ties_as_correct():
    logits = np.float32([[2, 1, 0], [1, 1, 0], [0, 1, 2], [np.nan, 0, 0]])
    with tf.Graph().as_default(), tf.Session() as session:
        correct = network.correct(tf.constant(logits), tf.constant([0, 1, 0, 1]))
        correct, accuracy = session.run([correct, network.accuracy(correct)])
    assert correct.tolist() == [True, True, False, False]
    assert accuracy == 0.5

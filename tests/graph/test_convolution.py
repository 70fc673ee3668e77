"""The convolution before the dense layers, against NumPy; batch norm over four dimensions."""

import numpy as np
import pytest
import reference_convolution as reference

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.errors import ConfigError
from tf1_dnn.graph import build_graph, layers, network, op_types

SHAPE = (9, 7, 3)  # odd: pooling leaves the last row and column out
RANDOM = np.random.RandomState(0)
PICTURES = RANDOM.uniform(-2, 5, (50, *SHAPE)).astype(np.float32)
LABELS = RANDOM.randint(0, 5, 50).astype(np.int32)


def built(**options):
    config = Config(conv_filters=(4, 6), hidden_units=(), **options)
    return build_graph(config, int(np.prod(SHAPE)), 5, image_shape=SHAPE)


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 5])
@pytest.mark.parametrize("fused", [True, False])
def test_logits_and_gradients_are_the_formulas(kernel_size, fused):
    model = built(kernel_size=kernel_size, fused_batch_norm=fused)
    feed_dict = model.placeholders.feed_dict((PICTURES.reshape(50, -1), LABELS), training=True)
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        values = session.run({v.op.name: v for v in model.graph.get_collection("variables")})
        step = model.tower.step
        logits, grads = session.run(
            [model.tower.network.logits, {v.op.name: g for g, v in step.grads_and_vars}], feed_dict
        )
    exact = {name: value.astype(np.float64) for name, value in values.items()}
    x = PICTURES.astype(np.float64)
    np.testing.assert_allclose(logits, reference.forward(exact, x, "elu")[0], rtol=1e-4, atol=1e-4)
    expected = reference.gradients(exact, x, LABELS, "elu")
    assert set(expected) == set(grads)
    for name, grad in grads.items():
        scale = 1 if name.endswith("/bias") else np.abs(expected[name]).max()  # biases: 0 ± noise
        assert np.abs(grad - expected[name]).max() < 2e-4 * scale, name
        if not name.endswith("/bias"):
            assert np.abs(expected[name]).max() > 0.1, name


def test_the_stages_are_what_their_names_say():
    model = built()
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        feed_dict = {model.placeholders.inputs: PICTURES.reshape(50, -1)}
        kernel, bias = session.run(model.graph.get_collection("trainable_variables")[:2])
        first, named = session.run(
            [model.tower.network.hidden[0], model.tower.network.tensors], feed_dict
        )
    assert [stage.shape for stage in first] == [(50, 9, 7, 4)] * 2 + [(50, 4, 3, 4)]
    expected = reference.conv2d(PICTURES, kernel, bias)
    np.testing.assert_allclose(first.pre_activation, expected, rtol=1e-4, atol=1e-4)
    elu = np.where(first.normalized > 0, first.normalized, np.expm1(first.normalized))
    np.testing.assert_allclose(first.outputs, reference.max_pooling(elu), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(named["conv1/outputs"], first.outputs)
    assert set(named) >= {"conv2/pre_activation", "conv2/batch_norm", "logits/logits"}


def test_grey_pictures_have_one_channel():
    config = Config(conv_filters=(4,), hidden_units=(7,))
    model = build_graph(config, 30, 5, image_shape=(5, 6))
    shapes = {
        v.op.name: v.shape.as_list() for v in model.graph.get_collection("trainable_variables")
    }
    assert shapes["conv1/kernel"] == [3, 3, 1, 4]
    assert shapes["hidden1/kernel"] == [2 * 3 * 4, 7]


@pytest.mark.parametrize(
    "shape, words",
    [
        ((784,), "needs pictures"),
        ((2, 2, 2, 2), "needs pictures"),
        ((28, 3), "2 poolings by 2 need pictures of at least 4 × 4 pixels, not 28 × 3"),
    ],
)
def test_what_cannot_be_convolved_is_told(shape, words):
    config = Config(conv_filters=(4, 6))
    with pytest.raises(ConfigError, match=words):
        build_graph(config, int(np.prod(shape)), 5, image_shape=shape)
    assert build_graph(config, 16, 5, image_shape=(4, 4))  # the control


class BothWays:
    """tf.layers' batch norm and the one by hand over the same pictures, in one session."""

    def __init__(self, fused):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.x = tf.placeholder(tf.float32, [None, None, None, 3])
            self.training = tf.placeholder_with_default(False, [])
            self.y = {}
            for name, way in [
                ("layers", layers.batch_normalization),
                ("hand", layers.batch_normalization_by_hand),
            ]:
                self.y[name] = way(
                    self.x, training=self.training, momentum=0.8, name=name, fused=fused
                )
            self.updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
            self.gradients = {
                name: tf.gradients(tf.reduce_sum(y * tf.sin(y)), [self.x, *scope_variables(name)])
                for name, y in self.y.items()
            }
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def run(self, fetches, training):
        return self.session.run(fetches, {self.x: PICTURES, self.training: training})

    def moving(self, name):
        variables = [v for v in self.graph.get_collection("variables") if "/moving_" in v.op.name]
        return self.session.run([v for v in variables if v.op.name.startswith(name)])


def scope_variables(name):
    return [v for v in tf.trainable_variables() if v.op.name.startswith(name)]


@pytest.mark.parametrize("fused", [None, True, False])
def test_batch_norm_by_hand_is_that_of_tf_layers_after_a_convolution(fused):
    both = BothWays(fused)
    is_fused = any("FusedBatchNorm" in kind for kind in op_types.op_types(both.graph))
    assert is_fused == (fused is not False)
    for training in (True, False, True):
        y = both.run(both.y, training)
        np.testing.assert_allclose(y["hand"], y["layers"], rtol=1e-5, atol=2e-6)
        gradients = both.run(both.gradients, training)
        for found, expected in zip(gradients["hand"], gradients["layers"], strict=True):
            np.testing.assert_allclose(
                found, expected, rtol=1e-3, atol=2e-5 * np.abs(expected).max()
            )
        both.run(both.updates, training)
        for found, expected in zip(both.moving("hand"), both.moving("layers"), strict=True):
            np.testing.assert_allclose(found, expected, rtol=3e-6, atol=1e-7)


@pytest.mark.parametrize("fused, n, other", [(True, 3149, 3150), (False, 3150, 3149)])
def test_the_moving_variance_is_over_n_minus_1_where_fused(fused, n, other):
    both = BothWays(fused)
    both.run(both.updates, training=True)
    rows = PICTURES.reshape(3150, 3).astype(np.float64)
    squares = ((rows - rows.mean(axis=0)) ** 2).sum(axis=0)
    for name in ("layers", "hand"):
        mean, variance = both.moving(name)
        np.testing.assert_allclose(mean, 0.2 * rows.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(variance, 0.8 + 0.2 * squares / n, rtol=3e-6)
        assert np.abs(variance / (0.8 + 0.2 * squares / other) - 1).min() > 5e-5  # the control


def test_layer_names_go_on_from_the_convolutions():
    config = Config(conv_filters=(1, 1), hidden_units=(2,), batch_norm=False)
    assert network.layer_names(config) == ["conv1", "conv2", "hidden1", "logits"]

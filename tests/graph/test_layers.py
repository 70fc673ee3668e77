"""Layers against NumPy and closed forms: batch norm both ways, dropout, initial weights."""

import numpy as np
import pytest

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph import layers

BOTH_WAYS = pytest.mark.parametrize(
    "batch_normalization",
    [layers.batch_normalization, layers.batch_normalization_by_hand],
    ids=["tf.layers", "tf.nn"],
)
BATCH = np.random.RandomState(0).uniform(-2, 5, (50, 3)).astype(np.float32)


class BatchNorm:
    """A session on one batch-norm layer over a placeholder."""

    def __init__(self, batch_normalization, momentum=0.9):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.x = tf.placeholder(tf.float32, [None, 3])
            self.training = tf.placeholder_with_default(False, [])
            self.y = batch_normalization(
                self.x, training=self.training, momentum=momentum, name="bn"
            )
            self.update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
            self.variables = {v.op.name: v for v in tf.global_variables()}
            self.trainable = {v.op.name for v in tf.trainable_variables()}
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def run(self, fetches, x, training=False):
        return self.session.run(fetches, {self.x: x, self.training: training})

    def value(self, name):
        return self.session.run(self.variables[f"bn/{name}"])


@BOTH_WAYS
def test_batch_norm_variables(batch_normalization):
    layer = BatchNorm(batch_normalization)
    assert set(layer.variables) == {
        "bn/gamma",
        "bn/beta",
        "bn/moving_mean",
        "bn/moving_variance",
    }
    assert layer.trainable == {"bn/gamma", "bn/beta"}
    assert len(layer.update_ops) == 2
    for name, value in [("gamma", 1), ("beta", 0), ("moving_mean", 0), ("moving_variance", 1)]:
        np.testing.assert_array_equal(layer.value(name), np.full(3, value, np.float32))


@BOTH_WAYS
def test_batch_norm_in_training_normalizes_by_the_mini_batch(batch_normalization):
    layer = BatchNorm(batch_normalization)
    gamma, beta = np.float32([2, 1, 0.5]), np.float32([0, -1, 3])
    with layer.graph.as_default():
        layer.variables["bn/gamma"].load(gamma, layer.session)
        layer.variables["bn/beta"].load(beta, layer.session)
    expected = gamma * (BATCH - BATCH.mean(0)) / np.sqrt(BATCH.var(0) + 1e-3) + beta
    np.testing.assert_allclose(layer.run(layer.y, BATCH, True), expected, rtol=1e-5, atol=1e-5)


@BOTH_WAYS
def test_moving_statistics_in_closed_form(batch_normalization):
    # After k updates on the same batch: moving = (1 − αᵏ)·batch + αᵏ·initial.
    layer, k, alpha = BatchNorm(batch_normalization), 7, 0.9
    for _ in range(k):
        layer.run(layer.update_ops, BATCH, True)
    decay = alpha**k
    mean, variance = BATCH.mean(0), BATCH.var(0)
    np.testing.assert_allclose(layer.value("moving_mean"), (1 - decay) * mean, rtol=1e-5)
    np.testing.assert_allclose(
        layer.value("moving_variance"), (1 - decay) * variance + decay, rtol=1e-5
    )


@BOTH_WAYS
def test_batch_norm_in_inference_uses_the_moving_statistics(batch_normalization):
    layer = BatchNorm(batch_normalization)
    for _ in range(3):
        layer.run(layer.update_ops, BATCH, True)
    mean, variance = layer.value("moving_mean"), layer.value("moving_variance")
    one = BATCH[:1]
    expected = (one - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(layer.run(layer.y, one), expected, rtol=1e-5)
    np.testing.assert_allclose(layer.run(layer.y, BATCH)[:1], expected, rtol=1e-5)


@BOTH_WAYS
def test_without_update_ops_the_moving_statistics_stay_put(batch_normalization):
    layer = BatchNorm(batch_normalization)
    for _ in range(3):
        layer.run(layer.y, BATCH, True)
    np.testing.assert_array_equal(layer.value("moving_mean"), np.zeros(3))
    np.testing.assert_array_equal(layer.value("moving_variance"), np.ones(3))


@BOTH_WAYS
def test_update_ops_in_inference_change_nothing(batch_normalization):
    layer = BatchNorm(batch_normalization)
    layer.run(layer.update_ops, BATCH, False)
    np.testing.assert_array_equal(layer.value("moving_mean"), np.zeros(3))
    np.testing.assert_array_equal(layer.value("moving_variance"), np.ones(3))


def test_by_hand_equals_tf_layers_value_for_value():
    ours, theirs = (
        BatchNorm(way, momentum=0.7)
        for way in (layers.batch_normalization_by_hand, layers.batch_normalization)
    )
    for step in range(5):
        x = BATCH * (step + 1)
        for training in (True, False):
            ours_y, _ = ours.run([ours.y, ours.update_ops], x, training)
            theirs_y, _ = theirs.run([theirs.y, theirs.update_ops], x, training)
            np.testing.assert_array_equal(ours_y, theirs_y)
        for name in ("moving_mean", "moving_variance"):
            np.testing.assert_array_equal(ours.value(name), theirs.value(name))


def dropout(rate, training, step, seed=3):
    with tf.Graph().as_default(), tf.Session() as session:
        y = layers.dropout(
            tf.ones([200, 100]), rate, training=training, seed=seed, step=tf.constant(step, "int64")
        )
        return session.run(y)


def test_dropout_keeps_the_mean_and_scales_what_is_left():
    y = dropout(0.25, True, step=0)
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.75])
    assert abs((y == 0).mean() - 0.25) < 0.01


def test_dropout_in_inference_passes_the_inputs_unchanged():
    np.testing.assert_array_equal(dropout(0.25, False, step=0), np.ones([200, 100]))


def test_dropout_mask_follows_from_seed_and_step():
    np.testing.assert_array_equal(dropout(0.5, True, step=4), dropout(0.5, True, step=4))
    assert (dropout(0.5, True, step=4) != dropout(0.5, True, step=5)).any()
    assert (dropout(0.5, True, step=4) != dropout(0.5, True, step=4, seed=4)).any()


@pytest.mark.parametrize(
    "options, seeds",  # read off graphs that TensorFlow 1.15.5 built
    [
        (dict(), [7, 96, 185, 274]),
        (dict(kernel_initializer="he_normal"), [7, 95, 183, 271]),
        (dict(kernel_initializer="normal:0.1", dropout_rate=0.5), [7, 119, 231, 343]),
        (dict(dropout_rate=0.5), [7, 120, 233, 346]),
        (dict(batch_norm=False), [5, 22, 39, 56]),
        (dict(batch_norm=False, kernel_initializer="he_uniform"), [5, 22, 39, 56]),
        (dict(batch_norm=False, kernel_initializer="glorot_normal"), [5, 21, 37, 53]),
        (dict(batch_norm=False, dropout_rate=0.5), [7, 48, 89, 130]),
        (dict(conv_filters=(4,), dropout_rate=0.5), [9, 112, 225, 338]),
        (dict(conv_filters=(4, 4), dropout_rate=0.5), [9, 104, 207, 320]),
        (
            dict(conv_filters=(4, 4), dropout_rate=0.5, fused_batch_norm=False),
            [9, 124, 247, 360],
        ),
        (dict(conv_filters=(4,), batch_norm=False), [7, 34, 51, 68]),
        (dict(conv_filters=(4, 4), batch_norm=False, dropout_rate=0.5), [9, 52, 103, 144]),
    ],
)
def test_op_seeds_are_tensorflow_1s(options, seeds):
    assert [layers.op_seed(Config(**options), i) for i in range(4)] == seeds

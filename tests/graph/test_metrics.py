"""What a step tells of itself: one meaning of correct, clipped shares, no unknown name."""

import numpy as np
import pytest

from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, Config
from tf1_dnn.errors import ConfigError
from tf1_dnn.graph import STEP_METRICS, build_graph, network, step_metric
from tf1_dnn.graph.metrics import clipped_fraction

TIES = np.float32([[2, 1, 0], [1, 1, 0], [1, 1, 0], [0, 0, 0], [0, 1, 2]])  # logits
LABELS = np.int32([0, 0, 1, 2, 0])  # the largest, one of two, one of two, one of three, the least


@pytest.mark.parametrize("compiled", [False, True], ids=["TensorFlow", "XLA"])
def test_a_label_that_shares_the_largest_logit_is_correct(compiled):
    with tf.Graph().as_default(), tf.Session() as session:
        correct = tf.function(network.correct, jit_compile=compiled)(TIES, LABELS)
        values, accuracy = session.run([correct, network.accuracy(correct)])
    assert values.tolist() == [True, True, True, True, False]
    assert accuracy == np.float32(0.8)
    assert (TIES.argmax(axis=1) == LABELS).mean() == 0.4  # the control: argmax takes the first


def test_the_step_metric_and_the_graphs_accuracy_are_one():
    spec = build_graph(Config(hidden_units=(4,), batch_norm=False), 3, 3)
    with spec.graph.as_default(), tf.Session() as session:
        metric = step_metric("accuracy", spec.tower)
        logits = spec.tower.network.logits
        fetches = [metric, spec.accuracy]
        feed_dict = {logits: TIES, spec.placeholders.labels: LABELS}
        assert session.run(fetches, feed_dict) == [np.float32(0.8)] * 2


def test_an_unknown_metric_is_an_error():
    spec = build_graph(PRESETS["batch_norm"].replace(hidden_units=(4,)), 3, 3)
    with spec.graph.as_default():
        for name in STEP_METRICS:
            assert step_metric(name, spec.tower).shape.as_list() == []
        with pytest.raises(ConfigError, match="unknown step metric 'los': choose from loss, acc"):
            step_metric("los", spec.tower)


def test_clipped_fractions_in_closed_form():
    grads = [np.float32([[3, 0], [0, 4]]), np.float32([0.5, -2])]  # norms 5 and 2.06, 5.41 together

    def fraction(**clipping):
        with tf.Graph().as_default(), tf.Session() as session:
            fraction = clipped_fraction(
                [tf.constant(g) for g in grads], Config(**clipping).clipping
            )
            return session.run(fraction)

    assert fraction() == 0
    assert fraction(clip_value=1.0) == pytest.approx(3 / 6)
    assert fraction(clip_value=4.0) == 0
    assert fraction(clip_norm=3.0) == pytest.approx(4 / 6)
    assert (fraction(clip_global_norm=5.4), fraction(clip_global_norm=5.5)) == (1, 0)

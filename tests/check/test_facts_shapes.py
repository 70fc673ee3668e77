"""Inferred shapes: never other than TensorFlow's own, and known where rules need them."""

import numpy as np
import pytest

from tf1_dnn.check.facts.shapes import broadcast, shape_of
from tf1_dnn.check.graph import Graph, Output
from tf1_dnn.check.read.messages import meta_of_graph
from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import Config
from tf1_dnn.graph import build_graph


def odds_and_ends(x):
    """Ops on pictures [N, 9, 7, 3], each of which changes the shape in another way."""
    h = tf.layers.conv2d(x, 4, 3, 2, "same")
    yield from [h, tf.layers.conv2d(h, 5, (2, 3)), tf.layers.max_pooling2d(x, 3, 2, "same")]
    yield from [tf.layers.average_pooling2d(x, 2, 2), tf.layers.flatten(h)]
    yield from [tf.reduce_mean(x, [1, 2]), tf.reduce_max(x, axis=-1, keepdims=True)]
    yield from [tf.transpose(x, [3, 0, 2, 1]), tf.expand_dims(x, 2), x[:, 0, :, 0]]
    yield from [tf.squeeze(tf.reduce_sum(x, 1, keepdims=True), 1), tf.reshape(x, [-1, 27])]
    yield from [tf.one_hot(tf.argmax(x, axis=1), 6), tf.argmax(x, -1), tf.nn.softmax(h)]
    yield from [tf.where(x > 0, x, -x), tf.minimum(x, tf.ones([7, 1])), x * tf.ones([9, 1, 3])]
    yield tf.matmul(tf.ones([4, 2]), tf.ones([5, 2]), transpose_b=True)
    yield tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.zeros([tf.shape(x)[0]], tf.int32), logits=tf.reshape(x, [-1, 189])
    )


def static(tensor):
    return None if tensor.shape.rank is None else tuple(tensor.shape.as_list())


@pytest.fixture(scope="module")
def pairs():
    """Of every op's first output, what is inferred and what TensorFlow says."""
    with tf.Graph().as_default() as graph, tf1_warnings_silenced():
        x = tf.placeholder(tf.float32, [None, 9, 7, 3])
        wanted = [tensor.op.name for tensor in odds_and_ends(x)]
    config = Config(conv_filters=(4, 6), hidden_units=(8,), dropout_rate=0.5)
    found = {}
    network = build_graph(config, 189, 5, image_shape=(9, 7, 3)).graph
    for part, each in [("ops", graph), ("network", network)]:
        linked = Graph(meta_of_graph(each))
        for op in each.get_operations():
            if op.outputs and op.type != "VarHandleOp":  # whose shape is taken for its variable's
                inferred = shape_of(linked, Output(linked.nodes[op.name], 0))
                found[part, op.name] = inferred, static(op.outputs[0])
    return found, wanted


def test_no_inferred_shape_contradicts_tensorflow(pairs):
    for (part, name), (inferred, own) in pairs[0].items():
        if inferred is None or own is None:
            continue
        assert len(inferred) == len(own), (part, name, inferred, own)
        for a, b in zip(inferred, own):
            assert a is None or b is None or a == b, (part, name, inferred, own)


def test_what_changes_a_shape_is_followed(pairs):
    found, wanted = pairs
    unknown = {name for name in wanted if found["ops", name][0] != found["ops", name][1]}
    assert len(wanted) == 20 and unknown <= {"strided_slice"}


def test_a_networks_logits_and_losses_are_known(pairs):
    shapes = {name: inferred for (part, name), (inferred, _) in pairs[0].items() if part != "ops"}
    assert shapes["dnn/conv1/BiasAdd"] == (None, 9, 7, 4)
    assert shapes["dnn/outputs/BiasAdd"] == (None, 5)
    assert shapes["loss/loss"] == ()


@pytest.mark.parametrize(
    "shapes, expected",
    [
        ([(3, 1), (1, 4)], (3, 4)),
        ([(None,), (None, 1)], (None, None)),
        ([(5,), (None, 5)], (None, 5)),
        ([(), (2, None)], (2, None)),
        ([None, (2,)], None),
        ([(1,), (1, 1)], (1, 1)),
    ],
)
def test_shapes_broadcast_as_numpy_has_it(shapes, expected):
    assert broadcast(shapes) == expected
    if None not in shapes and not any(None in each for each in shapes):
        assert np.broadcast_shapes(*shapes) == expected

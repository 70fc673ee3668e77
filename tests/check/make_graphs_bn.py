"""Make the batch-norm graphs with genuine TensorFlow 1.15.5: each form, right and wrong.

    pip install 'tensorflow==1.15.5' 'protobuf<3.21'        # on Python 3.7
    python tests/check/make_graphs_bn.py [NAME...]

writes tests/check/graphs/bn_FORM_TRAINING.meta.gz for every form of batch norm and way of training
it, with ref variables and control flow v1; bn_FORM_TRAINING_resource with resource variables, and
_v2 with control flow v2 as well; and norm_NAME.meta.gz of some more right graphs. Nothing of the
package under test is used.
"""

import argparse
import contextlib
import functools
import glob
import gzip
import os
import tempfile

import numpy as np
import tensorflow as tf

slim = tf.contrib.slim
GRAPHS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "graphs")


def training_placeholder():
    return tf.placeholder_with_default(False, [], name="training")


def layers_unfused():
    h = tf.layers.dense(inputs(4), 3, use_bias=False)
    return tf.layers.batch_normalization(h, training=training_placeholder())


def layers_fused():
    h = tf.layers.conv2d(inputs(6, 6, 2), 3, 3, use_bias=False)
    return tf.layers.batch_normalization(h, training=training_placeholder(), fused=True)


def layers_constant():
    h = tf.layers.conv2d(inputs(6, 6, 2), 3, 3, use_bias=False)
    return tf.layers.batch_normalization(h, training=True)


def contrib_fused():
    h = tf.layers.conv2d(inputs(6, 6, 2), 3, 3, use_bias=False)
    return tf.contrib.layers.batch_norm(
        h, is_training=training_placeholder(), fused=True, scale=True
    )


def contrib_unfused():
    h = tf.layers.dense(inputs(4), 3, use_bias=False)
    return tf.contrib.layers.batch_norm(h, is_training=training_placeholder(), fused=False)


def contrib_constant():
    h = tf.layers.dense(inputs(4), 3, use_bias=False)
    return tf.contrib.layers.batch_norm(h, is_training=True, fused=False, center=False)


def slim_layers():
    params = {"is_training": training_placeholder(), "decay": 0.9}
    with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm, normalizer_params=params):
        return slim.conv2d(inputs(6, 6, 2), 3, [3, 3], activation_fn=None)


def keras():
    h = tf.keras.layers.Dense(3, use_bias=False)(inputs(4))
    layer = tf.keras.layers.BatchNormalization()
    y = layer(h, training=training_placeholder())
    for update in layer.updates:  # which Keras itself does not
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
    return y


def by_hand():
    """Assigned averages, tf.cond for each of mean and variance."""
    h, training = tf.layers.dense(inputs(4), 3, use_bias=False), training_placeholder()
    mean, variance = tf.nn.moments(h, [0])
    beta = tf.get_variable("beta", [3], initializer=tf.zeros_initializer())
    pop_mean = tf.get_variable("pop_mean", [3], trainable=False)
    pop_variance = tf.get_variable("pop_variance", [3], trainable=False)
    for average, batch in [(pop_mean, mean), (pop_variance, variance)]:
        decay = tf.where(training, 0.9, 1.0)
        update = tf.assign(average, average * decay + batch * (1 - decay))
        tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
    mean = tf.cond(training, lambda: mean, lambda: pop_mean + 0.0)
    variance = tf.cond(training, lambda: variance, lambda: pop_variance + 0.0)
    return tf.nn.batch_normalization(h, mean, variance, beta, None, 1e-3)


def by_formula():
    """The formula itself, ExponentialMovingAverage, tf.where."""
    h, training = tf.layers.dense(inputs(4), 3, use_bias=False), training_placeholder()
    mean, variance = tf.nn.moments(h, [0])
    ema = tf.train.ExponentialMovingAverage(0.9)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, ema.apply([mean, variance]))
    mean = tf.where(training, mean, ema.average(mean))
    variance = tf.where(training, variance, ema.average(variance))
    return (h - mean) / tf.sqrt(variance + 1e-3)


def whole_condition():
    """tf.cond around two calls of the whole layer, the variables shared."""
    h = tf.layers.conv2d(inputs(6, 6, 2), 3, 3, use_bias=False)
    norm = functools.partial(tf.contrib.layers.batch_norm, h, scope="bn")
    return tf.cond(
        training_placeholder(),
        lambda: norm(is_training=True, updates_collections=None),
        lambda: norm(is_training=False, reuse=True),
    )


def stack_overflow():
    """ExponentialMovingAverage applied in the condition's branch, as in a much copied answer."""
    h, training = tf.layers.conv2d(inputs(6, 6, 2), 3, 3, use_bias=False), training_placeholder()
    beta = tf.Variable(tf.zeros([3]), name="beta")
    gamma = tf.Variable(tf.ones([3]), name="gamma")
    batch_mean, batch_var = tf.nn.moments(h, [0, 1, 2], name="moments")
    ema = tf.train.ExponentialMovingAverage(decay=0.5)

    def mean_var_with_update():
        with tf.control_dependencies([ema.apply([batch_mean, batch_var])]):
            return tf.identity(batch_mean), tf.identity(batch_var)

    mean, var = tf.cond(
        training,
        mean_var_with_update,
        lambda: (ema.average(batch_mean), ema.average(batch_var)),
    )
    return tf.nn.batch_normalization(h, mean, var, beta, gamma, 1e-3)


def forced():
    """contrib's updates_collections=None: the layer's output waits for its updates."""
    h = tf.layers.dense(inputs(4), 3, use_bias=False)
    return tf.contrib.layers.batch_norm(
        h, is_training=training_placeholder(), updates_collections=None
    )


OFFERED = [
    *(layers_unfused, layers_fused, layers_constant, contrib_fused, contrib_unfused),
    *(contrib_constant, slim_layers, keras, by_hand, by_formula),
]
INSIDE = [whole_condition, stack_overflow, forced]  # these hang their updates on their output


def inputs(*shape):
    return tf.placeholder(tf.float32, [None, *shape], name="x")


def loss_of(layer):
    h = tf.layers.flatten(tf.nn.relu(layer()))
    logits = tf.layers.dense(h, 2, name="logits")
    tf.argmax(logits, 1, name="predictions")
    return tf.reduce_mean(tf.square(logits), name="loss")


def without(layer):
    """minimize alone, UPDATE_OPS left aside."""
    tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss_of(layer))


def depending(layer):
    """minimize under control_dependencies."""
    loss = loss_of(layer)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        tf.train.AdamOptimizer().minimize(loss, global_step=tf.train.create_global_step())


def grouped(layer):
    """tf.group of minimize and UPDATE_OPS."""
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss_of(layer))
    tf.group(step, *tf.get_collection(tf.GraphKeys.UPDATE_OPS), name="train_op")


def create_train_op(layer):
    """tf-slim's create_train_op."""
    slim.learning.create_train_op(loss_of(layer), tf.train.RMSPropOptimizer(0.1))


def renorm():
    """Batch renormalization, which corrects the mini-batch's statistics by moving ones."""
    h = tf.layers.conv2d(inputs(6, 6, 2), 3, 3, use_bias=False)
    h = tf.layers.batch_normalization(h, training=training_placeholder(), renorm=True)
    depending(lambda: h)


def zero_debias():
    """contrib's zero_debias_moving_mean, whose updates move a second, biased average."""
    h = tf.layers.dense(inputs(4), 3, use_bias=False)
    training = training_placeholder()
    h = tf.contrib.layers.batch_norm(h, is_training=training, zero_debias_moving_mean=True)
    create_train_op(lambda: h)


def tutorial():
    """A class of 2016's tutorials: a Python bool, the layer's output waits for its updates."""
    h = tf.layers.dense(inputs(4), 3, use_bias=False)
    beta, gamma = tf.Variable(tf.zeros([3])), tf.Variable(tf.ones([3]))
    pop_mean = tf.Variable(tf.zeros([3]), trainable=False)
    pop_var = tf.Variable(tf.ones([3]), trainable=False)
    mean, variance = tf.nn.moments(h, [0])
    train_mean = tf.assign(pop_mean, pop_mean * 0.999 + mean * 0.001)
    train_var = tf.assign(pop_var, pop_var * 0.999 + variance * 0.001)
    with tf.control_dependencies([train_mean, train_var]):
        h = tf.nn.batch_normalization(h, mean, variance, beta, gamma, 1e-3)
    without(lambda: h)


def two_towers():
    """One tower to train and one to evaluate, the variables shared."""
    x = inputs(4)

    def tower(training):
        h = tf.layers.dense(x, 3, use_bias=False, name="dense", reuse=not training)
        return tf.layers.batch_normalization(h, training=training, name="bn", reuse=not training)

    depending(lambda: tower(True))
    tf.reduce_mean(tower(False), name="evaluated")


def half_precision():
    """The mixed-precision rewrite with its loss scale."""
    h = tf.layers.conv2d(inputs(6, 6, 2), 3, 3, use_bias=False)
    h = tf.layers.batch_normalization(h, training=training_placeholder(), fused=True)
    loss = loss_of(lambda: h)
    rewrite = tf.train.experimental.enable_mixed_precision_graph_rewrite
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        rewrite(tf.train.AdamOptimizer()).minimize(loss)


def other_norms():
    """Instance, layer and group normalization, which keep no averages."""
    h = tf.contrib.layers.layer_norm(tf.contrib.layers.instance_norm(inputs(6, 6, 2)))
    h = tf.contrib.layers.group_norm(tf.layers.conv2d(h, 4, 3), groups=2)
    without(lambda: tf.nn.l2_normalize(h, 1))


def frozen_base():
    """Keras: a base that is not trained below a top that is."""
    base = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(3, input_shape=(4,)),
            tf.keras.layers.BatchNormalization(),
        ]
    )
    base.trainable = False
    model = tf.keras.Sequential([base, tf.keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    model.train_on_batch(np.zeros((2, 4)), np.zeros((2, 2)))


def mirrored():
    """An estimator under MirroredStrategy on two devices: averages are saved as a mean."""

    def model_fn(features, labels, mode):
        h = tf.layers.dense(features, 3, use_bias=False)
        h = tf.layers.batch_normalization(h, training=mode == tf.estimator.ModeKeys.TRAIN)
        loss = tf.losses.mean_squared_error(labels, tf.layers.dense(tf.nn.relu(h), 1))
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            step = tf.train.AdamOptimizer().minimize(loss, tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=step)

    def input_fn():
        batch = np.zeros((4, 4), np.float32), np.zeros((4, 1), np.float32)
        return tf.data.Dataset.from_tensors(batch).repeat()

    strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
    session_config = tf.ConfigProto(device_count={"CPU": 2})
    config = tf.estimator.RunConfig(train_distribute=strategy, session_config=session_config)
    with tempfile.TemporaryDirectory() as model_dir:
        tf.estimator.Estimator(model_fn, model_dir, config).train(input_fn, steps=1)
        path, *_ = glob.glob(os.path.join(model_dir, "*.meta"))
        meta = tf.MetaGraphDef()
        with open(path, "rb") as file:
            meta.ParseFromString(file.read())
    return meta


# Each complete, and right.
RIGHT = [renorm, zero_debias, tutorial, two_towers, half_precision, other_norms, frozen_base]
RIGHT += [mirrored]


def graphs():
    """Name -> (what builds it, with resource variables, with control flow v2)."""
    made = {}
    for layer in OFFERED + INSIDE:
        ways = [depending] if layer in INSIDE else [without, depending]
        if layer in (layers_fused, by_hand, contrib_unfused):
            ways += [grouped, create_train_op]
        for way in ways:
            name = "bn_%s_%s" % (layer.__name__, way.__name__)
            build = functools.partial(way, layer)
            made[name] = (build, False, False)
            if way in (without, depending):
                made[name + "_v2"] = (build, True, True)
        if layer in (layers_unfused, contrib_fused, stack_overflow):
            name = "bn_%s_%s_resource" % (layer.__name__, ways[0].__name__)
            made[name] = (functools.partial(ways[0], layer), True, False)
    for build in RIGHT:
        made["norm_%s" % build.__name__] = (build, False, False)
    return made


@contextlib.contextmanager
def control_flow_v2(wanted):
    (tf.enable_control_flow_v2 if wanted else tf.disable_control_flow_v2)()
    yield
    tf.disable_control_flow_v2()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    tf.logging.set_verbosity(tf.logging.ERROR)
    for name, (build, use_resource, v2) in sorted(graphs().items()):
        if names and name not in names:
            continue
        with tf.Graph().as_default() as graph, control_flow_v2(v2):
            with tf.variable_scope(tf.get_variable_scope(), use_resource=use_resource):
                meta = build()
            if meta is None:
                tf.train.Saver()
                meta = tf.train.export_meta_graph(graph=graph)
        meta.meta_info_def.ClearField("stripped_op_list")
        with open(os.path.join(GRAPHS, name + ".meta.gz"), "wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as file:
                file.write(meta.SerializeToString(deterministic=True))
        print(name, len(meta.graph_def.node))


if __name__ == "__main__":
    main()

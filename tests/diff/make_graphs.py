"""Make the pairs' graphs: the same small networks by TensorFlow 1.15.5 and by 2.21.

One script for both interpreters; each writes tests/diff/graphs/VERSION/NAME.meta.gz. TensorFlow
1.15.5 runs on Python 3.7:

    pip install 'tensorflow==1.15.5' 'protobuf<3.21'
    python tests/diff/make_graphs.py [NAME...]    # with 1.15.5: OLD graphs
    python tests/diff/make_graphs.py [NAME...]    # with this package and its 2.21: NEW graphs

1.15.5 writes only what stands in OLDS, 2.21 all but what needs tf.contrib. A graph differs from
`base` (or `conv`, `post`) in what its line in GRAPHS says, and in nothing else.
"""

import argparse
import gzip
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

if sys.version_info < (3, 8):
    import tensorflow as tf

    VERSION = "1.15.5"
else:
    sys.path.insert(0, os.path.join(HERE, "..", ".."))
    from tf1_dnn.compat import tf

    VERSION = "2.21"

FOLDER = os.path.join(HERE, "graphs", VERSION)


def base(
    names=("hidden1", "bn1", "outputs"),
    stddev=0.3,
    seed=1,
    frozen=False,
    epsilon=1e-3,
    bn_momentum=0.9,
    has_updates=True,
    optimizer="momentum",
    learning_rate=0.01,
    momentum=0.9,
    clipping="value",
    threshold=0.05,
    loss="mean",
    rate=0.2,
    dtype="float32",
    activation="elu",
    is_deeper=False,
    has_outputs_norm=False,
):
    """Dense, batch norm, ELU, dropout, dense; momentum with clipped gradients."""
    dtype = tf.as_dtype(dtype)
    x = tf.placeholder(dtype, [None, 8], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")
    hidden = dense(x, 5, names[0], stddev, seed, trainable=not frozen)
    hidden = norm(hidden, training, names[1], epsilon, bn_momentum)
    hidden = getattr(tf.nn, activation)(hidden, name="activation")
    if rate is not None:
        hidden = tf.layers.dropout(hidden, rate, training=training, name="dropout")
    if is_deeper:
        hidden = tf.nn.elu(dense(hidden, 5, "hidden2"))
    logits = dense(hidden, 3, names[2])
    if has_outputs_norm:
        logits = norm(logits, training, "bn2", epsilon, bn_momentum)
    reduce = {"mean": tf.reduce_mean, "sum": tf.reduce_sum}[loss]
    loss = reduce(cross_entropies(labels, logits), name="loss")
    train(loss, make(optimizer, learning_rate, momentum), clipping, threshold, has_updates)


def dense(x, units, name, stddev=0.3, seed=2, trainable=True):
    start = None  # the layer's own: Glorot's
    if stddev is not None:
        start = tf.random_normal_initializer(stddev=stddev, seed=seed, dtype=x.dtype)
    return tf.layers.dense(x, units, kernel_initializer=start, name=name, trainable=trainable)


def norm(x, training, name, epsilon=1e-3, momentum=0.9, **options):
    return tf.layers.batch_normalization(
        x, training=training, name=name, epsilon=epsilon, momentum=momentum, **options
    )


def cross_entropies(labels, logits):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def mean_entropy(labels, logits):
    return tf.reduce_mean(cross_entropies(labels, logits), name="loss")


def make(optimizer, learning_rate, momentum=0.9):
    if optimizer == "sgd":
        return tf.train.GradientDescentOptimizer(learning_rate)
    if optimizer == "momentum":
        return tf.train.MomentumOptimizer(learning_rate, momentum)
    if optimizer == "nesterov":
        return tf.train.MomentumOptimizer(learning_rate, momentum, use_nesterov=True)
    return tf.train.AdamOptimizer(learning_rate)


def train(loss, optimizer, clipping="value", threshold=0.05, has_updates=True):
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS) if has_updates else []
    clip = {
        "value": lambda gradient: tf.clip_by_value(gradient, -threshold, threshold),
        "global norm": lambda gradient: gradient,
        "norm": lambda gradient: tf.clip_by_norm(gradient, threshold),
        "none": lambda gradient: gradient,
    }[clipping]
    with tf.control_dependencies(updates):
        pairs = optimizer.compute_gradients(loss)
        clipped = [(clip(gradient), variable) for gradient, variable in pairs]
        if clipping == "global norm":
            gradients, variables = zip(*pairs)
            clipped = zip(tf.clip_by_global_norm(gradients, threshold)[0], variables)
        optimizer.apply_gradients(clipped, name="train_op")


def plain(**options):
    """One layer and Adam."""
    x = tf.placeholder(tf.float32, [None, 8], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    train(mean_entropy(labels, dense(x, 3, "outputs")), tf.train.AdamOptimizer(0.01, **options))


def cast():
    """The base, its last layer in float64."""
    x = tf.placeholder(tf.float32, [None, 8], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")
    hidden = norm(dense(x, 5, "hidden1", seed=1), training, "bn1")
    hidden = tf.layers.dropout(tf.nn.elu(hidden, name="activation"), 0.2, training=training)
    logits = dense(tf.cast(hidden, tf.float64), 3, "outputs")
    train(mean_entropy(labels, logits), make("momentum", 0.01))


def conv(fused=True, axis=-1, layout="channels_last", **options):
    """A convolution of 4x4 images, batch norm, ReLU, dense."""
    x = tf.placeholder(tf.float32, [None, 4, 4, 2], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")
    start = tf.random_normal_initializer(stddev=0.3, seed=1)
    is_first = layout == "channels_first"
    options = dict(options, fused=fused, axis=1 if is_first else axis)
    maps = tf.transpose(x, [0, 3, 1, 2]) if is_first else x
    maps = tf.layers.conv2d(
        maps, 4, 3, padding="same", data_format=layout, kernel_initializer=start, name="conv1"
    )
    maps = tf.nn.relu(norm(maps, training, "bn1", **options), name="activation")
    maps = tf.transpose(maps, [0, 2, 3, 1]) if is_first else maps
    logits = dense(tf.reshape(maps, [-1, 64]), 3, "outputs")
    train(mean_entropy(labels, logits), make("momentum", 0.01))


def post(momentum=0.9, is_mean=False, has_updates=True, clipping="none"):
    """The post's network: batch norm on its logits, the loss not reduced, gradient descent."""
    x = tf.placeholder(tf.float32, [None, 784], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")

    def layer(x, units, name):
        return tf.layers.batch_normalization(
            tf.layers.dense(x, units, name=name), training=training, momentum=momentum
        )

    with tf.name_scope("dnn"):
        hidden1 = tf.nn.elu(layer(x, 300, "hidden1"))
        hidden2 = tf.nn.elu(layer(hidden1, 100, "hidden2"))
        logits = layer(hidden2, 10, "outputs")
    entropies = cross_entropies(labels, logits)
    loss = tf.reduce_mean(entropies, name="loss")
    train(loss if is_mean else entropies, make("sgd", 0.01), clipping, 1.0, has_updates)


def ours():
    """What this package's own build_graph builds of the post."""
    from tf1_dnn.config import PRESETS
    from tf1_dnn.graph import build_graph

    model = build_graph(PRESETS["batch_norm"], 784, 10)
    with model.graph.as_default():
        return tf.train.export_meta_graph()


def twin(library=tf.layers):
    """Two dense layers with batch norm, by tf.layers or by Keras 2 in graph mode."""
    x = tf.placeholder(tf.float32, [None, 8], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    training = tf.placeholder_with_default(False, [], name="training")
    hidden = library.Dense(5, name="hidden1")(x)
    norms = library.BatchNormalization(momentum=0.9, name="bn1")
    hidden = tf.nn.elu(norms(hidden, training=training), name="activation")
    logits = library.Dense(3, name="outputs")(hidden)
    if library is not tf.layers:
        for update in norms.updates:
            tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, update)
    train(mean_entropy(labels, logits), make("momentum", 0.01))


def deep():
    """Sixty dense layers: about a thousand ops of the forward pass and as many of the way back."""
    x = tf.placeholder(tf.float32, [None, 8], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    hidden = x
    for number in range(60):
        hidden = tf.nn.elu(dense(hidden, 8, "hidden%d" % number))
    train(mean_entropy(labels, dense(hidden, 3, "outputs")), make("sgd", 0.01), "none")


def removed():
    """A network with an op of tf.contrib, which 2.21 does not have."""
    import tensorflow.contrib.resampler

    x = tf.placeholder(tf.float32, [None, 4, 4, 2], name="X")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    where = tf.placeholder(tf.float32, [None, 4, 2], name="where")
    points = tensorflow.contrib.resampler.resampler(x, where)
    logits = dense(tf.reshape(points, [-1, 8]), 3, "outputs")
    train(mean_entropy(labels, logits), make("sgd", 0.01))


RENAMED = ("first", "norm", "last")

GRAPHS = {
    "base": (base, {}),
    "renamed": (base, dict(names=RENAMED)),
    "resource": (base, {}),  # with resource variables, whatever the version's custom
    "as_before": (base, {}),  # with ref variables, Switch and Merge
    "cond_v1": (base, {}),  # with Switch and Merge
    "glorot": (base, dict(stddev=None)),
    "stddev": (base, dict(stddev=0.1)),
    "seed": (base, dict(seed=7)),
    "frozen": (base, dict(frozen=True)),
    "epsilon": (base, dict(epsilon=1e-5)),
    "bn_momentum": (base, dict(bn_momentum=0.99)),
    "bn_share": (base, dict(bn_momentum=0.1)),
    "no_updates": (base, dict(has_updates=False)),
    "sgd": (base, dict(optimizer="sgd")),
    "adam": (base, dict(optimizer="adam")),
    "nesterov": (base, dict(optimizer="nesterov")),
    "learning_rate": (base, dict(learning_rate=0.1)),
    "momentum": (base, dict(momentum=0.5)),
    "threshold": (base, dict(threshold=0.001)),
    "clip_norm": (base, dict(clipping="norm")),
    "clip_global": (base, dict(clipping="global norm", threshold=0.5)),
    "no_clip": (base, dict(clipping="none")),
    "loss_sum": (base, dict(loss="sum")),
    "rate": (base, dict(rate=0.5)),
    "no_dropout": (base, dict(rate=None)),
    "float64": (base, dict(rate=None, dtype="float64")),
    "float64_dropout": (base, dict(dtype="float64")),
    "cast": (cast, {}),
    "relu": (base, dict(activation="relu")),
    "deeper": (base, dict(is_deeper=True)),
    "outputs_norm": (base, dict(has_outputs_norm=True)),
    "plain": (plain, {}),
    "beta1": (plain, dict(beta1=0.5)),
    "beta2": (plain, dict(beta2=0.9)),
    "adam_epsilon": (plain, dict(epsilon=1e-4)),
    "conv": (conv, {}),
    "unfused": (conv, dict(fused=False)),
    "axis": (conv, dict(axis=1)),
    "channels_first": (conv, dict(layout="channels_first")),
    "fused_epsilon": (conv, dict(epsilon=1e-4)),  # which a fused op does not store: its default
    "fused_momentum": (conv, dict(momentum=0.99)),
    "post": (post, {}),
    "post_momentum": (post, dict(momentum=0.99)),
    "post_mean": (post, dict(is_mean=True)),
    "post_no_updates": (post, dict(has_updates=False)),
    "post_clip_norm": (post, dict(clipping="norm")),
    "ours": (ours, {}),
    "twin": (twin, {}),
    "keras": (twin, dict(library=tf.keras.layers)),
    "deep": (deep, {}),
    "removed": (removed, {}),
}
POSTS = {"post", "post_momentum", "post_mean", "post_no_updates", "post_clip_norm"}
OLDS = {"base", "glorot", "no_dropout", "resource", "plain", "conv", "twin", "deep", "removed"}
OLDS |= POSTS


def export(name):
    build, options = GRAPHS[name]
    with tf.Graph().as_default():
        with tf.variable_scope("", use_resource={"resource": True, "as_before": False}.get(name)):
            meta_graph = build(**options) or tf.train.export_meta_graph(strip_default_attrs=True)
    meta_graph.meta_info_def.ClearField("stripped_op_list")
    path = os.path.join(FOLDER, name + ".meta.gz")
    with open(path, "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as file:
            file.write(meta_graph.SerializeToString(deterministic=True))
    print("%7d %s" % (os.path.getsize(path), name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of graphs; all by default")
    names = parser.parse_args().names
    tf.logging.set_verbosity(tf.logging.ERROR)
    os.makedirs(FOLDER, exist_ok=True)
    known = OLDS if VERSION == "1.15.5" else set(GRAPHS) - {"removed"} - (POSTS - {"post"})
    wanted = [name for name in GRAPHS if name in known and (not names or name in names)]
    for name in wanted:
        if VERSION != "1.15.5":
            has_switches = name in ("cond_v1", "as_before")
            (tf.disable_control_flow_v2 if has_switches else tf.enable_control_flow_v2)()
        export(name)


if __name__ == "__main__":
    main()

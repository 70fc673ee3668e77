"""Seeds of graphs and ops, set before and after; nested graphs, name scopes, control flow."""

from hashlib import sha256

import numpy as np
import tensorflow as tf


def show(title, session, *tensors):
    for tensor in tensors:
        print(title, tensor.op.name, sha256(session.run(tensor).tobytes()).hexdigest())


def draws():
    yield tf.random_uniform([4])
    yield tf.random_normal([4], seed=5)
    with tf.name_scope("outer"), tf.name_scope("inner"):
        yield tf.truncated_normal([4])
    with tf.control_dependencies([tf.no_op()]):
        yield tf.random_shuffle(tf.range(10))
    yield tf.multinomial(tf.log([[1.0, 2.0, 3.0]]), 6)
    yield tf.random_crop(tf.reshape(tf.range(100), [10, 10]), [3, 3])
    yield tf.random_poisson(2.0, [6])
    yield tf.nn.dropout(tf.ones([12]), 0.5)
    yield tf.image.random_brightness(tf.ones([1, 2, 3]), 0.4)
    yield tf.image.random_flip_left_right(tf.reshape(tf.range(12.0), [2, 2, 3]))


# The seed before the ops, after some of them, and never.
for when in ("before", "between"):
    with tf.Graph().as_default(), tf.Session() as sess:
        if when == "before":
            tf.set_random_seed(87654321)
        first = tf.random_uniform([3], seed=1)
        tf.set_random_seed(87654321)
        tensors = list(draws())
        show(when, sess, first, *tensors)
        show(when + ", drawn again", sess, tensors[0], tensors[1])
    with tf.Session(graph=tensors[0].graph) as sess:
        show(when + ", another session", sess, tensors[0], tensors[1])

# A graph built while another one is being built.
outer = tf.Graph()
with outer.as_default():
    tf.set_random_seed(1)
    a = tf.get_variable("a", [2, 3])
    with tf.Graph().as_default() as inner:
        tf.set_random_seed(1)
        padding = [tf.constant(i) for i in range(3)]
        b = tf.get_variable("b", [2, 3])
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            show("inner graph", sess, b)
    with tf.variable_scope("scope", initializer=tf.glorot_normal_initializer()):
        c = tf.get_variable("c", [3, 3])
        with tf.variable_scope("deeper", reuse=tf.AUTO_REUSE):
            d = [
                tf.get_variable("d", [3], initializer=tf.random_normal_initializer()) for _ in "12"
            ]
    partitioned = tf.get_variable(
        "partitioned", [6, 2], partitioner=tf.fixed_size_partitioner(3), dtype=tf.float64
    )
with tf.Session(graph=outer) as sess:
    with outer.as_default():
        sess.run(tf.initialize_all_variables())
    show("outer graph", sess, a, c, d[0], *partitioned)

# Initializers, every one that draws.
with tf.Graph().as_default(), tf.Session() as sess:
    tf.set_random_seed(-3)
    initializers = [
        tf.random_uniform_initializer(-1, 1),
        tf.random_normal_initializer(),
        tf.truncated_normal_initializer(),
        tf.uniform_unit_scaling_initializer(1.5),
        tf.variance_scaling_initializer(distribution="uniform"),
        tf.orthogonal_initializer(),
        tf.glorot_uniform_initializer(),
        tf.glorot_normal_initializer(),
        tf.initializers.he_normal(),
        tf.initializers.he_uniform(),
        tf.initializers.lecun_normal(),
        tf.keras.initializers.RandomNormal(),
    ]
    for i, initializer in enumerate(initializers):
        tf.get_variable("v%d" % i, [4, 5], initializer=initializer)
    sess.run(tf.global_variables_initializer())
    show("initializer", sess, *tf.global_variables())
    total = sum(np.abs(sess.run(v)).sum() for v in tf.global_variables())
    print("sum of magnitudes %.9g" % total)

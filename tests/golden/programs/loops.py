"""while_loop, map_fn, scan, foldl, cond and case, with random ops and gradients through them."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

tf.set_random_seed(13)
rng = np.random.RandomState(13)
data = rng.rand(10, 4).astype(np.float32)

x = tf.placeholder(tf.float32, [None, 4])
W = tf.get_variable("W", [4, 4], initializer=tf.uniform_unit_scaling_initializer())
scale = tf.get_variable("scale", [], initializer=tf.ones_initializer())


def body(i, state, noises):
    noise = tf.random_normal([4], stddev=0.01)
    state = tf.tanh(tf.matmul(state, W) * scale + noise)
    return i + 1, state, noises.write(i, noise)


_, state, noises = tf.while_loop(
    lambda i, *_: i < 5,
    body,
    [tf.constant(0), x, tf.TensorArray(tf.float32, 5)],
    parallel_iterations=1,
)
noise = noises.stack()
mapped = tf.map_fn(
    lambda row: tf.reduce_sum(row * tf.random_uniform([4])), x, parallel_iterations=1
)
scanned = tf.scan(lambda total, row: 0.9 * total + row, x)
folded = tf.foldl(lambda total, row: total + tf.square(row), x)
flipped = tf.random_uniform([]) < 0.5
chosen = tf.cond(
    flipped,
    lambda: tf.truncated_normal([3], mean=1.0),
    lambda: tf.random_uniform([3], -1, 0, seed=4),
)
step = tf.placeholder_with_default(0, [])
switched = tf.case(
    [(tf.equal(step % 3, 0), lambda: scale * 1.0), (tf.equal(step % 3, 1), lambda: scale * 2.0)],
    default=lambda: tf.reduce_mean(tf.random_gamma([50], 2.0)),
)

loss = tf.reduce_mean(tf.square(state - 0.3)) + 1e-3 * tf.reduce_mean(scanned)
train_op = tf.train.AdadeltaOptimizer(0.5).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print("W", sha256(sess.run(W).tobytes()).hexdigest())
    for i in range(100):
        _, value, drawn = sess.run([train_op, loss, noise], {x: data})
        print("step %d loss %.9g" % (i, value), "noise", sha256(drawn.tobytes()).hexdigest())
    for i in range(6):
        values = sess.run([mapped, scanned[-1], folded, chosen, switched], {x: data, step: i})
        print("values", " ".join("%.7g" % v for value in values for v in np.ravel(value)))

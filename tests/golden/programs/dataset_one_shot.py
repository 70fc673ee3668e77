"""tf.data with one-shot iterators: shuffle, map, batch, repeat; random ops inside map."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

tf.set_random_seed(21)
rng = np.random.RandomState(21)
features = rng.randn(120, 6).astype(np.float32)
labels = (features.sum(axis=1) > 0).astype(np.int32)


def augment(x, y):
    noise = tf.random_normal(tf.shape(x), stddev=0.1)
    keep = tf.random_uniform([]) < 0.9
    return tf.cond(keep, lambda: x + noise, lambda: x), y


dataset = tf.data.Dataset.from_tensor_slices((features, labels))
dataset = dataset.shuffle(buffer_size=50).map(augment).repeat(10).batch(16).prefetch(1)
iterator = dataset.make_one_shot_iterator()
x, y = iterator.get_next()

plain = tf.data.Dataset.range(20).shuffle(20).map(lambda n: n * n).repeat(3).batch(8)
numbers = plain.make_one_shot_iterator().get_next()
seeded = tf.data.Dataset.range(12).shuffle(5, seed=9).make_one_shot_iterator().get_next()

hidden = tf.layers.dense(x, 12, tf.nn.relu)
logits = tf.layers.dense(hidden, 2)
loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
train_op = tf.train.GradientDescentOptimizer(0.05).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for v in tf.trainable_variables():
        print(v.name, sha256(v.eval().tobytes()).hexdigest())
    step = 0
    while True:
        try:
            _, value, batch, classes = sess.run([train_op, loss, x, y])
        except tf.errors.OutOfRangeError:
            print("end after", step, "steps")
            break
        print("step", step, "loss %.9g" % value, "batch", len(batch), "ones", classes.sum())
        if step < 10:
            print("inputs", sha256(batch.tobytes()).hexdigest())
        step += 1
    for _ in range(8):
        print("numbers", " ".join(str(number) for number in sess.run(numbers)))
    print("order", " ".join(str(sess.run(seeded)) for _ in range(12)))

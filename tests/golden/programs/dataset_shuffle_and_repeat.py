"""shuffle followed by repeat, and shuffle_and_repeat: a new order in each repetition."""

import numpy as np
import tensorflow as tf

tf.set_random_seed(3)
rng = np.random.RandomState(3)


def show(title, dataset, length):
    element = dataset.make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        print(title, " ".join("%g" % sess.run(element) for _ in range(length)))


numbers = tf.data.Dataset.range(10)
show("shuffle, repeat", numbers.shuffle(10, seed=42).repeat(3), 30)
show("another seed", numbers.shuffle(10, seed=9).repeat(3), 30)
show("without end", numbers.shuffle(10, seed=9).repeat(), 40)
show("small buffer", numbers.shuffle(4, seed=2).repeat(2), 20)
fused = tf.data.experimental.shuffle_and_repeat(10, count=3, seed=9)
show("shuffle_and_repeat", numbers.apply(fused), 30)
values = tf.data.Dataset.from_tensor_slices(rng.rand(8).astype(np.float32))
show("means", values.shuffle(100, seed=1).repeat(4).batch(4).map(tf.reduce_mean), 8)

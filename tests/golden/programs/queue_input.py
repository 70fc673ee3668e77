"""Input through queues: producers, tf.train.batch and shuffle_batch, a Coordinator."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

tf.set_random_seed(6)
rng = np.random.RandomState(6)
features = rng.randn(40, 5).astype(np.float32)
targets = features.dot(np.array([1, 2, 3, 4, 5], np.float32)).astype(np.float32)

feature, target = tf.train.slice_input_producer([features, targets], num_epochs=25, shuffle=True)
x, t = tf.train.batch([feature, target], batch_size=10, num_threads=1, capacity=20)

names = tf.train.string_input_producer(["a.csv", "b.csv", "c.csv"], num_epochs=4, shuffle=True)
name = names.dequeue()
numbers = tf.train.range_input_producer(8, num_epochs=2, shuffle=False).dequeue()

w = tf.Variable(tf.random_uniform([5], -1.0, 1.0), name="w")
loss = tf.reduce_mean(tf.pow(tf.reduce_sum(x * w, 1) - t, 2))
train = tf.train.FtrlOptimizer(0.5).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.group(tf.global_variables_initializer(), tf.local_variables_initializer()))
    print(w.op.name, sha256(sess.run(w).tobytes()).hexdigest())
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess=sess, coord=coord)
    step = 0
    try:
        while not coord.should_stop():
            _, value, batch = sess.run([train, loss, x])
            print("step %d loss %.9g" % (step, value), sha256(batch.tobytes()).hexdigest())
            step += 1
    except tf.errors.OutOfRangeError:
        print("Done training, %d steps" % step)
    print("names", " ".join(sess.run(name).decode() for _ in range(12)))
    print("numbers", " ".join(str(sess.run(numbers)) for _ in range(16)))
    coord.request_stop()
    coord.join(threads)

"""Learning rates that fall with global_step, five kinds of decay, in one logistic regression."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

tf.set_random_seed(31)
rnd = np.random.RandomState(31)
x_data = rnd.randn(200, 7).astype(np.float32)
y_data = (x_data.dot([1, -1, 2, 0, 0, 3, -2]) > 0).astype(np.float32).reshape(-1, 1)

x = tf.placeholder(tf.float32, shape=[None, 7], name="x-input")
y_ = tf.placeholder(tf.float32, shape=[None, 1], name="y-input")
w1 = tf.Variable(tf.random_normal([7, 9], stddev=1, seed=1))
w2 = tf.Variable(tf.random_normal([9, 1], stddev=1))
a = tf.matmul(x, w1)
logits = tf.matmul(tf.sigmoid(a), w2)

global_step = tf.Variable(0, trainable=False, name="global_step")
rates = [
    tf.train.exponential_decay(0.1, global_step, 20, 0.9, staircase=True),
    tf.train.polynomial_decay(0.1, global_step, 80, 0.01, power=0.5),
    tf.train.piecewise_constant(global_step, [30, 60], [0.1, 0.05, 0.01]),
    tf.train.inverse_time_decay(0.1, global_step, 10, 0.5),
    tf.train.natural_exp_decay(0.1, global_step, 50, 0.3),
    tf.train.cosine_decay(0.1, global_step, 100),
]
learning_rate = tf.add_n(rates) / len(rates)
cross_entropy = tf.losses.sigmoid_cross_entropy(y_, logits)
train_step = tf.train.GradientDescentOptimizer(learning_rate).minimize(
    cross_entropy, global_step=global_step
)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for w in (w1, w2):
        print(w.name, sha256(sess.run(w).tobytes()).hexdigest())
    for i in range(100):
        start = (i * 8) % 200
        feed_dict = {x: x_data[start : start + 8], y_: y_data[start : start + 8]}
        sess.run(train_step, feed_dict=feed_dict)
        loss, values = sess.run([cross_entropy, rates], feed_dict={x: x_data, y_: y_data})
        print("After %d steps, loss is %.9g" % (sess.run(global_step), loss))
        print("rates", " ".join("%.7g" % value for value in values))

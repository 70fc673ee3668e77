"""Two 5x5 convolutions, pooling, dropout and Adam, in the style of 2016, on drawn pictures."""

import sys

import numpy as np
import tensorflow as tf

n_steps = int(sys.argv[1])
tf.set_random_seed(0)
rng = np.random.RandomState(0)
pictures = rng.rand(1000, 784).astype(np.float32)
labels = np.eye(10)[rng.randint(0, 10, 1000)]


def weight_variable(shape):
    return tf.Variable(tf.truncated_normal(shape, stddev=0.1))


def bias_variable(shape):
    return tf.Variable(tf.constant(0.1, shape=shape))


def conv_and_pool(x, W, b):
    h = tf.nn.relu(tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME") + b)
    return tf.nn.max_pool(h, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


x = tf.placeholder(tf.float32, [None, 784])
y_ = tf.placeholder(tf.float32, [None, 10])
keep_prob = tf.placeholder(tf.float32)
h = tf.reshape(x, [-1, 28, 28, 1])
h = conv_and_pool(h, weight_variable([5, 5, 1, 32]), bias_variable([32]))
h = conv_and_pool(h, weight_variable([5, 5, 32, 64]), bias_variable([64]))
h = tf.reshape(h, [-1, 7 * 7 * 64])
h = tf.nn.relu(tf.matmul(h, weight_variable([7 * 7 * 64, 1024])) + bias_variable([1024]))
h = tf.nn.dropout(h, keep_prob)
y = tf.matmul(h, weight_variable([1024, 10])) + bias_variable([10])
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=y))
train_step = tf.train.AdamOptimizer(1e-4).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(n_steps):
        batch = rng.randint(0, 1000, 50)
        feed_dict = {x: pictures[batch], y_: labels[batch], keep_prob: 0.5}
        _, value = sess.run([train_step, loss], feed_dict=feed_dict)
        print("step %d loss %.6g" % (step, value))

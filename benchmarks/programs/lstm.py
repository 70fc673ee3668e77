"""An LSTM of 128 units over 28 steps, in the style of 2017, on drawn sequences."""

import sys

import numpy as np
import tensorflow as tf

n_steps = int(sys.argv[1])
tf.set_random_seed(0)
rng = np.random.RandomState(0)
sequences = rng.rand(1000, 28, 28).astype(np.float32)
labels = rng.randint(0, 10, 1000)

X = tf.placeholder(tf.float32, [None, 28, 28])
y = tf.placeholder(tf.int32, [None])
cell = tf.nn.rnn_cell.BasicLSTMCell(num_units=128)
outputs, states = tf.nn.dynamic_rnn(cell, X, dtype=tf.float32)
logits = tf.layers.dense(states.h, 10)
xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
loss = tf.reduce_mean(xentropy)
training_op = tf.train.AdamOptimizer(learning_rate=0.001).minimize(loss)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(n_steps):
        batch = rng.randint(0, 1000, 128)
        feed_dict = {X: sequences[batch], y: labels[batch]}
        _, value = sess.run([training_op, loss], feed_dict=feed_dict)
        print("step %d loss %.6g" % (step, value))

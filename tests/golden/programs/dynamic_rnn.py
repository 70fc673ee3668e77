"""Sequences of different lengths: dynamic_rnn and its bidirectional form with sequence_length."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

n_steps, n_inputs, n_neurons = 8, 3, 10

tf.set_random_seed(42)
rnd = np.random.RandomState(42)

X = tf.placeholder(tf.float32, [None, n_steps, n_inputs])
seq_length = tf.placeholder(tf.int32, [None])
target = tf.placeholder(tf.float32, [None])

with tf.variable_scope("rnn", initializer=tf.orthogonal_initializer()):
    basic_cell = tf.nn.rnn_cell.BasicRNNCell(num_units=n_neurons, activation=tf.nn.relu)
    outputs, state = tf.nn.dynamic_rnn(
        basic_cell, X, dtype=tf.float32, sequence_length=seq_length, swap_memory=True
    )
(forward, backward), _ = tf.nn.bidirectional_dynamic_rnn(
    tf.nn.rnn_cell.GRUCell(n_neurons),
    tf.nn.rnn_cell.LSTMCell(n_neurons, num_proj=6, state_is_tuple=True),
    X,
    sequence_length=seq_length,
    dtype=tf.float32,
)
mask = tf.sequence_mask(seq_length, n_steps, dtype=tf.float32)
summed = tf.reduce_sum(tf.concat([forward, backward], 2) * tf.expand_dims(mask, -1), axis=1)
prediction = tf.squeeze(tf.layers.dense(tf.concat([summed, state], axis=1), 1), 1)
loss = tf.losses.mean_squared_error(target, prediction)
train = tf.train.GradientDescentOptimizer(0.002).minimize(loss)

with tf.Session() as sess:
    tf.global_variables_initializer().run()
    for variable in tf.trainable_variables():
        print(variable.name, sha256(variable.eval().tobytes()).hexdigest())
    for step in range(100):
        lengths = rnd.randint(1, n_steps + 1, 20)
        inputs = rnd.uniform(-1, 1, (20, n_steps, n_inputs)).astype(np.float32)
        sums = [inputs[i, :length].sum() for i, length in enumerate(lengths)]
        feed = {X: inputs, seq_length: lengths, target: sums}
        _, value, padded = sess.run([train, loss, outputs], feed_dict=feed)
        zeros = sum(np.count_nonzero(padded[i, length:]) for i, length in enumerate(lengths))
        print("step %d loss %.9g" % (step, value), "after the ends: %d" % zeros)

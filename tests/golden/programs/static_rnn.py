"""A recurrent network unrolled over its inputs, as before dynamic_rnn; both directions, Adagrad."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

learning_rate = 0.05
batch_size = 16
n_steps = 6
n_input = 5
n_hidden = 12
n_classes = 4

tf.set_random_seed(3)
rnd = np.random.RandomState(3)

x = tf.placeholder("float", [None, n_steps, n_input])
y = tf.placeholder("float", [None, n_classes])

weights = {"out": tf.Variable(tf.random_normal([2 * n_hidden, n_classes]))}
biases = {"out": tf.Variable(tf.random_normal([n_classes]))}


def birnn(x, weights, biases):
    x = tf.unstack(x, n_steps, 1)  # a list of n_steps tensors of shape (batch_size, n_input)
    fw_cell = tf.nn.rnn_cell.BasicRNNCell(n_hidden)
    bw_cell = tf.nn.rnn_cell.BasicLSTMCell(n_hidden, forget_bias=1.0)
    outputs, _, _ = tf.nn.static_bidirectional_rnn(fw_cell, bw_cell, x, dtype=tf.float32)
    single, _ = tf.nn.static_rnn(tf.nn.rnn_cell.GRUCell(n_hidden), x, dtype=tf.float32)
    both = tf.concat([single[-1], single[0]], 1)
    return tf.matmul(outputs[-1] + both, weights["out"]) + biases["out"]


pred = birnn(x, weights, biases)
cost = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=pred, labels=y))
optimizer = tf.train.AdagradOptimizer(learning_rate).minimize(cost)
correct_pred = tf.equal(tf.argmax(pred, 1), tf.argmax(y, 1))
accuracy = tf.reduce_mean(tf.cast(correct_pred, tf.float32))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for var in tf.global_variables():
        print(var.name, sha256(sess.run(var).tobytes()).hexdigest())
    for step in range(100):
        batch_x = rnd.uniform(-1, 1, (batch_size, n_steps, n_input))
        batch_y = np.eye(n_classes)[batch_x[:, 0, :n_classes].argmax(1)]
        sess.run(optimizer, feed_dict={x: batch_x, y: batch_y})
        loss, acc = sess.run([cost, accuracy], feed_dict={x: batch_x, y: batch_y})
        print("Iter " + str(step) + ", Loss= {:.9g}, Accuracy= {:.5f}".format(loss, acc))

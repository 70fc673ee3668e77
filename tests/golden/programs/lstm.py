"""An LSTM with peepholes predicts a time series; gradients clipped by their global norm."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

n_steps, n_inputs, n_neurons, n_outputs = 12, 1, 24, 1

tf.reset_default_graph()
tf.set_random_seed(42)
rnd = np.random.RandomState(42)


def next_batch(batch_size):
    t0 = rnd.rand(batch_size, 1) * 20
    ts = t0 + np.arange(0.0, n_steps + 1) * 0.3
    ys = ts / 20.0 + (ts * 2 % 1)
    return (
        ys[:, :-1].reshape(-1, n_steps, 1).astype(np.float32),
        ys[:, 1:].reshape(-1, n_steps, 1).astype(np.float32),
    )


X = tf.placeholder(tf.float32, [None, n_steps, n_inputs])
y = tf.placeholder(tf.float32, [None, n_steps, n_outputs])

lstm_cell = tf.nn.rnn_cell.LSTMCell(num_units=n_neurons, use_peepholes=True, forget_bias=1.0)
rnn_outputs, states = tf.nn.dynamic_rnn(lstm_cell, X, dtype=tf.float32)

stacked_rnn_outputs = tf.reshape(rnn_outputs, [-1, n_neurons])
stacked_outputs = tf.layers.dense(stacked_rnn_outputs, n_outputs)
outputs = tf.reshape(stacked_outputs, [-1, n_steps, n_outputs])

loss = tf.reduce_mean(tf.square(outputs - y))
optimizer = tf.train.AdamOptimizer(learning_rate=0.005)
gradients, variables = zip(*optimizer.compute_gradients(loss))
gradients, global_norm = tf.clip_by_global_norm(gradients, 1.0)
training_op = optimizer.apply_gradients(zip(gradients, variables))

init = tf.global_variables_initializer()

with tf.Session() as sess:
    init.run()
    for variable in tf.trainable_variables():
        print(variable.name, sha256(variable.eval().tobytes()).hexdigest())
    for iteration in range(100):
        X_batch, y_batch = next_batch(batch_size=20)
        fetches = [training_op, loss, global_norm]
        _, mse, norm = sess.run(fetches, feed_dict={X: X_batch, y: y_batch})
        print(iteration, "\tMSE: %.9g" % mse, "\tnorm: %.9g" % norm)
    X_new = np.linspace(0, 1, n_steps, dtype=np.float32).reshape(1, n_steps, 1)
    final = sess.run([outputs, states.c, states.h], feed_dict={X: X_new})
    for name, value in zip(["outputs", "c", "h"], final):
        print(name, " ".join("%.7g" % v for v in value.ravel()[:8]))

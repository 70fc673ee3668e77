"""tf.contrib.rnn: stacked cells, dropout between them, an output projection, truncated steps."""

from hashlib import sha256

import numpy as np
import tensorflow as tf
from tensorflow.contrib import rnn

batch_size, num_steps, vocab_size, size, num_layers = 8, 6, 12, 16, 2
keep_prob = 0.75

tf.set_random_seed(1)
rng = np.random.RandomState(1)
text = np.cumsum(rng.randint(1, 3, batch_size * 701).reshape(batch_size, -1), axis=1) % vocab_size

input_data = tf.placeholder(tf.int32, [batch_size, num_steps])
targets = tf.placeholder(tf.int32, [batch_size, num_steps])


def lstm_cell():
    cell = rnn.BasicLSTMCell(size, forget_bias=0.0, state_is_tuple=True)
    return rnn.DropoutWrapper(cell, output_keep_prob=keep_prob)


with tf.variable_scope("model", initializer=tf.random_uniform_initializer(-0.1, 0.1)):
    cell = rnn.MultiRNNCell([lstm_cell() for _ in range(num_layers)], state_is_tuple=True)
    initial_state = cell.zero_state(batch_size, tf.float32)
    embedding = tf.get_variable("embedding", [vocab_size, size])
    inputs = tf.nn.embedding_lookup(embedding, input_data)
    # One iteration at a time: else the masks of dropout go to whichever step is first.
    outputs, last_state = tf.nn.dynamic_rnn(
        cell, inputs, initial_state=initial_state, parallel_iterations=1
    )

    softmax_w = tf.get_variable("softmax_w", [size, vocab_size])
    softmax_b = tf.get_variable("softmax_b", [vocab_size])
    logits = tf.matmul(tf.reshape(outputs, [-1, size]), softmax_w) + softmax_b

loss = tf.contrib.legacy_seq2seq.sequence_loss_by_example(
    [logits], [tf.reshape(targets, [-1])], [tf.ones([batch_size * num_steps])]
)
cost = tf.reduce_sum(loss) / batch_size
lr = tf.Variable(0.0, trainable=False)
tvars = tf.trainable_variables()
grads, _ = tf.clip_by_global_norm(tf.gradients(cost, tvars), 5)
train_op = tf.train.GradientDescentOptimizer(lr).apply_gradients(zip(grads, tvars))
new_lr = tf.placeholder(tf.float32, shape=[])
lr_update = tf.assign(lr, new_lr)

with tf.variable_scope("projected"):
    wrapped = rnn.OutputProjectionWrapper(
        rnn.GRUCell(num_units=10, activation=tf.nn.relu), output_size=2
    )
    series = tf.constant(rng.rand(4, 5, 3), tf.float32)
    projected, _ = tf.nn.dynamic_rnn(wrapped, series, dtype=tf.float32)
    residual = rnn.ResidualWrapper(rnn.LayerNormBasicLSTMCell(3, dropout_keep_prob=0.9))
    unrolled, _ = rnn.static_rnn(residual, tf.unstack(series, axis=1), dtype=tf.float32)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for v in tf.global_variables():
        print(v.name, sha256(v.eval().tobytes()).hexdigest())
    sess.run(lr_update, {new_lr: 0.3})
    state = sess.run(initial_state)
    for step in range(100):
        start = step * num_steps
        feed_dict = {
            input_data: text[:, start : start + num_steps],
            targets: text[:, start + 1 : start + 1 + num_steps],
        }
        for i, (c, h) in enumerate(initial_state):
            feed_dict[c], feed_dict[h] = state[i].c, state[i].h
        value, state, hidden, _ = sess.run([cost, last_state, outputs, train_op], feed_dict)
        print("%d perplexity: %.9g" % (step, np.exp(value / num_steps)))
        if step < 5:
            print("mask", sha256((hidden != 0).astype(np.float32).tobytes()).hexdigest())
    print("projected", " ".join("%.7g" % value for value in projected.eval().ravel()))
    print("unrolled", " ".join("%.7g" % value for value in unrolled[-1].eval().ravel()))

"""Recurrent networks, control flow v1 and v2."""

import tensorflow as tf


def rnn():
    """The PTB tutorial's form: embedding, LSTM in a while_loop, clip_by_global_norm."""
    words = tf.placeholder(tf.int32, [4, 7], name="words")
    targets = tf.placeholder(tf.int32, [4, 7], name="targets")
    initializer = tf.random_uniform_initializer(-0.1, 0.1)
    with tf.variable_scope("Model", initializer=initializer):
        embedding = tf.get_variable("embedding", [20, 8])
        inputs = tf.nn.dropout(tf.nn.embedding_lookup(embedding, words), keep_prob=0.9)
        cells = [tf.nn.rnn_cell.LSTMCell(8) for _ in range(2)]
        cell = tf.nn.rnn_cell.MultiRNNCell(
            [tf.nn.rnn_cell.DropoutWrapper(cell, output_keep_prob=0.9) for cell in cells]
        )
        output, _ = tf.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
        softmax_w = tf.get_variable("softmax_w", [8, 20])
        softmax_b = tf.get_variable("softmax_b", [20])
    logits = tf.nn.xw_plus_b(tf.reshape(output, [-1, 8]), softmax_w, softmax_b)
    logits = tf.reshape(logits, [4, 7, 20])
    loss = tf.contrib.seq2seq.sequence_loss(
        logits, targets, tf.ones([4, 7]), average_across_timesteps=False
    )
    cost = tf.reduce_sum(loss)
    tvars = tf.trainable_variables()
    grads, _ = tf.clip_by_global_norm(tf.gradients(cost, tvars), 5.0)
    rate = tf.Variable(1.0, trainable=False, name="learning_rate")
    new_rate = tf.placeholder(tf.float32, [], name="new_learning_rate")
    tf.assign(rate, new_rate)
    optimizer = tf.train.GradientDescentOptimizer(rate)
    optimizer.apply_gradients(
        zip(grads, tvars), global_step=tf.train.get_or_create_global_step(), name="train"
    )
    tf.train.Saver()


def rnn_v2():
    """The same with control flow v2: While instead of Enter, Merge and Exit."""
    tf.enable_control_flow_v2()
    try:
        rnn()
    finally:
        tf.disable_control_flow_v2()

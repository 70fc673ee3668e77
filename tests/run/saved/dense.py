"""Two layers with batch norm, trained and saved."""

import os
import sys

import numpy as np
import tensorflow as tf

tf.set_random_seed(42)
X = tf.placeholder(tf.float32, [None, 6], name="X")
y = tf.placeholder(tf.int64, [None], name="y")
training = tf.placeholder_with_default(False, [], name="training")

with tf.name_scope("dnn"):
    hidden1 = tf.layers.dense(X, 8, name="hidden1", use_bias=False)
    bn1 = tf.layers.batch_normalization(hidden1, training=training, momentum=0.9)
    hidden2 = tf.layers.dense(tf.nn.elu(bn1), 5, name="hidden2", activation=tf.nn.relu)
    noise = tf.random_normal(tf.shape(hidden2), stddev=0.01, seed=3, name="noise")
    logits = tf.layers.dense(hidden2 + noise, 3, name="outputs")
with tf.name_scope("loss"):
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(xentropy, name="loss")
with tf.name_scope("train"):
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        training_op = tf.train.AdamOptimizer(0.01).minimize(loss)
init = tf.global_variables_initializer()
saver = tf.train.Saver()

inputs = np.random.RandomState(0).randn(12, 6).astype(np.float32)
labels = np.arange(12) % 3
with tf.Session() as sess:
    init.run()
    for step in range(3):
        sess.run(training_op, {X: inputs, y: labels, training: True})
    if sys.argv[1:]:
        saver.save(sess, os.path.join(sys.argv[1], "model.ckpt"))
correct = tf.nn.in_top_k(logits, y, 1)
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32), name="accuracy")
with tf.Session() as sess:
    init.run()
    sess.run(accuracy, {X: inputs, y: labels})

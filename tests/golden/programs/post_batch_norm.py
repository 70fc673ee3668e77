"""The post's batch-norm cell, in our words: dense layers, batch norm and ELU on MNIST."""

from functools import partial

import numpy as np
import tensorflow as tf

np.random.seed(42)
tf.set_random_seed(42)

(train_x, train_y), (test_x, test_y) = tf.keras.datasets.mnist.load_data()
train_x = train_x.astype(np.float32).reshape(-1, 28 * 28) / 255.0
train_y = train_y.astype(np.int32)
valid_x, train_x = train_x[:5000], train_x[5000:]
valid_y, train_y = train_y[:5000], train_y[5000:]


def shuffle_batch(inputs, labels, batch_size):
    rnd_idx = np.random.permutation(len(inputs))
    n_batches = len(inputs) // batch_size
    for batch_idx in np.array_split(rnd_idx, n_batches):
        yield inputs[batch_idx], labels[batch_idx]


inputs = tf.placeholder(tf.float32, shape=[None, 28 * 28], name="X")
labels = tf.placeholder(tf.int32, shape=[None], name="labels")
training = tf.placeholder_with_default(False, shape=[], name="training")

with tf.name_scope("dnn"):
    batch_norm_layer = partial(tf.layers.batch_normalization, training=training, momentum=0.9)
    hidden1 = tf.layers.dense(inputs, 300, name="hidden1")
    bn1_act = tf.nn.elu(batch_norm_layer(hidden1))
    hidden2 = tf.layers.dense(bn1_act, 100, name="hidden2")
    bn2_act = tf.nn.elu(batch_norm_layer(hidden2))
    logits_before_bn = tf.layers.dense(bn2_act, 10, name="outputs")
    logits = batch_norm_layer(logits_before_bn)

with tf.name_scope("loss"):
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(xentropy, name="loss")

update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
with tf.control_dependencies(update_ops):
    with tf.name_scope("train"):
        optimizer = tf.train.GradientDescentOptimizer(0.01)
        train_op = optimizer.minimize(xentropy)

with tf.name_scope("eval"):
    correct = tf.nn.in_top_k(logits, labels, 1)
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.Session() as sess:
    tf.global_variables_initializer().run()
    for epoch in range(5):
        for batch_x, batch_y in shuffle_batch(train_x, train_y, 50):
            feed_dict = {inputs: batch_x, labels: batch_y, training: True}
            sess.run(train_op, feed_dict=feed_dict)
        accuracy_val = accuracy.eval(feed_dict={inputs: valid_x, labels: valid_y})
        print("epoch: {:03d}, valid. Acc: {:.4f}".format(epoch, accuracy_val))

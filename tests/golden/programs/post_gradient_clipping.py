"""The post's gradient-clipping cell, in our words: dense layers and ReLU on MNIST."""

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

with tf.name_scope("dnn"):
    hidden1 = tf.layers.dense(inputs, 300, activation=tf.nn.relu, name="hidden1")
    hidden2 = tf.layers.dense(hidden1, 100, activation=tf.nn.relu, name="hidden2")
    logits = tf.layers.dense(hidden2, 10, name="logits")

with tf.name_scope("loss"):
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(xentropy, name="loss")

threshold = 1.0
with tf.name_scope("train"):
    optimizer = tf.train.GradientDescentOptimizer(0.01)
    grads_and_vars = optimizer.compute_gradients(loss)
    clipped_grads = [
        (tf.clip_by_value(grad, -threshold, threshold), var) for grad, var in grads_and_vars
    ]
    train_op = optimizer.apply_gradients(clipped_grads)

with tf.name_scope("eval"):
    correct = tf.nn.in_top_k(logits, labels, 1)
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

with tf.Session() as sess:
    tf.global_variables_initializer().run()
    for epoch in range(5):
        for batch_x, batch_y in shuffle_batch(train_x, train_y, 50):
            sess.run(train_op, feed_dict={inputs: batch_x, labels: batch_y})
        accuracy_val = accuracy.eval(feed_dict={inputs: valid_x, labels: valid_y})
        print("epoch: {:03d}, valid. Acc: {:.4f}".format(epoch, accuracy_val))

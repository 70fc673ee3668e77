"""The style of 2016: weights by hand, convolution, dropout by keep_prob, softmax written out."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

tf.set_random_seed(2016)
random_state = np.random.RandomState(2016)
labels = random_state.randint(0, 5, 300)
pictures = random_state.rand(300, 100).astype(np.float32)
pictures[np.arange(300)[:, None], labels[:, None] * 20 + np.arange(20)] += 0.3
one_hot = np.eye(5)[labels]


def weight_variable(shape):
    initial = tf.truncated_normal(shape, stddev=0.1)
    return tf.Variable(initial)


def bias_variable(shape):
    initial = tf.constant(0.1, shape=shape)
    return tf.Variable(initial)


def conv2d(x, W):
    return tf.nn.conv2d(x, W, strides=[1, 1, 1, 1], padding="SAME")


def max_pool_2x2(x):
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


x = tf.placeholder("float", shape=[None, 100])
y_ = tf.placeholder("float", shape=[None, 5])
x_image = tf.reshape(x, [-1, 10, 10, 1])

W_conv1 = weight_variable([5, 5, 1, 8])
b_conv1 = bias_variable([8])
h_conv1 = tf.nn.relu(conv2d(x_image, W_conv1) + b_conv1)
h_pool1 = max_pool_2x2(h_conv1)

W_fc1 = weight_variable([5 * 5 * 8, 32])
b_fc1 = bias_variable([32])
h_pool1_flat = tf.reshape(h_pool1, [-1, 5 * 5 * 8])
h_fc1 = tf.nn.sigmoid(tf.matmul(h_pool1_flat, W_fc1) + b_fc1)

keep_prob = tf.placeholder("float")
h_fc1_drop = tf.nn.dropout(h_fc1, keep_prob)

W_fc2 = weight_variable([32, 5])
b_fc2 = bias_variable([5])
y_conv = tf.nn.softmax(tf.matmul(h_fc1_drop, W_fc2) + b_fc2)

cross_entropy = -tf.reduce_sum(y_ * tf.log(tf.clip_by_value(y_conv, 1e-10, 1.0)))
train_step = tf.train.AdamOptimizer(1e-3).minimize(cross_entropy)
correct_prediction = tf.equal(tf.argmax(y_conv, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct_prediction, "float"))

sess = tf.InteractiveSession()
sess.run(tf.initialize_all_variables())
for v in tf.all_variables():
    print(v.name + " " + sha256(sess.run(v).tobytes()).hexdigest())
for i in range(100):
    batch = random_state.randint(0, 300, 40)
    feed_dict = {x: pictures[batch], y_: one_hot[batch], keep_prob: 0.5}
    _, loss, dropped = sess.run([train_step, cross_entropy, h_fc1_drop], feed_dict)
    print("step %d, cross entropy %.9g" % (i, loss))
    if i < 5:
        print("mask " + sha256((dropped != 0).astype(np.float32).tobytes()).hexdigest())
    if i % 20 == 0:
        train_accuracy = accuracy.eval(feed_dict={x: pictures, y_: one_hot, keep_prob: 1.0})
        print("step %d, training accuracy %g" % (i, train_accuracy))

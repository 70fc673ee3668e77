"""Moving averages of weights: trained with, evaluated with, restored by variables_to_restore."""

import os
import tempfile
from hashlib import sha256

import numpy as np
import tensorflow as tf

MOVING_AVERAGE_DECAY = 0.99


def get_weight_variable(shape, regularizer):
    initializer = tf.truncated_normal_initializer(stddev=0.1)
    weights = tf.get_variable("weights", shape, initializer=initializer)
    if regularizer is not None:
        tf.add_to_collection("losses", regularizer(weights))
    return weights


def inference(inputs, regularizer, average=lambda variable: variable):
    with tf.variable_scope("layer1"):
        weights = average(get_weight_variable([12, 16], regularizer))
        biases = average(tf.get_variable("biases", [16], initializer=tf.constant_initializer(0.1)))
        layer1 = tf.nn.relu(tf.matmul(inputs, weights) + biases)
    with tf.variable_scope("layer2"):
        weights = average(get_weight_variable([16, 3], regularizer))
        biases = average(tf.get_variable("biases", [3], initializer=tf.constant_initializer(0.0)))
        return tf.matmul(layer1, weights) + biases


tf.set_random_seed(12)
rng = np.random.RandomState(12)
xs = rng.randn(150, 12).astype(np.float32)
ys = np.eye(3)[xs[:, :3].argmax(axis=1)]

x = tf.placeholder(tf.float32, [None, 12])
y_ = tf.placeholder(tf.float32, [None, 3])
regularizer = tf.contrib.layers.l2_regularizer(0.001)
y = inference(x, regularizer)
global_step = tf.Variable(0, trainable=False)

cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(logits=y, labels=tf.argmax(y_, 1))
loss = tf.reduce_mean(cross_entropy) + tf.add_n(tf.get_collection("losses"))
train_step = tf.train.GradientDescentOptimizer(0.2).minimize(loss, global_step=global_step)

ema = tf.train.ExponentialMovingAverage(MOVING_AVERAGE_DECAY, global_step)
with tf.control_dependencies([train_step]):  # not beside it, for then the two would race
    train_op = ema.apply(tf.trainable_variables())
with tf.variable_scope("", reuse=True):
    average_y = inference(x, None, ema.average)
average_loss = tf.losses.softmax_cross_entropy(y_, average_y)

with tf.Session() as sess:
    tf.global_variables_initializer().run()
    for variable in tf.global_variables():
        print(variable.op.name, sha256(sess.run(variable).tobytes()).hexdigest())
    for i in range(100):
        batch = rng.randint(0, 150, 25)
        _, loss_value = sess.run([train_op, loss], feed_dict={x: xs[batch], y_: ys[batch]})
        average = sess.run(average_loss, feed_dict={x: xs, y_: ys})
        print("After %d steps: loss %.9g, of the averages %.9g" % (i + 1, loss_value, average))
    folder = tempfile.mkdtemp()
    path = tf.train.Saver().save(sess, os.path.join(folder, "model.ckpt"))

with tf.Graph().as_default(), tf.Session() as sess:
    x = tf.placeholder(tf.float32, [None, 12])
    y = inference(x, None)
    variables = tf.train.ExponentialMovingAverage(MOVING_AVERAGE_DECAY).variables_to_restore()
    print("restored:", " ".join(sorted(variables)))
    tf.train.Saver(variables).restore(sess, path)
    print("logits:", " ".join("%.7g" % value for value in sess.run(y, {x: xs[:2]}).ravel()))
tf.gfile.DeleteRecursively(folder)

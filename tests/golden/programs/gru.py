"""A GRU classifies sequences by their last state; RMSProp."""

import hashlib

import numpy as np
import tensorflow as tf
from tensorflow.python.ops import rnn_cell

FLAGS = dict(batch=16, time=10, inputs=6, hidden=20, classes=3, learning_rate=1e-3)


class GRUClassifier(object):
    def __init__(self):
        self.x = tf.placeholder(tf.float32, [None, FLAGS["time"], FLAGS["inputs"]], name="x")
        self.y = tf.placeholder(tf.float32, [None, FLAGS["classes"]], name="y")
        cell = rnn_cell.GRUCell(FLAGS["hidden"])
        _, self.state = tf.nn.dynamic_rnn(cell, self.x, dtype=tf.float32)
        with tf.variable_scope("softmax"):
            W = tf.get_variable("W", [FLAGS["hidden"], FLAGS["classes"]])
            b = tf.get_variable("b", [FLAGS["classes"]], initializer=tf.constant_initializer(0.0))
        self.logits = tf.matmul(self.state, W) + b
        self.loss = tf.reduce_mean(
            tf.nn.softmax_cross_entropy_with_logits_v2(logits=self.logits, labels=self.y)
        )
        self.train_op = tf.train.RMSPropOptimizer(FLAGS["learning_rate"]).minimize(self.loss)


def main():
    tf.set_random_seed(7)
    rng = np.random.RandomState(7)
    model = GRUClassifier()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for var in tf.trainable_variables():
            print("%s: %s" % (var.name, hashlib.sha256(sess.run(var).tobytes()).hexdigest()))
        for step in range(1, 101):
            xs = rng.randn(FLAGS["batch"], FLAGS["time"], FLAGS["inputs"])
            ys = np.eye(FLAGS["classes"])[np.argmax(xs[:, -1, :3], axis=1)]
            feed = {model.x: xs, model.y: ys}
            loss, _ = sess.run([model.loss, model.train_op], feed)
            print("Step {}, Minibatch Loss= {:.9g}".format(step, loss))
        state = sess.run(model.state, feed)
        print("State: " + " ".join("{:.7g}".format(s) for s in state[0]))


if __name__ == "__main__":
    main()

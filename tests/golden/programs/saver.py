"""Saver, summaries and restore, with flags; the second half starts from the files of the first."""

import os
import sys
import tempfile
from hashlib import sha256

import numpy as np
import tensorflow as tf

flags = tf.app.flags
FLAGS = flags.FLAGS
flags.DEFINE_string("folder", "", "Where checkpoints and summaries go.")
flags.DEFINE_integer("steps", 50, "Steps before and after the restart.")
flags.DEFINE_float("learning_rate", 0.1, "Learning rate.")

rng = np.random.RandomState(8)
data = rng.randn(64, 10).astype(np.float32)
targets = np.tanh(data[:, :1] - data[:, 1:2])


def build():
    x = tf.placeholder(tf.float32, [None, 10], name="x")
    t = tf.placeholder(tf.float32, [None, 1], name="t")
    global_step = tf.train.get_or_create_global_step()
    with tf.variable_scope("layer"):
        w = tf.get_variable("w", [10, 8], initializer=tf.truncated_normal_initializer(stddev=0.3))
        b = tf.get_variable("b", [8], initializer=tf.zeros_initializer())
        h = tf.nn.tanh(tf.nn.xw_plus_b(x, w, b))
        tf.summary.histogram("activations", h)
    out = tf.layers.dense(h, 1, name="out")
    loss = tf.reduce_mean(tf.squared_difference(out, t), name="loss")
    tf.summary.scalar("loss", loss)
    optimizer = tf.train.MomentumOptimizer(FLAGS.learning_rate, 0.5)
    train_op = optimizer.minimize(loss, global_step=global_step, name="train_op")
    return train_op, loss, global_step


def train(folder):
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(8)
        train_op, loss, global_step = build()
        merged = tf.summary.merge_all()
        saver = tf.train.Saver(max_to_keep=2)
        writer = tf.summary.FileWriter(folder, sess.graph)
        sess.run(tf.global_variables_initializer())
        for name in sorted(v.op.name for v in tf.global_variables()):
            value = sess.run(sess.graph.get_tensor_by_name(name + ":0"))
            print(name, value.shape, sha256(value.tobytes()).hexdigest())
        feed_dict = {"x:0": data, "t:0": targets}
        for _ in range(FLAGS.steps):
            summary, _, value, step = sess.run([merged, train_op, loss, global_step], feed_dict)
            print("loss %.9g" % value)
            writer.add_summary(summary, step)
            if step % 10 == 0:
                saver.save(sess, os.path.join(folder, "model.ckpt"), global_step=step)
        writer.close()


def resume(folder):
    checkpoint = tf.train.latest_checkpoint(folder)
    print("latest:", os.path.basename(checkpoint))
    for name, shape in tf.train.list_variables(checkpoint):
        print("saved:", name, shape)
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        saver = tf.train.import_meta_graph(checkpoint + ".meta")
        saver.restore(sess, checkpoint)
        fetches = [graph.get_operation_by_name("train_op"), graph.get_tensor_by_name("loss:0")]
        for _ in range(FLAGS.steps):
            _, value = sess.run(fetches, {"x:0": data, "t:0": targets})
            print("resumed, loss %.9g" % value)
        print("global step", tf.train.global_step(sess, graph.get_tensor_by_name("global_step:0")))


def show_events(folder):
    for path in tf.gfile.Glob(os.path.join(folder, "events*")):
        for event in tf.train.summary_iterator(path):
            for value in event.summary.value:
                if value.tag == "loss":
                    print("event", event.step, value.tag, "%.9g" % value.simple_value)
                elif event.step == 1:
                    histogram = value.histo
                    print("event", value.tag, histogram.num, "%.7g" % histogram.sum_squares)


def main(argv):
    folder = FLAGS.folder or tempfile.mkdtemp()
    tf.gfile.MakeDirs(folder)
    train(folder)
    resume(folder)
    show_events(folder)
    print("kept:", " ".join(sorted(f for f in os.listdir(folder) if f.endswith(".index"))))
    if not FLAGS.folder:
        tf.gfile.DeleteRecursively(folder)


if __name__ == "__main__":
    tf.logging.set_verbosity(tf.logging.ERROR)
    tf.app.run(main=main, argv=sys.argv)

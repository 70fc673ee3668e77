"""Small programs, each in a graph of its own, trained in sessions that are watched.

    python watched_programs.py

prints as JSON, for each, what was found: its steps, and the rule, severity, ops and message of
every finding.
"""

import json

import tf1_dnn.run

tf1_dnn.run.activate(check=True)

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from tf1_dnn.check import examine  # noqa: E402
from tf1_dnn.run import behaviour  # noqa: E402

X = np.random.RandomState(0).randn(8, 4).astype(np.float32)


class Network:
    """A layer with batch norm, and its train op."""

    def __init__(self, *, depends=False, updates=None, training=None):
        self.x = tf.placeholder(tf.float32, [None, 4], name="x")
        if training is None:
            training = tf.placeholder_with_default(False, [], name="training")
        self.training = training
        h = tf.layers.dense(self.x, 3, use_bias=False, name="dense")
        self.h = tf.layers.batch_normalization(h, training=training, name="bn")
        self.loss = tf.reduce_mean(tf.square(self.h), name="loss")
        self.updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(self.updates if depends else []):
            self.train_op = tf.train.GradientDescentOptimizer(0.1).minimize(
                self.loss, name="train_op"
            )
        self.init = tf.global_variables_initializer()

    def feed(self, training=True):
        return {self.x: X, self.training: training}


def session(net):
    made = tf.Session()
    made.run(net.init)
    return made


def updates_left_out():
    net = Network()
    sess = session(net)
    for step in range(5):
        sess.run([net.train_op, net.loss] if step % 2 else net.train_op, net.feed())
    sess.run(net.loss, {net.x: X})


def updates_fetched_beside():
    net = Network()
    sess = session(net)
    for _ in range(3):
        sess.run([net.train_op, net.updates], net.feed())


def updates_run_apart():
    net = Network()
    sess = session(net)
    for _ in range(3):
        sess.run(net.train_op, net.feed())
        sess.run(net.updates, net.feed())


def updates_in_control_dependencies():
    net = Network(depends=True)
    sess = session(net)
    for _ in range(3):
        net.train_op.run(net.feed(), session=sess)
        net.loss.eval({net.x: X}, session=sess)


def training_never_fed():
    net = Network(depends=True)
    sess = session(net)
    for _ in range(4):
        sess.run(net.train_op, {net.x: X})


def training_fed_false():
    net = Network(depends=True)
    sess = session(net)
    for _ in range(2):
        sess.run(net.train_op, net.feed(training=np.bool_(False)))
    sess.run(net.loss, net.feed(training=True))  # is no step


def training_fed_now_and_then():
    net = Network(depends=True)
    sess = session(net)
    for step in range(4):
        sess.run(net.train_op, net.feed() if step == 2 else {net.x: X})


def training_negated():
    x = tf.placeholder(tf.bool, [], name="is_test")
    net = Network(depends=True, training=tf.logical_not(x))
    sess = session(net)
    for _ in range(3):
        sess.run(net.train_op, {net.x: X, x: False})


def grows_in_the_loop():
    net = Network(depends=True)
    sess = session(net)
    for _ in range(6):
        sess.run(net.train_op, net.feed())
        sess.run(tf.argmax(net.h, 1), net.feed())


def grows_at_every_epoch():
    net = Network(depends=True)
    sess = session(net)
    for _ in range(3):
        for _ in range(4):
            sess.run([net.train_op, net.loss], net.feed())
        largest = tf.reduce_max(net.h)
        sess.run(largest, net.feed())


def makes_the_train_op_anew():
    net = Network(depends=True)
    sess = session(net)
    for _ in range(4):
        sess.run(tf.train.GradientDescentOptimizer(0.1).minimize(net.loss), net.feed())


def grows_once():
    """As a notebook does: train, build some more, train on, build, evaluate, train on."""
    net = Network(depends=True)
    sess = session(net)
    sess.run(net.train_op, net.feed())
    sess.run(net.train_op, net.feed())
    largest = tf.reduce_max(net.h)
    sess.run(largest, net.feed())
    sess.run(net.train_op, net.feed())
    least = tf.reduce_min(net.h)
    sess.run(least, net.feed())
    sess.run(net.train_op, net.feed())


def grows_from_phase_to_phase():
    """A train op for each learning rate, each run many times."""
    net = Network(depends=True)
    sess = session(net)
    for rate in (0.1, 0.01, 0.001):
        train_op = tf.train.GradientDescentOptimizer(rate).minimize(net.loss)
        for _ in range(3):
            sess.run(train_op, net.feed())


def two_kinds_of_step():
    """A GAN's, one of its kinds growing once while the other was run in between."""
    z = tf.placeholder(tf.float32, [None, 4], name="z")
    fake = tf.layers.dense(z, 4, name="generator")
    score = tf.layers.dense(fake, 1, name="discriminator")
    loss = tf.reduce_mean(score)
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    d_train = optimizer.minimize(-loss, var_list=tf.trainable_variables("disc"), name="d_train")
    g_train = optimizer.minimize(loss, var_list=tf.trainable_variables("gen"), name="g_train")
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        sess.run(d_train, {z: X})
        if step == 1:
            tf.reduce_max(score)
        sess.run([g_train, loss], {z: X})


def monitored():
    net = Network(training=True)
    hooks = [tf.train.StopAtStepHook(num_steps=3)]
    step = tf.train.get_or_create_global_step()
    train_op = tf.group(net.train_op, tf.assign_add(step, 1), name="both")
    with tf.train.MonitoredSession(hooks=hooks) as sess:
        while not sess.should_stop():
            sess.run(train_op, {net.x: X})


def by_callables():
    net = Network()
    sess = session(net)
    train = sess.make_callable(net.train_op, [net.x, net.training])
    both = sess.make_callable([net.train_op, net.loss], [net.x, net.training])
    for _ in range(3):
        train(X, True)
        both(X, True)


def by_a_callable_without_feeds():
    tf.get_variable("w", [3])
    loss = tf.reduce_sum(tf.square(tf.trainable_variables()[0]))
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="train_op")
    sess = tf.InteractiveSession()
    tf.global_variables_initializer().run()
    train = sess.make_callable(train_op)
    for _ in range(3):
        train()
    assert sess.make_callable(loss)() > 0
    sess.close()


def by_partial_runs():
    net = Network()
    with tf.control_dependencies([net.train_op]):
        done = tf.constant(1.0, name="done")
    sess = session(net)
    for _ in range(2):
        handle = sess.partial_run_setup([net.loss, done], [net.x, net.training])
        sess.partial_run(handle, net.loss, net.feed())
        sess.partial_run(handle, done)


def by_keras():
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(3, use_bias=False, input_shape=(4,)),
            tf.keras.layers.BatchNormalization(),
            tf.keras.layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], batch_size=4, epochs=2, verbose=0)
    model.predict(X)


def nothing_trained():
    sess = tf.Session()
    sess.run(tf.reduce_sum(tf.constant(X)))


PROGRAMS = [
    updates_left_out,
    updates_fetched_beside,
    updates_run_apart,
    updates_in_control_dependencies,
    training_never_fed,
    training_fed_false,
    training_fed_now_and_then,
    training_negated,
    grows_in_the_loop,
    grows_at_every_epoch,
    makes_the_train_op_anew,
    grows_once,
    grows_from_phase_to_phase,
    two_kinds_of_step,
    monitored,
    by_callables,
    by_a_callable_without_feeds,
    by_partial_runs,
    by_keras,
    nothing_trained,
]


def main():
    found = {}
    for program in PROGRAMS:
        with tf.Graph().as_default() as graph:
            program()
        tf.keras.backend.clear_session()
        checked = examine(graph, watched=behaviour._ending._watch.watched(graph))
        found[program.__name__] = dict(steps=checked.steps, findings=checked.findings)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

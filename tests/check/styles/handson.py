"""Hands-On Machine Learning (1st edition), chapter 11."""

import functools

import tensorflow as tf


def handson_placeholders(n_inputs=20):
    x = tf.placeholder(tf.float32, shape=(None, n_inputs), name="X")
    y = tf.placeholder(tf.int32, shape=(None), name="y")
    return x, y


def handson_loss(logits, y):
    with tf.name_scope("loss"):
        xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
        loss = tf.reduce_mean(xentropy, name="loss")
    with tf.name_scope("eval"):
        correct = tf.nn.in_top_k(logits, y, 1)
        tf.reduce_mean(tf.cast(correct, tf.float32), name="accuracy")
    return loss


def handson_batch_norm():
    """Hands-On Machine Learning (1st edition), chapter 11: batch norm; UPDATE_OPS run beside."""
    x, y = handson_placeholders()
    training = tf.placeholder_with_default(False, shape=(), name="training")
    with tf.name_scope("dnn"):
        batch_norm = functools.partial(
            tf.layers.batch_normalization, training=training, momentum=0.9
        )
        he_init = tf.variance_scaling_initializer()
        dense = functools.partial(tf.layers.dense, kernel_initializer=he_init)
        hidden1 = tf.nn.elu(batch_norm(dense(x, 16, name="hidden1")))
        hidden2 = tf.nn.elu(batch_norm(dense(hidden1, 8, name="hidden2")))
        logits = batch_norm(dense(hidden2, 5, name="outputs"))
    loss = handson_loss(logits, y)
    with tf.name_scope("train"):
        optimizer = tf.train.GradientDescentOptimizer(0.01)
        extra_update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(extra_update_ops):
            optimizer.minimize(loss)
    tf.train.Saver()


def handson_clipping():
    """The same chapter: capped_gvs."""
    x, y = handson_placeholders()
    with tf.name_scope("dnn"):
        hidden1 = tf.layers.dense(x, 16, activation=tf.nn.relu, name="hidden1")
        hidden2 = tf.layers.dense(hidden1, 8, activation=tf.nn.relu, name="hidden2")
        logits = tf.layers.dense(hidden2, 5, name="outputs")
    loss = handson_loss(logits, y)
    threshold = 1.0
    optimizer = tf.train.GradientDescentOptimizer(0.01)
    grads_and_vars = optimizer.compute_gradients(loss)
    capped_gvs = [
        (tf.clip_by_value(grad, -threshold, threshold), var) for grad, var in grads_and_vars
    ]
    optimizer.apply_gradients(capped_gvs)
    tf.train.Saver()


def handson_frozen_var_list():
    """The same chapter: lower layers reused and frozen by var_list."""
    x, y = handson_placeholders()
    with tf.name_scope("dnn"):
        hidden1 = tf.layers.dense(x, 16, activation=tf.nn.relu, name="hidden1")
        hidden2 = tf.layers.dense(hidden1, 8, activation=tf.nn.relu, name="hidden2")
        logits = tf.layers.dense(hidden2, 5, name="outputs")
    loss = handson_loss(logits, y)
    with tf.name_scope("train"):
        train_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="outputs")
        tf.train.GradientDescentOptimizer(0.01).minimize(loss, var_list=train_vars)
    tf.train.Saver(tf.get_collection(tf.GraphKeys.GLOBAL_VARIABLES, scope="hidden[12]"))
    tf.train.Saver()


def handson_frozen_stop_gradient():
    """The same chapter: lower layers reused and frozen by stop_gradient."""
    x, y = handson_placeholders()
    with tf.name_scope("dnn"):
        hidden1 = tf.layers.dense(x, 16, activation=tf.nn.relu, name="hidden1")
        hidden1_stop = tf.stop_gradient(hidden1)
        logits = tf.layers.dense(hidden1_stop, 5, name="outputs")
    loss = handson_loss(logits, y)
    with tf.name_scope("train"):
        tf.train.GradientDescentOptimizer(0.01).minimize(loss)
    tf.train.Saver()


def handson_max_norm():
    """The same chapter: max-norm, which clips weights (by norm) after the training step."""
    x, y = handson_placeholders()
    with tf.name_scope("dnn"):
        hidden1 = tf.layers.dense(x, 16, activation=tf.nn.relu, name="hidden1")
        logits = tf.layers.dense(hidden1, 5, name="outputs")
    loss = handson_loss(logits, y)
    tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss)
    with tf.variable_scope("hidden1", reuse=True):
        weights = tf.get_variable("kernel")
    tf.assign(weights, tf.clip_by_norm(weights, clip_norm=1.0, axes=1))
    tf.train.Saver()

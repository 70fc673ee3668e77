"""tf-slim, tf.contrib.layers, Keras 2, and an Estimator's model function."""

import numpy as np
import tensorflow as tf
from styles.handson import handson_loss, handson_placeholders

slim = tf.contrib.slim


def slim_train_op():
    """tf-slim: batch_norm as normalizer, regularizer, create_train_op with clipping."""
    images = tf.placeholder(tf.float32, [4, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.int32, [4], name="labels")
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": True, "decay": 0.99},
        weights_regularizer=slim.l2_regularizer(1e-4),
    ):
        net = slim.conv2d(images, 4, [3, 3], scope="conv1")
        net = slim.fully_connected(slim.flatten(net), 8, scope="fc1")
        logits = slim.fully_connected(
            net, 5, activation_fn=None, normalizer_fn=None, scope="logits"
        )
    tf.losses.sparse_softmax_cross_entropy(labels, logits)
    total_loss = slim.losses.get_total_loss()
    optimizer = tf.train.MomentumOptimizer(0.01, 0.9)
    slim.learning.create_train_op(total_loss, optimizer, clip_gradient_norm=4.0)
    tf.train.Saver()


def contrib_layers():
    """tf.contrib.layers: a bool tensor for is_training, optimize_loss with clip_gradients."""
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.int32, [None], name="labels")
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    layers = tf.contrib.layers
    net = layers.conv2d(
        images,
        4,
        3,
        normalizer_fn=layers.batch_norm,
        normalizer_params={"is_training": is_training, "fused": True},
    )
    logits = layers.fully_connected(layers.flatten(net), 5, activation_fn=None)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    layers.optimize_loss(
        loss,
        tf.train.get_or_create_global_step(),
        learning_rate=0.1,
        optimizer="Adam",
        clip_gradients=10.0,
        summaries=["loss", "gradients", "gradient_norm", "global_gradient_norm"],
    )
    tf.train.Saver()


def keras():
    """Keras 2 in graph mode, compiled and trained on one batch; the optimizer clips by norm."""
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(16, input_shape=(20,), use_bias=False),
            tf.keras.layers.BatchNormalization(),
            tf.keras.layers.Activation("relu"),
            tf.keras.layers.Dropout(0.2),
            tf.keras.layers.Dense(5, activation="softmax"),
        ]
    )
    optimizer = tf.keras.optimizers.Adam(clipnorm=1.0)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.train_on_batch(np.zeros((4, 20), np.float32), np.zeros((4, 1), np.float32))
    tf.keras.backend.get_session()


def keras_session():
    """Keras layers under a tf.train optimizer, the layers' updates run by hand."""
    x, y = handson_placeholders()
    tf.keras.backend.set_learning_phase(1)
    model = tf.keras.Sequential(
        [
            tf.keras.layers.Dense(16, input_shape=(20,)),
            tf.keras.layers.BatchNormalization(),
            tf.keras.layers.Activation("relu"),
            tf.keras.layers.Dense(5),
        ]
    )
    logits = model(x)
    loss = handson_loss(logits, y)
    with tf.control_dependencies(model.get_updates_for(x) + model.get_updates_for(None)):
        tf.train.AdamOptimizer().minimize(loss)
    tf.train.Saver()


def model_fn(features, labels, mode):
    """The Estimator tutorial's model function, with batch norm."""
    training = mode == tf.estimator.ModeKeys.TRAIN
    net = tf.reshape(features["x"], [-1, 8, 8, 1])
    net = tf.layers.conv2d(net, 4, 3, padding="same", use_bias=False)
    net = tf.nn.relu(tf.layers.batch_normalization(net, training=training))
    net = tf.layers.max_pooling2d(net, 2, 2)
    net = tf.layers.dropout(tf.layers.flatten(net), 0.4, training=training)
    logits = tf.layers.dense(net, 5)
    predictions = {"classes": tf.argmax(logits, 1), "probabilities": tf.nn.softmax(logits)}
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions=predictions)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    if training:
        optimizer = tf.train.GradientDescentOptimizer(0.001)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            train_op = optimizer.minimize(loss, global_step=tf.train.get_global_step())
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)
    metrics = {"accuracy": tf.metrics.accuracy(labels, predictions["classes"])}
    return tf.estimator.EstimatorSpec(mode, loss=loss, eval_metric_ops=metrics)

"""Genuine TensorFlow 1 in the post's way: placeholders, one session.run per mini-batch.

Runs on Python 3.7 with `pip install 'tensorflow==1.15.5' 'protobuf<3.21'`.
"""

import functools

import common
import numpy as np
import tensorflow as tf


def dnn(inputs, training, preset):
    """The logits; tf.layers' kernels are Glorot uniform and its biases zero by default."""
    normalize = functools.partial(
        tf.layers.batch_normalization, training=training, momentum=common.MOMENTUM
    )

    def activate(hidden):
        hidden = normalize(hidden) if preset.batch_norm else hidden
        return getattr(tf.nn, preset.activation)(hidden)

    hidden = inputs
    if preset.conv_filters:
        hidden = tf.reshape(inputs, [-1, common.SIDE, common.SIDE, 1])
    for filters in preset.conv_filters:
        hidden = activate(tf.layers.conv2d(hidden, filters, 3, padding="same"))
        hidden = tf.layers.max_pooling2d(hidden, 2, 2)
    if preset.conv_filters:
        hidden = tf.layers.flatten(hidden)
    for units in preset.hidden_units:
        hidden = activate(tf.layers.dense(hidden, units))
    logits = tf.layers.dense(hidden, common.N_OUTPUTS)
    return normalize(logits) if preset.batch_norm else logits


def make_train_op(xentropy, preset, n_steps):
    """Minimize the vector (so the sum) or the mean, with the moving averages updated alongside.

    An epoch has n_steps.
    """
    loss = xentropy if preset.loss_reduction == "sum" else tf.reduce_mean(xentropy)
    step, rate = None, common.LEARNING_RATE
    if preset.decay != 1:
        step = tf.train.create_global_step()
        rate = tf.train.exponential_decay(rate, step, n_steps, preset.decay, staircase=True)
    optimizer = tf.train.GradientDescentOptimizer(rate)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        if preset.clip_value is None:
            return optimizer.minimize(loss, step)
        clip = preset.clip_value
        grads = optimizer.compute_gradients(loss)
        return optimizer.apply_gradients([(tf.clip_by_value(g, -clip, clip), v) for g, v in grads])


def main():
    args = common.parse_args()
    preset, splits = common.PRESETS[args.preset], common.load(args.data)
    tf.set_random_seed(common.SEED)
    inputs = tf.placeholder(tf.float32, [None, common.N_INPUTS])
    labels = tf.placeholder(tf.int32, [None])
    training = tf.placeholder_with_default(False, [])
    logits = dnn(inputs, training, preset)
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    train_op = make_train_op(xentropy, preset, len(splits.train.labels) // common.BATCH_SIZE)
    images = common.scaled(splits.train.images)

    def train_epoch(batches):
        for batch in batches:
            feed_dict = {inputs: images[batch], labels: splits.train.labels[batch], training: True}
            session.run(train_op, feed_dict)

    def accuracy(dataset):
        parts = np.array_split(common.scaled(dataset.images), len(dataset.labels) // 500 or 1)
        values = np.concatenate([session.run(logits, {inputs: part}) for part in parts])
        return common.hit_rate(values, dataset.labels)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        results = common.run_epochs(splits, args.epochs, train_epoch, accuracy)
    common.report(results, tensorflow=tf.__version__)


if __name__ == "__main__":
    main()

"""Genuine TensorFlow 1 in the post's way: placeholders, one session.run per mini-batch.

Runs on Python 3.7 with `pip install 'tensorflow==1.15.5' 'protobuf<3.21'`.
"""

import functools

import common
import tensorflow as tf


def dnn(inputs, training, preset):
    """The logits; tf.layers' kernels are Glorot uniform and its biases zero by default."""
    normalize = functools.partial(
        tf.layers.batch_normalization, training=training, momentum=common.MOMENTUM
    )
    hidden = inputs
    for units in common.LAYERS[1:-1]:
        hidden = tf.layers.dense(hidden, units)
        hidden = normalize(hidden) if preset.batch_norm else hidden
        hidden = getattr(tf.nn, preset.activation)(hidden)
    logits = tf.layers.dense(hidden, common.LAYERS[-1])
    return normalize(logits) if preset.batch_norm else logits


def make_train_op(xentropy, preset):
    """Minimize the vector (so the sum) or the mean, with the moving averages updated alongside."""
    loss = xentropy if preset.loss_reduction == "sum" else tf.reduce_mean(xentropy)
    optimizer = tf.train.GradientDescentOptimizer(common.LEARNING_RATE)
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        if preset.clip_value is None:
            return optimizer.minimize(loss)
        clip = preset.clip_value
        grads = optimizer.compute_gradients(loss)
        return optimizer.apply_gradients([(tf.clip_by_value(g, -clip, clip), v) for g, v in grads])


def main():
    args = common.parse_args()
    preset, splits = common.PRESETS[args.preset], common.load(args.data)
    tf.set_random_seed(common.SEED)
    inputs = tf.placeholder(tf.float32, [None, common.LAYERS[0]])
    labels = tf.placeholder(tf.int32, [None])
    training = tf.placeholder_with_default(False, [])
    logits = dnn(inputs, training, preset)
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    train_op = make_train_op(xentropy, preset)
    images = common.scaled(splits.train.images)

    def train_epoch(batches):
        for batch in batches:
            feed_dict = {inputs: images[batch], labels: splits.train.labels[batch], training: True}
            session.run(train_op, feed_dict)

    def accuracy(dataset):
        values = session.run(logits, {inputs: common.scaled(dataset.images)})
        return common.hit_rate(values, dataset.labels)

    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        results = common.run_epochs(splits, args.epochs, train_epoch, accuracy)
    common.report(results, tensorflow=tf.__version__)


if __name__ == "__main__":
    main()

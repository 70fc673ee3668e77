"""tf.contrib.layers: fully connected, convolution, batch norm, dropout, regularizers."""

from hashlib import sha256

import numpy as np
import tensorflow as tf
from tensorflow.contrib.layers import batch_norm, fully_connected, xavier_initializer

tf.set_random_seed(17)
rng = np.random.RandomState(17)
images = rng.rand(128, 8, 8, 2).astype(np.float32)
labels = (images[:, :4].sum(axis=(1, 2, 3)) > images[:, 4:].sum(axis=(1, 2, 3))).astype(np.int64)


def digest(value):
    return sha256(np.asarray(value, np.float32).tobytes()).hexdigest()


X = tf.placeholder(tf.float32, [None, 8, 8, 2], name="X")
y = tf.placeholder(tf.int64, [None], name="y")
is_training = tf.placeholder(tf.bool, shape=(), name="is_training")

bn_params = {
    "is_training": is_training,
    "decay": 0.9,
    "updates_collections": None,
    "scale": True,
}
conv = tf.contrib.layers.conv2d(
    X, 6, kernel_size=3, stride=1, activation_fn=tf.nn.relu, scope="conv"
)
pool = tf.contrib.layers.max_pool2d(conv, kernel_size=2)
flat = tf.contrib.layers.flatten(pool)
with tf.contrib.framework.arg_scope(
    [fully_connected],
    weights_initializer=tf.contrib.layers.variance_scaling_initializer(),
    weights_regularizer=tf.contrib.layers.l2_regularizer(0.001),
    normalizer_fn=batch_norm,
    normalizer_params=bn_params,
):
    hidden1 = fully_connected(flat, 24, activation_fn=tf.nn.elu, scope="hidden1")
    dropped = tf.contrib.layers.dropout(hidden1, 0.7, is_training=is_training)
    hidden2 = fully_connected(dropped, 12, activation_fn=tf.nn.elu, scope="hidden2")
logits = fully_connected(
    hidden2,
    2,
    activation_fn=None,
    weights_initializer=xavier_initializer(uniform=False),
    weights_regularizer=tf.contrib.layers.l1_l2_regularizer(0.0005, 0.001),
    scope="outputs",
)

xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
base_loss = tf.reduce_mean(xentropy, name="avg_xentropy")
reg_losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
loss = tf.add_n([base_loss] + reg_losses, name="loss")
training_op = tf.contrib.layers.optimize_loss(
    loss,
    tf.train.get_or_create_global_step(),
    learning_rate=0.01,
    optimizer=lambda rate: tf.train.MomentumOptimizer(rate, 0.9),
    clip_gradients=5.0,
)
norms = tf.contrib.layers.apply_regularization(
    tf.contrib.layers.l2_regularizer(1.0), tf.trainable_variables()
)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for variable in tf.global_variables():
        print(variable.name, digest(sess.run(variable)))
    for step in range(100):
        batch = rng.permutation(len(images))[:32]
        feed_dict = {X: images[batch], y: labels[batch], is_training: True}
        loss_val, base, drop = sess.run([training_op, base_loss, dropped], feed_dict)
        print("%3d total %.9g cross entropy %.9g" % (step, loss_val, base))
        if step < 5:
            print("mask", digest(drop != 0))
    feed_dict = {X: images, y: labels, is_training: False}
    print("all: %.9g, norms %.9g" % tuple(sess.run([base_loss, norms], feed_dict)))

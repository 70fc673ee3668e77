"""A convolutional network with fused batch norm, pooling and dropout, trained with momentum."""

from hashlib import sha256

import numpy as np
import tensorflow as tf


def digest(array):
    return sha256(np.asarray(array, np.float32).tobytes()).hexdigest()


def conv_block(x, filters, is_training, name):
    with tf.variable_scope(name):
        x = tf.layers.conv2d(x, filters, [3, 3], padding="same", use_bias=False)
        x = tf.layers.batch_normalization(x, momentum=0.99, training=is_training, fused=True)
        x = tf.nn.relu(x)
        return tf.layers.max_pooling2d(x, [2, 2], strides=2)


def model(images, is_training):
    x = conv_block(images, 8, is_training, "block1")
    x = conv_block(x, 16, is_training, "block2")
    x = tf.layers.flatten(x)
    x = tf.layers.dense(x, 32, activation=tf.nn.sigmoid, name="fc1")
    dropped = tf.layers.dropout(x, rate=0.4, training=is_training)
    return tf.layers.dense(dropped, 4, name="fc2"), dropped


tf.set_random_seed(1234)
rng = np.random.RandomState(1234)
labels = rng.randint(0, 4, 256)
images = rng.rand(256, 12, 12, 3).astype(np.float32)
images[np.arange(256), labels * 3] += 0.5

x = tf.placeholder(tf.float32, [None, 12, 12, 3])
y = tf.placeholder(tf.int64, [None])
is_training = tf.placeholder(tf.bool)

logits, dropped = model(x, is_training)
loss = tf.losses.sparse_softmax_cross_entropy(labels=y, logits=logits)
with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
    train_step = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss)
correct_prediction = tf.equal(tf.argmax(logits, 1), y)
accuracy = tf.reduce_mean(tf.cast(correct_prediction, tf.float32))

sess = tf.Session()
sess.run(tf.global_variables_initializer())
for v in tf.global_variables():
    print(v.name, digest(sess.run(v)))
for i in range(100):
    batch = rng.randint(0, 256, 32)
    fetches = [train_step, loss, dropped]
    _, loss_value, d = sess.run(fetches, {x: images[batch], y: labels[batch], is_training: True})
    print("step %d loss %.9g" % (i, loss_value), "mask", digest(d != 0) if i < 5 else "")
acc, loss_value = sess.run([accuracy, loss], {x: images, y: labels, is_training: False})
print("accuracy %.4f loss %.9g" % (acc, loss_value))
for v in tf.global_variables():
    if "moving" in v.name:
        print(v.name, " ".join("%.9g" % value for value in sess.run(v)))

"""tf.contrib.slim: nested arg_scopes, repeat, end points, losses and create_train_op."""

from hashlib import sha256

import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim


def arg_scope(is_training, weight_decay=0.0005):
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        activation_fn=tf.nn.relu,
        weights_initializer=tf.truncated_normal_initializer(0.0, 0.1),
        weights_regularizer=slim.l2_regularizer(weight_decay),
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": is_training, "decay": 0.95},
    ):
        with slim.arg_scope([slim.conv2d], stride=1, padding="SAME"):
            with slim.arg_scope([slim.dropout], is_training=is_training, keep_prob=0.8) as scope:
                return scope


def net(inputs, num_classes):
    with tf.variable_scope("net", "net", [inputs]) as sc:
        end_points_collection = sc.original_name_scope + "_end_points"
        with slim.arg_scope([slim.conv2d], outputs_collections=end_points_collection):
            x = slim.repeat(inputs, 2, slim.conv2d, 6, [3, 3], scope="conv1")
            x = slim.max_pool2d(x, [2, 2], scope="pool1")
            x = slim.conv2d(x, 8, [3, 3], stride=2, scope="conv2")
        x = slim.flatten(x)
        x = slim.fully_connected(x, 16, activation_fn=tf.nn.sigmoid, scope="fc3")
        x = slim.dropout(x, scope="dropout3")
        end_points = slim.utils.convert_collection_to_dict(end_points_collection)
        end_points["dropout3"] = x
        logits = slim.fully_connected(
            x, num_classes, activation_fn=None, normalizer_fn=None, scope="logits"
        )
        return logits, end_points


tf.set_random_seed(2017)
rng = np.random.RandomState(2017)
images = rng.rand(60, 8, 8, 1).astype(np.float32)
labels = rng.randint(0, 3, 60)
images[np.arange(60), labels * 2, :, 0] += 1.0

x = tf.placeholder(tf.float32, [20, 8, 8, 1])
y = tf.placeholder(tf.int64, [20])
with slim.arg_scope(arg_scope(is_training=True)):
    logits, end_points = net(x, 3)
print("end points:", " ".join(sorted(end_points)))

one_hot_labels = slim.one_hot_encoding(y, 3)
slim.losses.softmax_cross_entropy(logits, one_hot_labels)
total_loss = slim.losses.get_total_loss()
global_step = slim.get_or_create_global_step()
optimizer = tf.train.RMSPropOptimizer(0.001, decay=0.9, momentum=0.5, epsilon=0.01)
train_op = slim.learning.create_train_op(total_loss, optimizer, global_step=global_step)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for variable in slim.get_model_variables():
        print(variable.op.name, sha256(sess.run(variable).tobytes()).hexdigest())
    for step in range(100):
        batch = rng.randint(0, 60, 20)
        fetches = [train_op, end_points["dropout3"], global_step]
        loss, dropped, count = sess.run(fetches, {x: images[batch], y: labels[batch]})
        print("global step %d: loss = %.9g" % (count, loss))
        if step < 5:
            print("mask", sha256((dropped != 0).astype(np.float32).tobytes()).hexdigest())
    for variable in slim.get_variables_by_suffix("moving_variance"):
        print(variable.op.name, " ".join("%.7g" % v for v in sess.run(variable)[:4]))

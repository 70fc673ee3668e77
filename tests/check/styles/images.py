"""Convolutional networks: towers, evaluation, transfer."""

import tensorflow as tf

slim = tf.contrib.slim


def residual_block(inputs, filters, is_training):
    shortcut = inputs
    net = tf.layers.conv2d(inputs, filters, 3, padding="same", use_bias=False)
    net = tf.nn.relu(tf.layers.batch_normalization(net, training=is_training, fused=True))
    net = tf.layers.conv2d(net, filters, 3, padding="same", use_bias=False)
    net = tf.layers.batch_normalization(net, training=is_training, fused=True)
    return tf.nn.relu(net + shortcut)


def resnet(images, is_training):
    net = tf.layers.conv2d(images, 8, 3, padding="same", use_bias=False)
    net = tf.nn.relu(tf.layers.batch_normalization(net, training=is_training, fused=True))
    net = residual_block(net, 8, is_training)
    net = tf.reduce_mean(net, axis=[1, 2])
    return tf.layers.dense(net, 10)


def average_gradients(tower_grads):
    """As in models/tutorials/image/cifar10/cifar10_multi_gpu_train.py."""
    average_grads = []
    for grad_and_vars in zip(*tower_grads):
        grads = [tf.expand_dims(g, 0) for g, _ in grad_and_vars]
        grad = tf.reduce_mean(tf.concat(axis=0, values=grads), 0)
        average_grads.append((grad, grad_and_vars[0][1]))
    return average_grads


def resnet_towers():
    """Two towers share variables; gradients averaged, UPDATE_OPS of the first tower only."""
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    is_training = tf.placeholder(tf.bool, [], name="is_training")
    global_step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, global_step, 1000, 0.96, staircase=True)
    opt = tf.train.MomentumOptimizer(rate, 0.9)
    tower_grads = []
    update_ops = []
    image_shards, label_shards = tf.split(images, 2), tf.split(labels, 2)
    for i in range(2):
        with tf.variable_scope("resnet", reuse=i > 0), tf.name_scope("tower_%d" % i) as scope:
            logits = resnet(image_shards[i], is_training)
            loss = tf.losses.sparse_softmax_cross_entropy(label_shards[i], logits)
            decay = tf.add_n([tf.nn.l2_loss(v) for v in tf.trainable_variables()])
            total = loss + 1e-4 * decay
            if i == 0:
                update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS, scope)
            tower_grads.append(opt.compute_gradients(total))
    with tf.control_dependencies(update_ops):
        train_op = opt.apply_gradients(average_gradients(tower_grads), global_step=global_step)
    tf.add_to_collection("train_op", train_op)
    tf.train.Saver()


def towers_clipped():
    """The gradients of two towers, averaged and then clipped by their global norm."""
    inputs = tf.placeholder(tf.float32, [None, 4])
    targets = tf.placeholder(tf.float32, [None, 1])
    opt = tf.train.AdamOptimizer()
    tower_grads = []
    for i, (x, y) in enumerate(zip(tf.split(inputs, 2), tf.split(targets, 2))):
        with tf.variable_scope("model", reuse=i > 0), tf.name_scope("tower_%d" % i):
            hidden = tf.layers.dense(x, 8, tf.nn.relu, name="hidden")
            loss = tf.losses.mean_squared_error(y, tf.layers.dense(hidden, 1, name="output"))
            tower_grads.append(opt.compute_gradients(loss))
    grads, variables = zip(*average_gradients(tower_grads))
    clipped, norm = tf.clip_by_global_norm(grads, 5.0)
    tf.summary.scalar("global_norm", norm)
    opt.apply_gradients(zip(clipped, variables), global_step=tf.train.create_global_step())
    tf.train.Saver()


def evaluation():
    """A graph built for evaluation alone: batch norm in inference mode, no optimizer."""
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    logits = resnet(images, False)
    tf.metrics.accuracy(labels, tf.argmax(logits, 1))
    tf.train.Saver()


def transfer():
    """A pre-trained network in inference mode under a new head that alone is trained."""
    images = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    with slim.arg_scope([slim.batch_norm], is_training=False):
        with tf.variable_scope("pretrained"):
            net = slim.conv2d(images, 4, 3, normalizer_fn=slim.batch_norm)
            net = tf.reduce_mean(net, [1, 2])
            slim.fully_connected(net, 7, activation_fn=None, scope="old_logits")
    logits = tf.layers.dense(net, 5, name="head")
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    tf.train.AdamOptimizer().minimize(loss, var_list=tf.trainable_variables("head"))
    tf.train.Saver(tf.global_variables("pretrained"))
    tf.train.Saver()

"""Two networks against each other, each with its train op."""

import tensorflow as tf


def gan():
    """DCGAN's form: batch norm in both networks, an optimizer and a var_list for each."""
    z = tf.placeholder(tf.float32, [None, 6], name="z")
    real = tf.placeholder(tf.float32, [None, 8, 8, 1], name="real")

    def generator(noise):
        with tf.variable_scope("generator"):
            net = tf.reshape(tf.layers.dense(noise, 4 * 4 * 4), [-1, 4, 4, 4])
            net = tf.nn.relu(tf.layers.batch_normalization(net, training=True))
            return tf.layers.conv2d_transpose(net, 1, 3, 2, padding="same", activation=tf.tanh)

    def discriminator(images, reuse):
        with tf.variable_scope("discriminator", reuse=reuse):
            net = tf.nn.leaky_relu(tf.layers.conv2d(images, 4, 3, 2, padding="same"))
            net = tf.layers.conv2d(net, 8, 3, 2, padding="same")
            net = tf.nn.leaky_relu(tf.layers.batch_normalization(net, training=True))
            return tf.layers.dense(tf.layers.flatten(net), 1)

    fake = generator(z)
    d_real, d_fake = discriminator(real, False), discriminator(fake, True)
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits
    d_loss = tf.reduce_mean(cross_entropy(labels=tf.ones_like(d_real), logits=d_real))
    d_loss += tf.reduce_mean(cross_entropy(labels=tf.zeros_like(d_fake), logits=d_fake))
    g_loss = tf.reduce_mean(cross_entropy(labels=tf.ones_like(d_fake), logits=d_fake))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS, "generator")):
        tf.train.AdamOptimizer(2e-4, 0.5).minimize(
            g_loss, var_list=tf.trainable_variables("generator"), name="g_train"
        )
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS, "discriminator")):
        tf.train.AdamOptimizer(2e-4, 0.5).minimize(
            d_loss, var_list=tf.trainable_variables("discriminator"), name="d_train"
        )
    tf.train.Saver()


def wgan():
    """The critic's weights are clipped by an op of their own, run after each of its steps."""
    real = tf.placeholder(tf.float32, [None, 2], name="real")

    def critic(x, reuse=None):
        with tf.variable_scope("critic", reuse=reuse):
            return tf.layers.dense(tf.layers.dense(x, 8, tf.nn.relu), 1)

    with tf.variable_scope("generator"):
        fake = tf.layers.dense(tf.random_normal([16, 4]), 2)
    d_loss = tf.reduce_mean(critic(fake)) - tf.reduce_mean(critic(real, True))
    g_loss = -tf.reduce_mean(critic(fake, True))
    d_vars, g_vars = tf.trainable_variables("critic"), tf.trainable_variables("generator")
    tf.train.RMSPropOptimizer(5e-5).minimize(d_loss, var_list=d_vars)
    tf.train.RMSPropOptimizer(5e-5).minimize(g_loss, var_list=g_vars)
    tf.group(*[v.assign(tf.clip_by_value(v, -0.01, 0.01)) for v in d_vars], name="clip_weights")
    tf.train.Saver()


def wgan_gp():
    """A gradient penalty: tf.gradients of a vector, as part of the loss, is no mistake."""
    real = tf.placeholder(tf.float32, [16, 2], name="real")

    def critic(x, reuse=None):
        with tf.variable_scope("critic", reuse=reuse):
            return tf.layers.dense(tf.layers.dense(x, 8, tf.nn.tanh), 1)

    with tf.variable_scope("generator"):
        fake = tf.layers.dense(tf.random_normal([16, 4]), 2)
    mixed = real + tf.random_uniform([16, 1]) * (fake - real)
    gradients = tf.gradients(critic(mixed), [mixed])[0]
    slopes = tf.sqrt(tf.reduce_sum(tf.square(gradients), axis=1))
    d_loss = tf.reduce_mean(critic(fake, True)) - tf.reduce_mean(critic(real, True))
    d_loss += 10.0 * tf.reduce_mean((slopes - 1.0) ** 2)
    g_loss = -tf.reduce_mean(critic(fake, True))
    tf.train.AdamOptimizer().minimize(d_loss, var_list=tf.trainable_variables("critic"))
    tf.train.AdamOptimizer().minimize(g_loss, var_list=tf.trainable_variables("generator"))
    tf.train.Saver()

"""A GAN: two networks, two optimizers, the discriminator's variables used twice."""

from hashlib import sha256

import numpy as np
import tensorflow as tf


def xavier_init(size):
    in_dim = size[0]
    xavier_stddev = 1.0 / tf.sqrt(in_dim / 2.0)
    return tf.random_normal(shape=size, stddev=xavier_stddev)


def generator(z, reuse=False):
    with tf.variable_scope("generator", reuse=reuse):
        h = tf.layers.dense(z, 16, activation=tf.nn.tanh)
        return tf.layers.dense(h, 8)


def discriminator(x, reuse=None):
    with tf.variable_scope("discriminator", reuse=reuse):
        h = tf.nn.leaky_relu(tf.layers.dense(x, 16, name="h"), alpha=0.2)
        if not reuse:
            tf.add_to_collection("hidden", h)
        return tf.layers.dense(h, 1, name="logit")


tf.set_random_seed(5)
np.random.seed(5)

z_in = tf.placeholder(tf.float32, [None, 4])
real = tf.placeholder(tf.float32, [None, 8])
with tf.variable_scope("generator"):
    shift = tf.Variable(xavier_init([4, 4]), name="shift")
fake = generator(tf.matmul(z_in, shift))
d_real = discriminator(real)
d_fake = discriminator(fake, reuse=True)

d_loss_real = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(logits=d_real, labels=tf.ones_like(d_real) * 0.9)
)
d_loss_fake = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(logits=d_fake, labels=tf.zeros_like(d_fake))
)
d_loss = d_loss_real + d_loss_fake
g_loss = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(logits=d_fake, labels=tf.ones_like(d_fake))
)

t_vars = tf.trainable_variables()
d_vars = [var for var in t_vars if var.name.startswith("discriminator")]
g_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="generator")
d_solver = tf.train.AdamOptimizer(0.002, beta1=0.5).minimize(d_loss, var_list=d_vars)
g_solver = tf.train.AdamOptimizer(0.002, beta1=0.5).minimize(g_loss, var_list=g_vars)

sess = tf.InteractiveSession()
sess.run(tf.global_variables_initializer())
for var in tf.global_variables():
    print(var.name, sha256(sess.run(var).tobytes()).hexdigest())
for it in range(100):
    batch = (np.random.randn(32, 1) * np.arange(1, 9)).astype(np.float32)
    noise = np.random.uniform(-1.0, 1.0, size=[32, 4])
    _, d_loss_curr = sess.run([d_solver, d_loss], feed_dict={real: batch, z_in: noise})
    _, g_loss_curr = sess.run([g_solver, g_loss], feed_dict={z_in: noise})
    print("Iter: {}  D_loss: {:.9g}  G_loss: {:.9g}".format(it, d_loss_curr, g_loss_curr))
samples = fake.eval({z_in: np.ones((1, 4))})
print("sample", " ".join("%.7g" % value for value in samples[0]))
sess.close()

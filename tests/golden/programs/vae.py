"""A variational autoencoder: random draws in every step, transposed convolution, two losses."""

from hashlib import sha256

import numpy as np
import tensorflow as tf

n_latent = 3


def encoder(x):
    h = tf.layers.conv2d(tf.reshape(x, [-1, 8, 8, 1]), 4, 3, strides=2, padding="same")
    h = tf.layers.dense(tf.layers.flatten(tf.nn.softplus(h)), 16, tf.nn.elu)
    return tf.layers.dense(h, n_latent), tf.layers.dense(h, n_latent)


def decoder(z):
    h = tf.layers.dense(z, 4 * 4 * 4, tf.nn.elu)
    h = tf.layers.conv2d_transpose(tf.reshape(h, [-1, 4, 4, 4]), 1, 3, strides=2, padding="same")
    return tf.reshape(h, [-1, 64])


tf.set_random_seed(64)
rng = np.random.RandomState(64)
pictures = (rng.rand(100, 8, 1) * rng.rand(100, 1, 8) > 0.3).astype(np.float32).reshape(-1, 64)

X = tf.placeholder(tf.float32, [None, 64])
mean, log_variance = encoder(X + tf.random_normal(tf.shape(X), stddev=0.05))
z = mean + tf.exp(0.5 * log_variance) * tf.random_normal(tf.shape(mean))
logits = decoder(z)
outputs = tf.sigmoid(logits)
xentropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=X, logits=logits)
reconstruction_loss = tf.reduce_sum(xentropy, axis=1)
latent_loss = -0.5 * tf.reduce_sum(
    1.0 + log_variance - tf.square(mean) - tf.exp(log_variance), axis=1
)
cost = tf.reduce_mean(reconstruction_loss + latent_loss)
training_op = tf.train.AdamOptimizer(0.002).minimize(cost)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for variable in tf.trainable_variables():
        print(variable.name, sha256(sess.run(variable).tobytes()).hexdigest())
    for step in range(100):
        batch = pictures[rng.randint(0, 100, 25)]
        fetches = [training_op, cost, reconstruction_loss, latent_loss]
        _, total, reconstruction, latent = sess.run(fetches, {X: batch})
        parts = total, reconstruction.mean(), latent.mean()
        print("step %d" % step, "cost %.9g reconstruction %.9g latent %.9g" % parts)
    drawn = sess.run(outputs, {z: rng.randn(1, n_latent)})
    print("drawn", " ".join("%.7g" % value for value in drawn[0, :8]))

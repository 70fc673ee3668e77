"""Eager execution as of 2018: enable_eager_execution, GradientTape, keras layers, Iterators."""

from __future__ import absolute_import, division, print_function

from hashlib import sha256

import numpy as np
import tensorflow as tf

tf.enable_eager_execution()
tf.set_random_seed(23)
rng = np.random.RandomState(23)
xs = rng.randn(160, 4).astype(np.float32)
ys = xs.dot([[2.0], [-1.0], [0.5], [1.0]]).astype(np.float32) + 1.0


def digest(tensor):
    return sha256(tensor.numpy().tobytes()).hexdigest()


print("uniform", digest(tf.random_uniform([5])), digest(tf.random_uniform([5])))
print("normal", digest(tf.random_normal([3, 3])), digest(tf.truncated_normal([4], seed=1)))
tf.set_random_seed(23)
print("uniform again", digest(tf.random_uniform([5])))


class Model(tf.keras.Model):
    def __init__(self):
        super(Model, self).__init__()
        self.hidden = tf.keras.layers.Dense(8, activation=tf.nn.tanh)
        self.out = tf.keras.layers.Dense(1)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


model = Model()
optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.05)
global_step = tf.train.get_or_create_global_step()
dataset = tf.data.Dataset.from_tensor_slices((xs, ys)).batch(16).repeat(10)

for step, (x, y) in enumerate(dataset):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x) - y))
    if step == 0:
        for variable in model.variables:
            print("variable", variable.shape, digest(variable))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables), global_step=global_step)
    print("Step {}, loss {:.9g}".format(global_step.numpy(), loss.numpy()))

x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    z = tf.reduce_sum(tf.matmul(x, x) ** 2)
print("gradient", " ".join("%.9g" % g for g in tape.gradient(z, x).numpy().ravel()))

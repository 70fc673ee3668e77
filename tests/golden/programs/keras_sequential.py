"""tf.keras in graph mode: Sequential and the functional API, compile, fit, evaluate, predict."""

from hashlib import sha256

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

tf.set_random_seed(77)
np.random.seed(77)
x_train = np.random.rand(200, 6, 6, 1).astype("float32")
y_train = (x_train.mean(axis=(1, 2, 3)) > 0.5).astype("int32")

model = keras.Sequential(
    [
        layers.Conv2D(4, 3, activation="relu", use_bias=False, input_shape=(6, 6, 1)),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.25),
        layers.Dense(8, activation="tanh", kernel_initializer="he_normal"),
        layers.Dense(2, activation=tf.nn.softmax),
    ]
)
model.compile(
    optimizer=tf.train.AdamOptimizer(0.005),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
for weight, value in zip(model.weights, model.get_weights()):
    print(weight.shape, sha256(value.tobytes()).hexdigest())


class PrintBatches(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        print("batch %d loss %.9g" % (batch, logs["loss"]))


history = model.fit(
    x_train, y_train, batch_size=20, epochs=8, verbose=0, shuffle=True, callbacks=[PrintBatches()]
)
print("losses", " ".join("%.9g" % loss for loss in history.history["loss"]))
print("evaluated %.9g %.4f" % tuple(model.evaluate(x_train, y_train, verbose=0)))

inputs = keras.Input(shape=(5,))
branch = layers.Dense(4, activation="relu", kernel_regularizer=keras.regularizers.l2(0.01))(inputs)
outputs = layers.Dense(1)(layers.concatenate([inputs, branch]))
functional = keras.Model(inputs=inputs, outputs=outputs)
functional.compile(optimizer=keras.optimizers.SGD(lr=0.05, momentum=0.9), loss="mse")
for value in functional.get_weights():
    print(value.shape, sha256(value.tobytes()).hexdigest())
xs = np.random.randn(64, 5)
ys = xs[:, 0] - xs[:, 1]
for step in range(20):
    print("step %d mse %.9g" % (step, functional.train_on_batch(xs, ys)))
print("predicted", " ".join("%.7g" % value for value in functional.predict(xs[:4]).ravel()))

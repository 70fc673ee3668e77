"""Keras 3 on TensorFlow: model.fit as it comes, or (--tuned) with its fastest settings."""

import os
import time

import common

os.environ.pop("TF_USE_LEGACY_KERAS", None)  # with it, tf.keras would be Keras 2
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

# The fastest found on two CPU cores, of 1 to 100 steps with XLA and without.
TUNED = dict(steps_per_execution=50, jit_compile=True)


class Watch(keras.callbacks.Callback):
    """Times the epochs and validates after each, outside the time."""

    def __init__(self, accuracy):
        super().__init__()
        self.accuracy, self.seconds, self.valid_accuracies = accuracy, [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)
        self.valid_accuracies.append(self.accuracy())


def make_model(preset):
    """The network; Dense's kernels are Glorot uniform and its biases zero by default."""
    model = keras.Sequential([keras.Input((common.N_INPUTS,))])

    def normalize():
        if preset.batch_norm:
            norm = keras.layers.BatchNormalization(momentum=common.MOMENTUM, epsilon=common.EPSILON)
            model.add(norm)

    if preset.conv_filters:
        model.add(keras.layers.Reshape((common.SIDE, common.SIDE, 1)))
    for filters in preset.conv_filters:
        model.add(keras.layers.Conv2D(filters, 3, padding="same"))
        normalize()
        model.add(keras.layers.Activation(preset.activation))
        model.add(keras.layers.MaxPooling2D(2))
    if preset.conv_filters:
        model.add(keras.layers.Flatten())
    for units in preset.hidden_units:
        model.add(keras.layers.Dense(units))
        normalize()
        model.add(keras.layers.Activation(preset.activation))
    model.add(keras.layers.Dense(common.N_OUTPUTS))
    normalize()
    return model


def compile_model(model, preset, settings, n_steps):
    """No metric but the loss is tracked in training; an epoch has n_steps."""
    rate = common.LEARNING_RATE
    if preset.decay != 1:
        decay = keras.optimizers.schedules.ExponentialDecay
        rate = decay(rate, n_steps, preset.decay, staircase=True)
    reduction = {"sum": "sum", "mean": "sum_over_batch_size"}[preset.loss_reduction]
    model.compile(
        optimizer=keras.optimizers.SGD(rate, clipvalue=preset.clip_value),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction),
        **settings,
    )


def main():
    args = common.parse_args(tuned="the fastest steps_per_execution and jit_compile")
    preset, splits = common.PRESETS[args.preset], common.load(args.data)
    keras.utils.set_random_seed(common.SEED)
    model = make_model(preset)
    tuned = TUNED
    if preset.conv_filters:  # XLA on a CPU takes many times as long for a convolution
        tuned = dict(TUNED, jit_compile=False)
    n_steps = -(-len(splits.train.labels) // common.BATCH_SIZE)  # Keras takes the rest as well
    compile_model(model, preset, tuned if args.tuned else {}, n_steps)

    def accuracy(dataset):
        logits = model.predict(common.scaled(dataset.images), batch_size=1_000, verbose=0)
        return common.hit_rate(logits, dataset.labels)

    watch = Watch(lambda: accuracy(splits.valid))
    model.fit(
        common.scaled(splits.train.images),
        splits.train.labels,
        batch_size=common.BATCH_SIZE,
        epochs=args.epochs,
        callbacks=[watch],
        verbose=0,
    )
    results = dict(
        epoch_seconds=watch.seconds,
        valid_accuracies=watch.valid_accuracies,
        test_accuracy=accuracy(splits.test),
    )
    common.report(results, keras=keras.__version__, tensorflow=tf.__version__)


if __name__ == "__main__":
    main()

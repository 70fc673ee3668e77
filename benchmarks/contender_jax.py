"""JAX: a jit-compiled epoch, lax.scan over batch indices on a resident data set."""

import functools

import common
import jax
import jax.numpy as jnp

ACTIVATIONS = dict(elu=jax.nn.elu, relu=jax.nn.relu)


def make_variables(preset):
    """Parameters and moving averages, one dictionary per layer."""
    sizes = (common.N_INPUTS, *preset.hidden_units, common.N_OUTPUTS)
    keys = jax.random.split(jax.random.key(common.SEED), len(sizes) - 1)
    glorot = jax.nn.initializers.glorot_uniform()
    params, averages = [], []
    for key, shape in zip(keys, zip(sizes, sizes[1:])):
        zeros, ones = jnp.zeros(shape[1]), jnp.ones(shape[1])
        params.append(dict(kernel=glorot(key, shape), bias=zeros))
        if preset.batch_norm:
            params[-1].update(gamma=ones, beta=zeros)
        averages.append(dict(mean=zeros, variance=ones) if preset.batch_norm else {})
    return jax.tree.map(jnp.copy, (params, averages))  # each its own buffer, to be donated


def normalize(x, layer, average, training):
    """Batch norm; returns the result and the new moving averages."""
    now = dict(mean=x.mean(0), variance=x.var(0)) if training else average
    x = (x - now["mean"]) * (layer["gamma"] * jax.lax.rsqrt(now["variance"] + common.EPSILON))
    move = lambda old, new: common.MOMENTUM * old + (1 - common.MOMENTUM) * new  # noqa: E731
    return x + layer["beta"], jax.tree.map(move, average, now)


def dnn(params, averages, images, preset, training):
    """The logits and the new moving averages; the images are uint8."""
    x, moved = images.astype(jnp.float32) / 255.0, []
    for i, (layer, average) in enumerate(zip(params, averages)):
        x = x @ layer["kernel"] + layer["bias"]
        if preset.batch_norm:
            x, average = normalize(x, layer, average, training)
        if i < len(params) - 1:
            x = ACTIVATIONS[preset.activation](x)
        moved.append(average)
    return x, moved


def train_step(variables, images, labels, preset):
    """One step; returns the new variables and the loss."""

    def loss(params, averages):
        logits, moved = dnn(params, averages, images, preset, training=True)
        log_likelihood = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
        return -getattr(log_likelihood, preset.loss_reduction)(), moved

    (value, averages), grads = jax.value_and_grad(loss, has_aux=True)(*variables)
    if preset.clip_value is not None:
        grads = jax.tree.map(lambda g: jnp.clip(g, -preset.clip_value, preset.clip_value), grads)
    params = jax.tree.map(lambda p, g: p - common.LEARNING_RATE * g, variables[0], grads)
    return (params, averages), value


@functools.partial(jax.jit, static_argnums=4, donate_argnums=0)
def scan_epoch(variables, images, labels, batches, preset):
    def step(variables, batch):
        return train_step(variables, images[batch], labels[batch], preset)

    return jax.lax.scan(step, variables, batches)


@functools.partial(jax.jit, static_argnums=2)
def predict(variables, images, preset):
    return dnn(*variables, images, preset, training=False)[0]


def main():
    args = common.parse_args()
    preset, splits = common.PRESETS[args.preset], common.load(args.data)
    if preset.conv_filters:
        raise SystemExit("on a CPU JAX compiles by XLA alone, which is slow at convolutions")
    variables = make_variables(preset)
    images, labels = jax.device_put(tuple(splits.train))

    def train_epoch(batches):
        nonlocal variables
        result = scan_epoch(variables, images, labels, batches, preset)
        variables, _ = jax.block_until_ready(result)

    def accuracy(dataset):
        return common.hit_rate(predict(variables, dataset.images, preset), dataset.labels)

    results = common.run_epochs(splits, args.epochs, train_epoch, accuracy)
    common.report(results, jax=jax.__version__)


if __name__ == "__main__":
    main()

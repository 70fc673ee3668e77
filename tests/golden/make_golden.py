"""Make the golden values with genuine TensorFlow 1.15.5: what the port must agree with.

The graph follows the post op for op, because TensorFlow 1 derived the seed of each kernel from
the number of ops created before it. It shares no code with the package under test.

TensorFlow 1.15.5 runs on Python 3.7 and nothing newer:

    pip install 'tensorflow==1.15.5' 'protobuf<3.21'
    python tests/golden/make_golden.py --data mnist.npz --out tests/golden

`mnist.npz` is the usual archive of MNIST: x_train, y_train, x_test, y_test. README.md beside this
file tells what each written file holds.
"""

import argparse
import hashlib
import itertools
import json
import os
from collections import namedtuple
from functools import partial

import numpy as np
import tensorflow as tf

BATCH_NORM = dict(
    hidden_units=[300, 100],
    activation="elu",
    batch_norm=True,
    batch_norm_momentum=0.9,
    kernel_initializer="glorot_uniform",
    dropout_rate=0.0,
    loss_reduction="sum",
    optimizer="sgd",
    learning_rate=0.01,
    clip_value=None,
    clip_norm=None,
    clip_global_norm=None,
    batch_size=50,
    seed=42,
    shuffle_offset=5,
)
GRADIENT_CLIPPING = dict(
    BATCH_NORM,
    activation="relu",
    batch_norm=False,
    loss_reduction="mean",
    clip_value=1.0,
    shuffle_offset=1,
)
SMALL = dict(hidden_units=[16, 8])  # the size of the network in steps.npz

ACTIVATIONS = dict(
    elu=tf.nn.elu,
    relu=tf.nn.relu,
    selu=tf.nn.selu,
    leaky_relu=tf.nn.leaky_relu,
    tanh=tf.nn.tanh,
    sigmoid=tf.nn.sigmoid,
)
INITIALIZERS = dict(
    glorot_normal=tf.glorot_normal_initializer,
    he_uniform=tf.initializers.he_uniform,
    he_normal=tf.initializers.he_normal,
)
INITIALIZERS["normal:0.1"] = partial(tf.random_normal_initializer, stddev=0.1)
OPTIMIZERS = dict(
    sgd=tf.train.GradientDescentOptimizer,
    momentum=partial(tf.train.MomentumOptimizer, momentum=0.9),
    nesterov=partial(tf.train.MomentumOptimizer, momentum=0.9, use_nesterov=True),
    adagrad=tf.train.AdagradOptimizer,
    rmsprop=tf.train.RMSPropOptimizer,
    adam=tf.train.AdamOptimizer,
)

POLYNOMIAL = ("end_learning_rate", "power", "cycle")  # what polynomial_decay has defaults for

N_INPUTS, N_CLASSES, N_EXAMPLES = 20, 5, 203  # of the small data
SNAPSHOTS = (1, 10, 100)  # training steps after which variables are stored
N_RATES = 1500  # steps whose learning rates are stored
N_VALID = 5000  # the first images of MNIST's training set, as in the post

Graph = namedtuple(
    "Graph",
    "inputs labels training logits loss accuracy variables op_seeds train_op global_norm",
)


# The graph.


def build_graph(options, n_inputs, n_classes):
    """Builds the post's graph in the current default graph, in the post's order."""
    tf.set_random_seed(options["seed"])
    inputs = tf.placeholder(tf.float32, shape=[None, n_inputs], name="X")
    labels = tf.placeholder(tf.int32, shape=[None], name="labels")
    training = None
    if options["batch_norm"]:
        training = tf.placeholder_with_default(False, shape=[], name="training")
    with tf.name_scope("dnn"):
        logits = build_layers(inputs, training, n_classes, options)
    variables = tf.global_variables()  # before the optimizer adds its slots
    xentropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    loss = tf.reduce_mean(xentropy)
    # The gradients of the vector are those of its sum.
    target = xentropy if options["loss_reduction"] == "sum" else loss
    train_op, global_norm = build_train_op(target, options)
    correct = tf.nn.in_top_k(logits, labels, 1)
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    return Graph(
        inputs=inputs,
        labels=labels,
        training=training,
        logits=logits,
        loss=loss,
        accuracy=accuracy,
        variables=variables,
        op_seeds=kernel_op_seeds(),
        train_op=train_op,
        global_norm=global_norm,
    )


def build_layers(inputs, training, n_classes, options):
    """Returns the logits: [batch, n_inputs] -> [batch, n_classes]."""
    if "conv_filters" in options:
        inputs = build_convolutions(inputs, training, options)
    dense = with_initializer(tf.layers.dense, options)
    activation = ACTIVATIONS[options["activation"]]
    hidden = inputs
    if not options["batch_norm"]:
        for i, units in enumerate(options["hidden_units"], 1):
            hidden = dense(hidden, units, activation=activation, name="hidden%d" % i)
        return dense(hidden, n_classes, name="logits")
    batch_norm = partial(
        tf.layers.batch_normalization, training=training, momentum=options["batch_norm_momentum"]
    )
    for i, units in enumerate(options["hidden_units"], 1):
        hidden = activation(batch_norm(dense(hidden, units, name="hidden%d" % i)))
    return batch_norm(dense(hidden, n_classes, name="outputs"))


def build_convolutions(inputs, training, options):
    """Returns what the dense layers take: [batch, n_inputs] -> [batch, n_features]."""
    conv2d = with_initializer(tf.layers.conv2d, options)
    hidden = tf.reshape(inputs, [-1] + options["image_shape"])
    for i, filters in enumerate(options["conv_filters"], 1):
        size = options.get("kernel_size", 3)
        hidden = conv2d(hidden, filters, size, padding="same", name="conv%d" % i)
        if options["batch_norm"]:
            hidden = tf.layers.batch_normalization(
                hidden,
                training=training,
                momentum=options["batch_norm_momentum"],
                fused=None if options["fused_batch_norm"] else False,
            )
        hidden = ACTIVATIONS[options["activation"]](hidden)
        hidden = tf.layers.max_pooling2d(hidden, 2, 2)
    return tf.layers.flatten(hidden)


def with_initializer(layer, options):
    if options["kernel_initializer"] == "glorot_uniform":  # the default of tf.layers
        return layer
    return partial(layer, kernel_initializer=INITIALIZERS[options["kernel_initializer"]]())


def build_train_op(target, options):
    """Returns the train op and the global norm of the gradients before any clipping."""
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        rate, global_step = options["learning_rate"], None
        if "lr_decay" in options:
            global_step = tf.train.create_global_step()
            rate = decayed(options, global_step)
        optimizer = OPTIMIZERS[options["optimizer"]](rate)
        grads, variables = zip(*optimizer.compute_gradients(target))
        clipped = clip_gradients(grads, options)
        train_op = optimizer.apply_gradients(list(zip(clipped, variables)), global_step)
    return train_op, tf.global_norm(grads)


def decayed(options, step):
    """Returns the learning rate at a global step, a float32 scalar."""
    rate, steps = options["learning_rate"], options.get("lr_decay_steps")
    if options["lr_decay"] == "exponential":
        factor, staircase = options["lr_decay_rate"], options.get("staircase", False)
        return tf.train.exponential_decay(rate, step, steps, factor, staircase=staircase)
    if options["lr_decay"] == "polynomial":
        arguments = {name: options[name] for name in POLYNOMIAL if name in options}
        return tf.train.polynomial_decay(rate, step, steps, **arguments)
    return tf.train.piecewise_constant(step, options["lr_boundaries"], options["lr_values"])


def clip_gradients(grads, options):
    """Clips by value, by each gradient's norm or by the global norm; at most one is set."""
    if options["clip_value"] is not None:
        threshold = options["clip_value"]
        return [tf.clip_by_value(grad, -threshold, threshold) for grad in grads]
    if options["clip_norm"] is not None:
        return [tf.clip_by_norm(grad, options["clip_norm"]) for grad in grads]
    if options["clip_global_norm"] is not None:
        return tf.clip_by_global_norm(grads, options["clip_global_norm"])[0]
    return grads


def kernel_op_seeds():
    """Returns the op seeds TensorFlow gave the kernels' initializers, in order of creation."""
    ops = tf.get_default_graph().get_operations()
    types = ("RandomUniform", "TruncatedNormal", "RandomStandardNormal")
    return [int(op.get_attr("seed2")) for op in ops if op.type in types]


# Running it.


def batch_indices(n_examples, options):
    """Yields batches of indices for ever, epoch after epoch, as the post's shuffle_batch."""
    random = np.random.RandomState(options["seed"])
    for _ in range(options["shuffle_offset"]):
        random.permutation(n_examples)
    while True:
        order = random.permutation(n_examples)
        for indices in np.array_split(order, n_examples // options["batch_size"]):
            yield indices


def training_feed(graph, inputs, labels):
    feed = {graph.inputs: inputs, graph.labels: labels}
    if graph.training is not None:
        feed[graph.training] = True
    return feed


def values_by_name(session, graph):
    """Returns {variable's name: value}, without the optimizer's slots."""
    values = session.run(graph.variables)
    return {v.op.name: value for v, value in zip(graph.variables, values)}


# steps.npz and steps.json: every variable after 1, 10 and 100 steps on small data.


def small_data():
    """Returns inputs [203, 20] in [0, 1] and labels [203] that a network can learn."""
    random = np.random.RandomState(0)
    inputs = (random.randint(0, 256, size=(N_EXAMPLES, N_INPUTS)) / 255).astype(np.float32)
    scores = (inputs - 0.5).dot(random.normal(size=(N_INPUTS, N_CLASSES)))
    return inputs, scores.argmax(axis=1).astype(np.int32)


def step_cases():
    """Returns {name: options}; "plain" means neither batch norm nor clipping."""
    batch_norm = dict(BATCH_NORM, **SMALL)
    clipping = dict(GRADIENT_CLIPPING, **SMALL)
    mean = dict(batch_norm, loss_reduction="mean", learning_rate=0.05)
    plain = dict(clipping, clip_value=None, learning_rate=0.2)
    cases = {
        "batch_norm": batch_norm,
        "gradient_clipping": clipping,
        "gradient_clipping_tight": dict(clipping, clip_value=0.01, learning_rate=0.2),
        "batch_norm_clipping": dict(batch_norm, clip_value=1.0),
        "batch_norm_mean_clipping": dict(mean, clip_value=0.02),
        "batch_norm_batch_size_7": dict(batch_norm, batch_size=7),
        "batch_norm_batch_size_8": dict(batch_norm, batch_size=8),
        "batch_norm_momentum_0.99": dict(batch_norm, batch_norm_momentum=0.99),
        "batch_norm_seed_7": dict(batch_norm, seed=7),
        "gradient_clipping_seed_7": dict(clipping, seed=7),
        "plain_sum": dict(plain, loss_reduction="sum", learning_rate=0.004),
        "clip_norm": dict(plain, clip_norm=0.05),
        "clip_global_norm": dict(plain, clip_global_norm=0.1),
        "clip_norm_batch_norm": dict(batch_norm, clip_norm=1.0),
        "clip_global_norm_batch_norm": dict(batch_norm, clip_global_norm=2.0),
    }
    for name in OPTIMIZERS:
        rate = 0.005 if name in ("adam", "rmsprop") else 0.05
        changes = dict(optimizer=name, learning_rate=rate)
        cases["optimizer_%s_batch_norm" % name] = dict(mean, **changes)
        cases["optimizer_%s_plain" % name] = dict(plain, **changes)
    for option, values in varied_options().items():
        for value in values:
            label = "x".join(map(str, value)) if isinstance(value, list) else value
            suffix = "%s_%s" % (option.split("_")[-1], label)
            cases["%s_batch_norm" % suffix] = dict(batch_norm, **{option: value})
            cases["%s_plain" % suffix] = dict(plain, **{option: value})
    return cases


def varied_options():
    return dict(
        activation=list(ACTIVATIONS),
        kernel_initializer=list(INITIALIZERS),
        hidden_units=[[16], [16, 12, 10, 8]],
    )


def run_steps(options, inputs, labels):
    """Trains for 100 steps in a fresh session; returns ({key: array}, op seeds)."""
    arrays, losses, norms = {}, [], []
    with tf.Graph().as_default(), tf.Session() as session:
        graph = build_graph(options, inputs.shape[1], N_CLASSES)
        session.run(tf.global_variables_initializer())
        arrays.update(snapshot(session, graph, 0))
        steps = range(1, max(SNAPSHOTS) + 1)
        for step, indices in zip(steps, batch_indices(len(inputs), options)):
            feed = training_feed(graph, inputs[indices], labels[indices])
            _, loss, norm = session.run([graph.train_op, graph.loss, graph.global_norm], feed)
            losses.append(loss)
            norms.append(norm)
            if step in SNAPSHOTS:
                arrays.update(snapshot(session, graph, step))
    arrays.update(losses=np.array(losses), global_norms=np.array(norms))
    return arrays, graph.op_seeds


def snapshot(session, graph, step):
    values = values_by_name(session, graph)
    return {"%d/%s" % (step, name): value for name, value in values.items()}


def noise_variables(options):
    """Returns the variables whose values are rounding noise, not to be compared.

    Batch norm subtracts the bias of the layer before it, so the bias has a true gradient of zero.
    Adam scales the noise up to steps of visible size, and moving means follow the biases.
    """
    if not options["batch_norm"]:
        return []
    convolutions = range(1, len(options.get("conv_filters", [])) + 1)
    names = ["conv%d/bias" % i for i in convolutions]
    names += ["hidden%d/bias" % i for i in range(1, len(options["hidden_units"]) + 1)]
    names += ["outputs/bias"]
    if options["optimizer"] == "adam":
        suffixes = [""] + ["_%d" % i for i in range(1, len(names))]
        names += ["batch_normalization%s/moving_mean" % suffix for suffix in suffixes]
    return names


def make_steps(out):
    inputs, labels = small_data()
    arrays, cases = {"inputs": inputs, "labels": labels}, {}
    for name, options in step_cases().items():
        case_arrays, op_seeds = run_steps(options, inputs, labels)
        arrays.update({"%s/%s" % (name, key): array for key, array in case_arrays.items()})
        cases[name] = dict(
            options=options, op_seeds=op_seeds, noise_variables=noise_variables(options)
        )
    np.savez_compressed(os.path.join(out, "steps.npz"), **arrays)
    write_json(os.path.join(out, "steps.json"), snapshots=[0] + list(SNAPSHOTS), cases=cases)


# convolutions.npz and convolutions.json: the same of networks that begin with convolutions.


def small_pictures(image_shape):
    """Returns inputs [203, n] in [0, 1] and labels [203]: where a picture's bright square lies."""
    random = np.random.RandomState(0)
    labels = random.randint(0, N_CLASSES, size=N_EXAMPLES).astype(np.int32)
    pictures = random.randint(0, 128, size=[N_EXAMPLES] + image_shape)
    for picture, label in zip(pictures, labels):
        picture[label : label + 3, label : label + 3] += 127
    return (pictures / 255).astype(np.float32).reshape(N_EXAMPLES, -1), labels


def convolution_cases():
    """Returns {name: options}."""
    convolutional = dict(
        conv_filters=[4, 6], hidden_units=[8], image_shape=[8, 8, 1], fused_batch_norm=True
    )
    fused = dict(BATCH_NORM, **convolutional)
    plain = dict(GRADIENT_CLIPPING, learning_rate=0.1, **convolutional)
    mean = dict(fused, loss_reduction="mean", learning_rate=0.05)
    return {
        "fused": fused,
        "unfused": dict(fused, fused_batch_norm=False),
        "plain": plain,
        "fused_colour": dict(fused, image_shape=[9, 7, 3], kernel_size=5),
        "unfused_colour": dict(fused, fused_batch_norm=False, image_shape=[9, 7, 3], kernel_size=5),
        "plain_colour": dict(plain, image_shape=[9, 7, 3], kernel_size=2),
        "fused_momentum": dict(mean, optimizer="momentum", batch_norm_momentum=0.99),
        "fused_clip_global_norm": dict(mean, clip_global_norm=0.5, activation="tanh"),
        "fused_three_he": dict(
            mean, conv_filters=[4, 4, 6], kernel_initializer="he_normal", activation="leaky_relu"
        ),
        "unfused_one_adam": dict(
            mean,
            conv_filters=[5],
            fused_batch_norm=False,
            optimizer="adam",
            learning_rate=0.005,
            hidden_units=[],
        ),
        "plain_one_normal": dict(
            plain, conv_filters=[5], kernel_initializer="normal:0.1", activation="elu"
        ),
    }


def make_convolutions(out):
    arrays, cases = {}, {}
    for name, options in convolution_cases().items():
        inputs, labels = small_pictures(options["image_shape"])
        case_arrays, op_seeds = run_steps(options, inputs, labels)
        case_arrays.update(inputs=inputs, labels=labels)
        arrays.update({"%s/%s" % (name, key): array for key, array in case_arrays.items()})
        cases[name] = dict(
            options=options, op_seeds=op_seeds, noise_variables=noise_variables(options)
        )
    np.savez_compressed(os.path.join(out, "convolutions.npz"), **arrays)
    path = os.path.join(out, "convolutions.json")
    write_json(path, snapshots=[0] + list(SNAPSHOTS), cases=cases)


# decays.npz and decays.json: learning rates by the global step, and training with them.


def decay_cases():
    """Returns {name: options}; the decays go on within the 100 steps of training."""
    exponential = dict(lr_decay="exponential", lr_decay_steps=49, lr_decay_rate=0.5)
    polynomial = dict(lr_decay="polynomial", lr_decay_steps=60)
    decays = {
        "exponential": exponential,
        "exponential_staircase": dict(exponential, staircase=True, lr_decay_steps=41),
        "exponential_slow": dict(exponential, lr_decay_steps=1000, lr_decay_rate=0.96),
        "exponential_growth": dict(exponential, lr_decay_rate=1.5, lr_decay_steps=100),
        "polynomial": polynomial,
        "polynomial_root": dict(polynomial, lr_decay_steps=41, power=0.5, end_learning_rate=0.0),
        "polynomial_square_cycle": dict(
            polynomial, lr_decay_steps=37, power=2.0, end_learning_rate=0.001, cycle=True
        ),
        "piecewise_constant": dict(
            lr_decay="piecewise_constant",
            lr_boundaries=[30, 31, 70],
            lr_values=[0.1, 1.0, 0.01, 0.2],
        ),
        "piecewise_constant_two": dict(
            lr_decay="piecewise_constant", lr_boundaries=[0], lr_values=[0.01, 0.2]
        ),
    }
    plain = dict(GRADIENT_CLIPPING, clip_value=None, learning_rate=0.2, **SMALL)
    return {name: dict(plain, **decay) for name, decay in decays.items()}


def make_decays(out):
    inputs, labels = small_data()
    arrays = {"inputs": inputs, "labels": labels}
    cases = decay_cases()
    for name, options in cases.items():
        with tf.Graph().as_default(), tf.Session() as session:
            step = tf.placeholder(tf.int64, [])
            rate = decayed(options, step)
            rates = [session.run(rate, {step: i}) for i in range(N_RATES)]
        arrays[name + "/rates"] = np.array(rates)
        case_arrays, _ = run_steps(options, inputs, labels)
        kept = {k: v for k, v in case_arrays.items() if k.startswith("100/") or k == "losses"}
        arrays.update({"%s/%s" % (name, key): array for key, array in kept.items()})
    np.savez_compressed(os.path.join(out, "decays.npz"), **arrays)
    write_json(os.path.join(out, "decays.json"), cases=cases)


# initial_weights.json: what the full-size network starts from.


def initial_weight_cases():
    """Returns a list of options."""
    presets = [BATCH_NORM, GRADIENT_CLIPPING]
    depths = [[50], [300, 100, 50], [100, 100, 100, 100]]
    cases = [dict(p, seed=seed) for p in presets for seed in (42, 0, 7)]
    cases += [dict(p, hidden_units=depth) for p in presets for depth in depths]
    cases += [dict(p, kernel_initializer=name) for p in presets for name in INITIALIZERS]
    return cases


def make_initial_weights(out):
    entries = []
    for options in initial_weight_cases():
        with tf.Graph().as_default(), tf.Session() as session:
            graph = build_graph(options, 784, 10)
            session.run(tf.global_variables_initializer())
            values = values_by_name(session, graph)
        kernels = {name: value for name, value in values.items() if name.endswith("kernel")}
        entries.append(
            dict(
                options=options,
                op_seeds=graph.op_seeds,
                sha256={name: float32_sha256(value) for name, value in values.items()},
                first_values={name: value.flat[:4].tolist() for name, value in kernels.items()},
            )
        )
    write_json(os.path.join(out, "initial_weights.json"), entries=entries)


def float32_sha256(value):
    return hashlib.sha256(np.ascontiguousarray(value, dtype="<f4").tobytes()).hexdigest()


# curves.json and checkpoint/: whole epochs on MNIST.


def load_mnist(path):
    """Returns {"train" | "valid" | "test": (inputs, labels)}."""
    with np.load(path) as archive:
        inputs, labels = as_examples(archive["x_train"], archive["y_train"])
        test = as_examples(archive["x_test"], archive["y_test"])
    return dict(
        train=(inputs[N_VALID:], labels[N_VALID:]),
        valid=(inputs[:N_VALID], labels[:N_VALID]),
        test=test,
    )


def as_examples(images, labels):
    inputs = images.astype(np.float32).reshape(len(images), -1) / 255.0
    return inputs, labels.astype(np.int32)


def evaluate(session, graph, examples):
    """Returns (accuracy, mean loss) with batch norm in inference mode."""
    accuracy, loss = session.run(
        [graph.accuracy, graph.loss], {graph.inputs: examples[0], graph.labels: examples[1]}
    )
    return round(float(accuracy), 4), round(float(loss), 6)


def train_mnist(options, n_epochs, mnist, save=None):
    """Trains on MNIST in a fresh session; returns the curve, and saves the variables if asked."""
    inputs, labels = mnist["train"]
    n_batches = len(inputs) // options["batch_size"]
    batches = batch_indices(len(inputs), options)
    valid = []
    with tf.Graph().as_default(), tf.Session() as session:
        graph = build_graph(options, 784, 10)
        session.run(tf.global_variables_initializer())
        for _ in range(n_epochs):
            for indices in itertools.islice(batches, n_batches):
                session.run(graph.train_op, training_feed(graph, inputs[indices], labels[indices]))
            valid.append(evaluate(session, graph, mnist["valid"]))
        test_accuracy, _ = evaluate(session, graph, mnist["test"])
        if save is not None:
            tf.train.Saver().save(session, save, write_meta_graph=False, write_state=False)
    return dict(
        valid_accuracy=[accuracy for accuracy, _ in valid],
        valid_loss=[loss for _, loss in valid],
        test_accuracy=test_accuracy,
    )


def curve_cases():
    """Returns {name: (options, n_epochs)}."""
    cases = {
        "batch_norm": (BATCH_NORM, 5),
        "batch_norm_offset_0": (dict(BATCH_NORM, shuffle_offset=0), 5),
        "gradient_clipping": (GRADIENT_CLIPPING, 5),
        "gradient_clipping_offset_0": (dict(GRADIENT_CLIPPING, shuffle_offset=0), 5),
    }
    cases.update({name: (options, 2) for name, options in other_curve_options().items()})
    return cases


def other_curve_options():
    """Returns {name: options}, at rates low enough for rounding not to grow over two epochs."""
    batch_norm = dict(BATCH_NORM, shuffle_offset=0)
    clipping = dict(GRADIENT_CLIPPING, shuffle_offset=0)
    return {
        "batch_norm_seed_7_momentum_0.99": dict(batch_norm, seed=7, batch_norm_momentum=0.99),
        "batch_norm_one_layer_selu": dict(
            batch_norm, hidden_units=[100], activation="selu", learning_rate=0.001
        ),
        "batch_norm_three_layers_tanh_batch_100": dict(
            batch_norm, hidden_units=[300, 100, 50], activation="tanh", batch_size=100
        ),
        "batch_norm_batch_64_leaky_relu": dict(
            batch_norm, batch_size=64, activation="leaky_relu", learning_rate=0.0002
        ),
        "batch_norm_mean_loss": dict(batch_norm, loss_reduction="mean", learning_rate=0.1),
        "batch_norm_clip_0.1": dict(batch_norm, clip_value=0.1, seed=0),
        "batch_norm_sigmoid_mean_clip_0.01": dict(
            batch_norm,
            activation="sigmoid",
            loss_reduction="mean",
            clip_value=0.01,
            learning_rate=0.1,
        ),
        "clip_0.1_seed_0": dict(clipping, clip_value=0.1, seed=0),
        "clip_0.01_seed_7_batch_64": dict(clipping, clip_value=0.01, seed=7, batch_size=64),
        "clipping_three_layers_selu": dict(
            clipping, hidden_units=[300, 100, 50], activation="selu"
        ),
        "clipping_one_layer_tanh_batch_100": dict(
            clipping, hidden_units=[50], activation="tanh", batch_size=100, learning_rate=0.1
        ),
        "clipping_leaky_relu": dict(clipping, activation="leaky_relu"),
    }


def make_curves(out, mnist):
    curves = {}
    for name, (options, n_epochs) in curve_cases().items():
        curve = train_mnist(options, n_epochs, mnist)
        curves[name] = dict(options=options, n_epochs=n_epochs, **curve)
    write_json(os.path.join(out, "curves.json"), curves=curves)


def make_checkpoint(out, mnist):
    """Saves the batch-norm run after five epochs; records what the saved variables yield."""
    folder = os.path.join(out, "checkpoint")
    os.makedirs(folder, exist_ok=True)
    prefix = os.path.join(folder, "batch_norm")
    train_mnist(BATCH_NORM, 5, mnist, save=prefix)
    describe_checkpoint(prefix, folder, mnist)


def describe_checkpoint(prefix, folder, mnist):
    """Restores the checkpoint into a fresh graph and writes expected.json and logits.npz."""
    images = np.random.RandomState(1).randint(0, 256, size=(32, 784)).astype(np.uint8)
    inputs = images.astype(np.float32) / 255.0
    with tf.Graph().as_default(), tf.Session() as session:
        graph = build_graph(BATCH_NORM, 784, 10)
        tf.train.Saver().restore(session, prefix)
        valid_accuracy, valid_loss = evaluate(session, graph, mnist["valid"])
        test_accuracy, test_loss = evaluate(session, graph, mnist["test"])
        logits = session.run(graph.logits, {graph.inputs: inputs})
    np.savez_compressed(os.path.join(folder, "logits.npz"), images=images, logits=logits)
    write_json(
        os.path.join(folder, "expected.json"),
        options=BATCH_NORM,
        n_epochs=5,
        valid_accuracy=valid_accuracy,
        valid_loss=valid_loss,
        test_accuracy=test_accuracy,
        test_loss=test_loss,
    )


# The command.


def write_json(path, **content):
    versions = dict(tensorflow=tf.__version__, numpy=np.__version__)
    with open(path, "w") as file:
        json.dump(dict(versions, **content), file, indent=1)
        file.write("\n")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="MNIST as npz")
    parser.add_argument("--out", required=True, help="folder to write to")
    parts = ["steps", "convolutions", "decays", "initial_weights", "curves", "checkpoint"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, metavar="PART")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    tf.logging.set_verbosity(tf.logging.ERROR)
    os.makedirs(arguments.out, exist_ok=True)
    if "steps" in arguments.only:
        make_steps(arguments.out)
    if "convolutions" in arguments.only:
        make_convolutions(arguments.out)
    if "decays" in arguments.only:
        make_decays(arguments.out)
    if "initial_weights" in arguments.only:
        make_initial_weights(arguments.out)
    if "curves" in arguments.only:
        make_curves(arguments.out, load_mnist(arguments.data))
    if "checkpoint" in arguments.only:
        make_checkpoint(arguments.out, load_mnist(arguments.data))


if __name__ == "__main__":
    main()

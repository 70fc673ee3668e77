"""The port against genuine TensorFlow 1.15.5: weights, steps, curves and a checkpoint."""

import hashlib
import itertools
import json
import re

import numpy as np
import pytest
from conftest import GOLDEN

from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, Config, Execution
from tf1_dnn.data import Dataset, batch_indices, shuffle_state
from tf1_dnn.graph import build_graph, layers, network
from tf1_dnn.graph.learning_rate import rate_at
from tf1_dnn.training import compiled_epoch, evaluation, loops, trainer


def read_json(name):
    return json.loads((GOLDEN / name).read_text())


def make_config(options):
    return Config(**{k: v for k, v in options.items() if k in Config.__dataclass_fields__})


def variables_of(spec):
    """The network's variables, moving averages included, optimizer slots left out."""
    trainable = spec.graph.get_collection("trainable_variables")
    moving = [v for v in spec.graph.get_collection("variables") if "/moving_" in v.op.name]
    return {v.op.name: v for v in trainable + moving}


WEIGHTS = read_json("initial_weights.json")
STEPS = read_json("steps.json")
CONVOLUTIONS = read_json("convolutions.json")["cases"]
DECAYS = read_json("decays.json")["cases"]
CURVES = read_json("curves.json")


def read_arrays(name):
    with np.load(GOLDEN / name) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def small():
    return read_arrays("steps.npz")


@pytest.fixture(scope="module")
def decays():
    return read_arrays("decays.npz")


def initial_digests(entry):
    """The digest of every variable that a graph of these options starts from."""
    spec = build_graph(make_config(entry["options"]), 784, 10)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        values = session.run(variables_of(spec))
    return {k: hashlib.sha256(v.astype("<f4").tobytes()).hexdigest() for k, v in values.items()}


@pytest.mark.parametrize(
    "entry", WEIGHTS["entries"], ids=lambda entry: "-".join(map(str, entry["op_seeds"]))
)
def test_initial_weights_are_tensorflow_1s_bit_for_bit(entry):
    assert initial_digests(entry) == entry["sha256"]


def test_without_the_op_seeds_the_weights_are_others(monkeypatch):
    monkeypatch.setattr(layers, "op_seed", lambda config, index: None)
    entry = WEIGHTS["entries"][0]
    found = initial_digests(entry)
    others = {name for name in found if found[name] != entry["sha256"][name]}
    assert others == {"hidden1/kernel", "hidden2/kernel", "outputs/kernel"}  # the rest is 0 and 1


def hundred_batches(config):
    state = shuffle_state(config.seed, config.shuffle_offset, 203)
    epochs = (batch_indices(203, config.batch_size, state) for _ in range(100))
    return list(itertools.islice(itertools.chain.from_iterable(epochs), 100))


def follow(case_name, small, execution):
    """Train a case for 100 steps: its variables after 1, 10 and 100, and every step's metrics."""
    case = STEPS["cases"][case_name]
    spec = build_graph(make_config(case["options"]), 20, 5)
    dataset = Dataset(small["inputs"], small["labels"])
    follow_steps(spec, dataset, case_name, case, small, execution, (2e-5, 1e-5, 1e-5), 1e-5)


def follow_steps(spec, dataset, case_name, case, golden, execution, rtols, metrics_rtol):
    """Hold 100 steps of a graph against a case; `rtols` are of variables after 1, 10 and 100."""
    batches = hundred_batches(spec.config)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        names = ("loss", "global_norm")
        loop = loops.make_loop(session, spec, dataset, execution, metrics=names)
        parts = []
        # A compiled loop is compiled anew for each number of steps: it runs them all at once.
        stops = [0, 100] if execution.loop == "epoch" and execution.xla else [0, 1, 10, 100]
        for start, end in zip(stops, stops[1:]):
            parts.append(loop.run_epoch(batches[start:end]))
            # After one step betas and moving means are still near zero: sums that cancel.
            values = session.run(variables_of(spec))
            rtol = dict(zip((1, 10, 100), rtols))[end]
            agree(values, golden, f"{case_name}/{end}", case, rtol=rtol)
    loss, norm = (np.concatenate([part[name] for part in parts]) for name in names)
    np.testing.assert_allclose(loss, golden[f"{case_name}/losses"], rtol=metrics_rtol)
    np.testing.assert_allclose(norm, golden[f"{case_name}/global_norms"], rtol=2 * metrics_rtol)


def slow_where(pattern, names):
    """The names as parameters, marked slow where the pattern is found in them."""
    marks = {True: [pytest.mark.slow], False: []}
    return [pytest.param(name, marks=marks[bool(re.search(pattern, name))]) for name in names]


# Batch norm makes graphs, and XLA's compilations, several times as large.
MANY = "(activation|initializer|optimizer|units).*_batch_norm"


@pytest.mark.parametrize("name", slow_where(MANY, STEPS["cases"]))
def test_a_hundred_steps_follow_tensorflow_1(name, small):
    follow(name, small, Execution(loop="step"))


# Every optimizer and kind of clipping, both presets, a batch size that does not divide.
COMPILED = [
    name
    for name in STEPS["cases"]
    if re.match("optimizer.*norm|gradient_clipping_tight|clip.*batch_norm|.*size_8", name)
]


@pytest.mark.parametrize("name", slow_where("batch_norm", COMPILED))
def test_a_hundred_compiled_steps_follow_tensorflow_1(name, small):
    follow(name, small, Execution(loop="epoch"))


@pytest.fixture(scope="module")
def convolved():
    return read_arrays("convolutions.npz")


def convolution(name, arrays):
    """The graph of a case, and its data."""
    options, inputs = CONVOLUTIONS[name]["options"], arrays[f"{name}/inputs"]
    spec = build_graph(make_config(options), inputs.shape[1], 5, image_shape=options["image_shape"])
    return spec, Dataset(inputs, arrays[f"{name}/labels"])


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_start_from_tensorflow_1s_weights_bit_for_bit(name, convolved):
    spec, _ = convolution(name, convolved)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        for variable, value in session.run(variables_of(spec)).items():
            np.testing.assert_array_equal(value, convolved[f"{name}/0/{variable}"], variable)
    seeds = [layers.op_seed(spec.config, i) for i in range(len(network.layer_names(spec.config)))]
    assert seeds == CONVOLUTIONS[name]["op_seeds"]


# Both loops take the same kernels: on a CPU the epoch loop goes uncompiled.
UNCOMPILED = [Execution(loop="step"), Execution(loop="epoch", xla=False)]


@pytest.mark.parametrize("execution", UNCOMPILED, ids=["step", "epoch"])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_hundred_steps_of_convolutions_follow_tensorflow_1(name, execution, convolved):
    spec, dataset = convolution(name, convolved)
    case = CONVOLUTIONS[name]
    follow_steps(spec, dataset, name, case, convolved, execution, (5e-5, 5e-5, 5e-5), 2e-4)


def rates_in_graph(config, n_steps):
    """The learning rate at every global step, as a graph of single steps asks for it."""
    with tf.Graph().as_default(), tf.Session() as session:
        step = tf.placeholder(tf.int64, [])
        rate = rate_at(config, step)
        return np.array([session.run(rate, {step: i}) for i in range(n_steps)])


def rates_in_loop(config, n_steps):
    """The same as the epoch loop computes them, in two calls."""
    spec = build_graph(config, 20, 5)
    half = n_steps // 2
    with spec.graph.as_default(), tf.Session() as session:
        session.run(spec.init)
        rates = compiled_epoch.scheduled_rates(spec, tf.zeros([half, 1], tf.int32))
        first = session.run(rates)
        spec.global_step.load(half, session)
        return np.concatenate([first, session.run(rates)])


@pytest.mark.parametrize("name", DECAYS)
def test_decayed_learning_rates_are_tensorflow_1s_bit_for_bit(name, decays):
    config, golden = make_config(DECAYS[name]), decays[f"{name}/rates"]
    assert len(set(golden)) > 1
    np.testing.assert_array_equal(rates_in_graph(config, len(golden)), golden)
    np.testing.assert_array_equal(rates_in_loop(config, len(golden)), golden)


def test_many_rates_at_once_would_have_other_bits(decays):
    """The negative control, and the reason why the loop computes them one by one."""
    golden = decays["exponential_slow/rates"]
    with tf.Graph().as_default(), tf.Session() as session:
        steps = tf.range(tf.cast(len(golden), tf.int64))
        found = session.run(rate_at(make_config(DECAYS["exponential_slow"]), steps))
    np.testing.assert_allclose(found, golden, rtol=1e-6)
    assert (found != golden).any()


def hundred_decayed_steps(name, loop, decays):
    """The losses of a hundred steps, and the variables after them."""
    spec = build_graph(make_config(DECAYS[name]), 20, 5)
    dataset = Dataset(decays["inputs"], decays["labels"])
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        steps = loops.make_loop(session, spec, dataset, Execution(loop=loop))
        losses = steps.run_epoch(hundred_batches(spec.config))["loss"]
        return losses, session.run(variables_of(spec))


@pytest.mark.parametrize("loop", ["step", pytest.param("epoch", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", DECAYS)
def test_a_hundred_steps_with_decay_follow_tensorflow_1(name, loop, decays):
    losses, values = hundred_decayed_steps(name, loop, decays)
    np.testing.assert_allclose(losses, decays[f"{name}/losses"], rtol=1e-5)
    agree(values, decays, f"{name}/100", dict(noise_variables=[]), rtol=1e-5)


def agree(values, golden, prefix, case, rtol):
    """Each variable within rtol of its largest value, save those that hold rounding noise."""
    for variable in set(values) - set(case["noise_variables"]):
        expected = golden[f"{prefix}/{variable}"]
        error = np.abs(values[variable] - expected).max() / np.abs(expected).max()
        assert error < rtol, (prefix, variable, error)


@pytest.fixture(scope="module")
def restored():
    """A session on the batch-norm graph with the variables of TensorFlow 1.15.5's checkpoint."""
    spec = build_graph(PRESETS["batch_norm"], 784, 10)
    with spec.graph.as_default(), tf.Session() as session:
        tf.train.Saver(variables_of(spec)).restore(session, str(GOLDEN / "checkpoint/batch_norm"))
        yield session, spec


def test_a_tensorflow_1_checkpoint_gives_its_logits(restored):
    session, spec = restored
    with np.load(GOLDEN / "checkpoint/logits.npz") as golden:
        inputs = Dataset(golden["images"], np.zeros(32, np.int32)).inputs()
        logits = session.run(spec.tower.network.logits, {spec.placeholders.inputs: inputs})
        np.testing.assert_allclose(logits, golden["logits"], rtol=1e-5, atol=2e-5)


def test_a_tensorflow_1_checkpoint_gives_its_accuracy_on_mnist(restored, mnist):
    expected = read_json("checkpoint/expected.json")
    valid, test = (evaluation.evaluate(*restored, dataset) for dataset in (mnist.valid, mnist.test))
    assert [valid[0], test[0]] == [expected["valid_accuracy"], expected["test_accuracy"]]
    np.testing.assert_allclose(
        [valid[1], test[1]], [expected["valid_loss"], expected["test_loss"]], rtol=1e-5
    )


KINKED = ("relu", "leaky_relu", "selu")  # their curves move by images with the order of a sum


# Seeds, momenta, depths, batch sizes, activations; test_train.py runs the presets.
ON_MNIST = [
    "batch_norm_seed_7_momentum_0.99",
    "batch_norm_batch_64_leaky_relu",
    "clipping_three_layers_selu",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_MNIST)
def test_curves_on_mnist_are_tensorflow_1s(name, mnist):
    curve = CURVES["curves"][name]
    config = make_config(curve["options"]).replace(n_epochs=curve["n_epochs"])
    history = trainer.train(config, mnist)
    tolerance = (6e-4 if config.activation in KINKED else 0) + 1e-9
    accuracies = [epoch.valid_accuracy for epoch in history.epochs]
    assert accuracies == pytest.approx(curve["valid_accuracy"], abs=tolerance)
    assert history.test.test_accuracy == pytest.approx(curve["test_accuracy"], abs=tolerance)


def test_the_references_hold_the_published_curves():
    curves = CURVES["curves"]
    assert tuple(curves["batch_norm"]["valid_accuracy"]) == PUBLISHED_CURVES["batch_norm"]
    clipping = curves["gradient_clipping"]["valid_accuracy"]
    assert clipping == pytest.approx(PUBLISHED_CURVES["gradient_clipping"], abs=4e-4 + 1e-9)

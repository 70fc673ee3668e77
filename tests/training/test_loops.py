"""The two loops: same steps, same metrics; streaming, uneven batches, and what falls back."""

import functools
import logging

import numpy as np
import pytest
from conftest import small_splits

from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution
from tf1_dnn.data import batch_indices, shuffle_state
from tf1_dnn.graph import STEP_METRICS, build_graph, layers
from tf1_dnn.training import compiled_epoch, loops

CONFIG = Config(hidden_units=(16, 8), batch_size=29, clip_value=0.5)  # 203 examples: 7 batches
STEP = Execution(loop="step")
slow = functools.partial(pytest.param, marks=pytest.mark.slow)


def run(config, splits, execution=Execution(), n_epochs=2):
    """Metrics of every step and the variables after the last."""
    spec = build_graph(config, splits.n_inputs, splits.n_outputs)
    state = shuffle_state(config.seed, 0, splits.train.n_examples)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        names = STEP_METRICS
        loop = loops.make_loop(session, spec, splits.train, execution, metrics=names)
        epochs = [
            loop.run_epoch(batch_indices(splits.train.n_examples, config.batch_size, state))
            for _ in range(n_epochs)
        ]
        variables = session.run({v.op.name: v for v in spec.graph.get_collection("variables")})
    metrics = {name: np.concatenate([epoch[name] for epoch in epochs]) for name in names}
    return metrics, variables, loop


@functools.cache
def run_resident(config):
    """The epoch loop's run, which several tests hold others against; compiling takes seconds."""
    return run(config, small_splits())


def assert_same(one, other, **tolerance):
    for ours, theirs in zip(one[:2], other[:2]):
        for name in ours:
            np.testing.assert_allclose(ours[name], theirs[name], err_msg=name, **tolerance)


CLOSE = dict(rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG.replace(batch_size=20),  # 10 batches, three of 21 and seven of 20
        CONFIG.replace(dropout_rate=0.3, batch_norm=False, activation="relu"),
        slow(CONFIG.replace(clip_norm=0.5, optimizer="adam", batch_norm=False)),
        slow(CONFIG.replace(clip_global_norm=0.5, optimizer="nesterov", batch_norm=False)),
    ],
    ids=["batch norm", "dropout", "adam", "nesterov"],
)
def test_both_loops_run_the_same_steps(splits, config):
    by_step, by_epoch = run(config, splits, STEP), run_resident(config)
    n_steps = 2 * (203 // config.batch_size)
    assert by_epoch[1]["global_step"] == len(by_epoch[0]["loss"]) == n_steps
    assert_same(by_step, by_epoch, **CLOSE)


@pytest.mark.slow
def test_streaming_and_shorter_calls_change_no_bit(splits, monkeypatch):
    config = CONFIG.replace(batch_size=20)
    resident = run_resident(config)
    assert resident[2].is_resident
    streamed = run(config, splits, Execution(max_resident_bytes=2000))  # 3 or 4 batches
    assert not streamed[2].is_resident
    assert_same(resident, streamed, rtol=0)
    monkeypatch.setattr(loops, "MAX_STEPS_PER_CALL", 3)
    assert_same(resident, run(config, splits), rtol=0)


@pytest.mark.slow
def test_a_bound_below_one_batch_still_trains(splits):
    # XLA compiles a loop over one step differently, hence a tolerance.
    one_step_a_call = run(CONFIG, splits, Execution(max_resident_bytes=1))
    assert_same(run_resident(CONFIG), one_step_a_call, **CLOSE)


@pytest.mark.slow
def test_the_uncompiled_loop(splits):
    uncompiled = run(CONFIG, splits, Execution(xla=False))
    assert_same(run_resident(CONFIG), uncompiled, **CLOSE)
    streamed = run(CONFIG, splits, Execution(xla=False, max_resident_bytes=2000))
    assert not streamed[2].is_resident
    assert_same(uncompiled, streamed, rtol=0)


@pytest.mark.slow
def test_float_images_are_used_as_they_are(splits):
    floats = splits._replace(train=splits.train._replace(images=splits.train.inputs()))
    assert_same(run_resident(CONFIG), run(CONFIG, floats), rtol=0)


def compiled(function, *arguments):
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(tf.function(function, jit_compile=True)(*map(tf.constant, arguments)))


def test_compiled_division_gives_numpys_bits():
    images = np.arange(256, dtype=np.uint8)
    expected = images.astype(np.float32) / 255.0
    np.testing.assert_array_equal(
        compiled(compiled_epoch.scaled, images, np.float32(255)), expected
    )
    # The negative control, and the reason why the scale is an argument:
    by_constant = compiled(lambda x: compiled_epoch.scaled(x, tf.constant(255.0)), images)
    assert (by_constant != expected).sum() == 126


@pytest.mark.parametrize("execution", [STEP, Execution(xla=False)], ids=["step", "epoch"])
def test_gradients_are_looked_at_every_so_many_steps(splits, execution):
    def metrics(every):
        spec = build_graph(CONFIG, splits.n_inputs, splits.n_outputs)
        batches = batch_indices(203, 29, shuffle_state(0, 0, 203))
        with tf.Session(graph=spec.graph) as session:
            session.run(spec.init)
            loop = loops.make_loop(
                session, spec, splits.train, execution, metrics=STEP_METRICS, metrics_every=every
            )
            return loop.run_epoch(batches)

    always, sometimes = metrics(1), metrics(3)
    for name in STEP_METRICS:
        assert np.isfinite(always[name]).all()
    for name in ("loss", "accuracy"):
        np.testing.assert_array_equal(sometimes[name], always[name])
    for name in ("global_norm", "clipped_fraction"):
        expected = np.where(np.arange(7) % 3 == 0, always[name], np.nan)
        np.testing.assert_allclose(sometimes[name], expected, rtol=1e-6)


def test_an_op_that_xla_lacks_falls_back_and_says_so_once(splits, monkeypatch, caplog):
    def elu_by_way_of_strings(x):
        length = tf.strings.length(tf.as_string(tf.stop_gradient(x)))
        return tf.nn.elu(x) + 0.0 * tf.cast(length, tf.float32)

    by_step = run(CONFIG, splits, STEP)
    monkeypatch.setitem(layers.ACTIVATIONS, "elu", elu_by_way_of_strings)
    with caplog.at_level(logging.WARNING, "tf1_dnn"):
        fallen_back = run(CONFIG, splits)
    assert len(caplog.records) == 1 and "XLA cannot compile, going on uncompiled" in caplog.text
    assert not fallen_back[2].xla
    assert_same(by_step, fallen_back, **CLOSE)


@pytest.mark.slow
def test_no_memory_for_the_data_set_streams_it_and_says_so(splits, monkeypatch, caplog):
    class Session(tf.Session):
        def run(self, fetches, feed_dict=None):
            if getattr(fetches, "name", "").startswith("epoch/load"):
                raise tf.errors.ResourceExhaustedError(None, None, "OOM")
            return super().run(fetches, feed_dict)

    resident = run_resident(CONFIG)
    monkeypatch.setattr(tf, "Session", Session)
    with caplog.at_level(logging.WARNING, "tf1_dnn"):
        streamed = run(CONFIG, splits)
    assert caplog.messages == ["the device has no memory for the data set: streaming it"]
    assert_same(resident, streamed, rtol=0)


def test_resident_data_are_not_among_the_models_variables():
    splits = small_splits()
    spec = build_graph(CONFIG, splits.n_inputs, splits.n_outputs)
    before = [v.op.name for v in spec.graph.get_collection("variables")]
    compiled_epoch.build_epoch_graph(spec, splits.train, xla=False)
    assert [v.op.name for v in spec.graph.get_collection("variables")] == before

"""Runs of a network with convolutions: the loop that serves it, its statistics, its export."""

import numpy as np
import pytest
from conftest import find_mnist, small_splits
from run_ends import end_of

from tf1_dnn import evaluate, export
from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, Config, Execution
from tf1_dnn.graph import build_graph
from tf1_dnn.runs import restore, saved_model
from tf1_dnn.training import loops, population, trainer

pytestmark = pytest.mark.usefixtures("no_plots")

SMALL = Config(conv_filters=(4, 6), hidden_units=(8,), batch_size=20, n_epochs=2)
STEP = Execution(loop="step")
SAID = "XLA is slow at convolutions on a CPU: the epoch loop runs uncompiled"


def colour_splits():
    """203 small pictures in colour, 40 to validate, 60 to test, of five classes."""
    splits = small_splits(n_inputs=9 * 7 * 3)

    def shaped(dataset):
        return dataset._replace(images=dataset.images.reshape(-1, 9, 7, 3))

    train, valid, test = map(shaped, (splits.train, splits.valid, splits.test))
    return splits._replace(train=train, valid=valid, test=test)


def loop_of(config, execution, own=None):
    model = build_graph(config, 189, 5, image_shape=(9, 7, 3), own=own)
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        return loops.make_loop(session, model, colour_splits().train, execution)


def own_convolution(inputs, n_outputs):
    pictures = tf.reshape(inputs, [-1, 9, 7, 3])
    h = tf.layers.flatten(tf.layers.conv2d(pictures, 4, 3, activation=tf.nn.relu))
    return tf.layers.dense(h, n_outputs)


@pytest.mark.parametrize("own", [None, own_convolution], ids=["config", "own"])
def test_the_epoch_loop_of_a_convolution_goes_uncompiled_and_says_so_once(own, caplog):
    assert loop_of(SMALL, Execution(), own).xla is tf.test.is_gpu_available()
    assert [record.message for record in caplog.records].count(SAID) == 1


@pytest.mark.parametrize("config", [SMALL.replace(conv_filters=()), SMALL], ids=["dense", "asked"])
def test_nothing_is_said_of_other_loops(config, caplog):
    """Of dense layers, which compile, and of a loop that was asked for uncompiled."""
    loop = loop_of(config, Execution(xla=not config.conv_filters))
    assert loop.xla is (not config.conv_filters)
    assert not caplog.records


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("convolution")
    trainer.train(SMALL, colour_splits(), run_dir=folder / "run")
    return folder


def test_both_loops_and_a_resumed_run_end_the_same(kept, tmp_path):
    for n_epochs in (1, 2):
        config = SMALL.replace(n_epochs=n_epochs)
        trainer.train(
            config, colour_splits(), execution=STEP, run_dir=tmp_path / "step", resume=True
        )
    assert end_of(tmp_path / "step") == end_of(kept / "run")


def test_folded_into_the_kernels_the_outputs_stay(kept, tmp_path):
    inputs = colour_splits().test.inputs()
    found = {}
    for fold in (False, True):
        export.export(kept / "run", tmp_path / str(fold), fold=fold)
        with saved_model.restored(tmp_path / str(fold)) as (session, inference):
            found[fold] = session.run(inference.probabilities, {inference.images: inputs})
            names = {v.op.name for v in inference.graph.get_collection("variables")}
        has_norm = any(name.startswith("batch_norm") for name in names)
        assert has_norm is not fold and "conv1/kernel" in names
    np.testing.assert_allclose(found[True], found[False], rtol=0, atol=1e-5)
    with restore.restored(kept / "run") as run:
        logits = run.session.run(
            run.model.tower.network.logits, {run.model.placeholders.inputs: inputs}
        )
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(found[False], exp / exp.sum(axis=1, keepdims=True), atol=1e-6)


def test_population_statistics_are_over_examples_and_pixels(kept):
    splits = colour_splits()
    with restore.restored(kept / "run") as run:
        found = population.population_statistics(run.session, run.model, splits.train)
        state = np.random.RandomState(SMALL.seed)
        batches = np.array_split(state.permutation(203), 203 // 20)
        stages = run.model.tower.network.hidden[0].pre_activation
        parts = []
        for batch in batches:
            feed_dict = run.model.placeholders.feed_dict(
                splits.train.examples(batch), training=True
            )
            rows = run.session.run(stages, feed_dict).reshape(-1, 4)
            parts.append((rows.mean(axis=0), rows.var(axis=0, ddof=1)))  # fused: over n − 1
    for name, expected in zip(("moving_mean", "moving_variance"), np.mean(parts, axis=0)):
        np.testing.assert_allclose(found[f"batch_normalization/{name}"], expected, rtol=1e-5)
    moving = evaluate.evaluate(kept / "run", splits)
    averaged = evaluate.evaluate(kept / "run", splits, statistics="population")
    assert moving.loss != averaged.loss


@pytest.mark.slow
def test_the_convolution_preset_reads_99_of_100_digits():
    history = trainer.train(PRESETS["convolution"].replace(n_epochs=3), find_mnist())
    assert history.test.test_accuracy >= 0.99  # after three of its five epochs already

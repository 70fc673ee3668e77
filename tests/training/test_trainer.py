"""train(): against NumPy step for step, reproducible, and stopped by a loss that is not finite."""

import numpy as np
import pytest
import reference
from conftest import small_splits

from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, Config, Execution
from tf1_dnn.data import batch_indices, shuffle_state
from tf1_dnn.errors import DataError, NonFiniteLossError
from tf1_dnn.graph import build_graph
from tf1_dnn.training import evaluation, trainer

SMALL = dict(hidden_units=(16, 8), n_epochs=2)


def without_seconds(history):
    return [epoch._replace(seconds=0) for epoch in history.epochs], history.test


def numpy_training(config, splits):
    """Of each epoch, trained with tests/reference.py: mean validation loss after it, and accuracy
    and loss of the mini-batches before each update."""
    spec = build_graph(config, splits.n_inputs, splits.n_outputs)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        variables = session.run({v.op.name: v for v in spec.graph.get_collection("variables")})
    del variables["global_step"]
    state = shuffle_state(config.seed, config.shuffle_offset, splits.train.n_examples)
    epochs = []
    for _ in range(config.n_epochs):
        steps = []
        for batch in batch_indices(splits.train.n_examples, config.batch_size, state):
            x, labels = splits.train.inputs(batch), splits.train.labels[batch]
            logits, _ = reference.forward(variables, x, config.activation)
            right = logits.argmax(axis=1) == labels
            steps.append((right.mean(), reference.cross_entropy(logits, labels).mean()))
            variables = reference.sgd_step(variables, x, labels, config)
        logits, _ = reference.forward(variables, splits.valid.inputs(), config.activation)
        valid_loss = reference.cross_entropy(logits, splits.valid.labels).mean()
        epochs.append((valid_loss, *np.mean(steps, axis=0)))
    return epochs


@pytest.mark.parametrize("loop", ["step", "epoch"])
def test_training_equals_numpy(splits, loop):
    config = PRESETS["gradient_clipping"].replace(clip_value=0.05, **SMALL)
    history = trainer.train(config, splits, execution=Execution(loop=loop))
    np.testing.assert_allclose(
        [(epoch.valid_loss, epoch.train_accuracy, epoch.train_loss) for epoch in history.epochs],
        numpy_training(config, splits),
        rtol=1e-5,
    )


def test_training_learns_and_reports(splits):
    reported = []
    config = Config(hidden_units=(16, 8), n_epochs=8, batch_size=7)
    history = trainer.train(config, splits, on_epoch=reported.append)
    assert tuple(reported) == history.epochs
    assert [epoch.epoch for epoch in history.epochs] == list(range(8))
    chance = 1 / splits.n_outputs
    assert history.test.test_accuracy > 2 * chance
    assert history.epochs[-1].valid_loss < history.epochs[0].valid_loss


@pytest.mark.slow
@pytest.mark.parametrize("preset", PUBLISHED_CURVES)
def test_training_is_reproducible(splits, preset):
    config = PRESETS[preset].replace(dropout_rate=0.2, batch_size=29, **SMALL)
    first, second = (without_seconds(trainer.train(config, splits)) for _ in range(2))
    assert first == second
    other = trainer.train(config.replace(seed=7), splits, execution=Execution(loop="step"))
    assert first != without_seconds(other)


def test_evaluation_in_parts_equals_the_whole(splits, monkeypatch):
    spec = build_graph(Config(hidden_units=(4,)), splits.n_inputs, splits.n_outputs)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        whole = evaluation.evaluate(session, spec, splits.test)
        monkeypatch.setattr(evaluation, "BATCH", 7)
        parts = evaluation.evaluate(session, spec, splits.test)
    assert parts[0] == whole[0]
    assert parts[1] == pytest.approx(whole[1], rel=1e-6)


def test_a_loss_that_is_not_finite_stops_the_run():
    splits = small_splits()
    images = splits.train.images.astype(np.float32)
    batches = batch_indices(203, 50, shuffle_state(42, 5, 203))
    images[batches[2][0]] = np.nan  # in the third step
    splits = splits._replace(train=splits.train._replace(images=images))
    with pytest.raises(NonFiniteLossError, match=r"in epoch 0 at step 2: lower the learning rate"):
        trainer.train(Config(hidden_units=(4,), batch_norm=False), splits)


def test_a_batch_larger_than_the_data_is_refused(splits):
    with pytest.raises(DataError, match="204.*203"):
        trainer.train(Config(batch_size=204), splits)

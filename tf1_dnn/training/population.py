"""Population statistics: batch statistics averaged over the training set (section 1.2)."""

from typing import Any, Mapping

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.data import Dataset, batch_indices
from tf1_dnn.errors import ConfigError
from tf1_dnn.graph import ModelSpec
from tf1_dnn.graph.op_types import ancestors
from tf1_dnn.graph.train_op import update_ops

_MOVING = ("AssignSubVariableOp", "AssignAddVariableOp", "AssignVariableOp", "If")
_LARGE = 2.0**20
Statistics = Mapping[str, np.ndarray]  # of moving averages, by the variables' names


def population_statistics(session: Any, model: ModelSpec, train: Dataset) -> Statistics:
    """What each moving average would be if it weighed all mini-batches of an epoch alike.

    These are the means and variances, float64 `[n]`, that batch norm normalized by in training
    mode, averaged over mini-batches of the config's size, shuffled from its seed: the first formula
    of the post's section 1.2. The variables are left as they were.

    Raises ConfigError for a network without moving averages.
    """
    moving = moving_averages(model)
    before = session.run(moving)
    with model.graph.as_default():
        with tf.control_dependencies(update_ops()):
            updated = {name: variable.read_value() for name, variable in moving.items()}
        with tf.control_dependencies(list(updated.values())):
            to_zero = [tf.assign(each, tf.zeros_like(each)) for each in moving.values()]
    random_state = np.random.RandomState(model.config.seed)
    batches = batch_indices(train.n_examples, model.config.batch_size, random_state)

    def update(batch: np.ndarray) -> dict[str, np.ndarray]:
        feed_dict = model.placeholders.feed_dict(train.examples(batch), training=True)
        values, _ = session.run([updated, to_zero], feed_dict)
        return {name: np.asarray(value, np.float64) for name, value in values.items()}

    # An update is moving ← α · moving + (1 − α) · batch: from 0 it leaves (1 − α) · batch, and
    # from a large number what is larger by α times that.
    load_statistics(session, model, {name: 0 * value for name, value in before.items()})
    parts = [update(batch) for batch in batches]
    load_statistics(session, model, {name: 0 * value + _LARGE for name, value in before.items()})
    from_large = update(batches[-1])
    load_statistics(session, model, before)
    alpha = {name: np.mean(from_large[name] - parts[-1][name]) / _LARGE for name in moving}
    return {
        name: np.mean([part[name] for part in parts], axis=0) / (1 - alpha[name]) for name in moving
    }


def moving_averages(model: ModelSpec) -> dict[str, Any]:
    """The variables that UPDATE_OPS move, by name; ConfigError if there are none."""
    with model.graph.as_default():
        updates = [getattr(update, "op", update) for update in update_ops()]
        handles = {
            tensor.op.name
            for update in updates
            for op in ancestors(update)
            if op.type in _MOVING
            for tensor in op.inputs
            if tensor.op.type == "VarHandleOp"
        }
        variables = [each for each in tf.model_variables() if not each.trainable]
        found = {each.op.name: each for each in variables if each.op.name in handles}
    if not found:
        raise ConfigError(
            "the run has no batch norm, so there are no statistics to choose: leave out population."
        )
    return found


def load_statistics(session: Any, model: ModelSpec, statistics: Statistics) -> None:
    """Put means and variances in the place of the moving averages, in this session only."""
    variables = moving_averages(model)
    for name, value in statistics.items():
        initializer = variables[name].initializer  # fed with its value, it adds no op to the graph
        session.run(initializer, {initializer.inputs[1]: value.astype(np.float32)})

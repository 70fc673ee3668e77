"""Population statistics: batch statistics averaged over the training set (section 1.2)."""

from typing import Any, Sequence

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.data import Dataset, batch_indices
from tf1_dnn.graph import ModelSpec
from tf1_dnn.graph.network import batch_norm_scope


def population_statistics(session: Any, model: ModelSpec, train: Dataset) -> list[np.ndarray]:
    """Mean and variance, float64 `[2, units]`, of every layer that batch norm normalizes.

    They are averages over the mini-batches of one epoch in training mode, of the config's batch
    size and shuffled from its seed: the first formula of the post's section 1.2.
    """
    config, network = model.config, model.tower.network
    layers = [hidden.pre_activation for hidden in network.hidden] + [network.logits_before_bn]
    with model.graph.as_default():
        moments = [tf.stack(tf.nn.moments(layer, axes=[0])) for layer in layers]
    totals = [np.zeros(each.shape) for each in moments]
    random_state = np.random.RandomState(config.seed)
    batches = batch_indices(train.n_examples, config.batch_size, random_state)
    for batch in batches:
        feed_dict = model.placeholders.feed_dict(train.examples(batch), training=True)
        totals = [total + value for total, value in zip(totals, session.run(moments, feed_dict))]
    return [total / len(batches) for total in totals]


def load_statistics(session: Any, model: ModelSpec, statistics: Sequence[np.ndarray]) -> None:
    """Put means and variances in the place of the moving averages, in this session only."""
    with model.graph.as_default():
        variables = {variable.op.name: variable for variable in tf.global_variables()}
        for index, pair in enumerate(statistics):
            for name, value in zip(("moving_mean", "moving_variance"), pair.astype(np.float32)):
                variable = variables[f"{batch_norm_scope(index)}/{name}"]
                session.run(tf.assign(variable, value))

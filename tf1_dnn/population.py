"""Population statistics: batch statistics averaged over the training set (section 1.2)."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from tf1_dnn import data
from tf1_dnn.data import Dataset
from tf1_dnn.restore import Restored


def population_statistics(run: Restored, train: Dataset) -> list[np.ndarray]:
    """Mean and variance, float64 `[2, units]`, of every layer that batch norm normalizes.

    They are averages over the mini-batches of one epoch in training mode, of the run's batch size
    and shuffled from its seed: the first formula of the post's section 1.2.
    """
    from tf1_dnn.compat import tf

    config, network = run.model.config, run.model.tower.network
    inputs, _, training = run.model.placeholders
    layers = [hidden.pre_activation for hidden in network.hidden] + [network.logits_before_bn]
    with run.model.graph.as_default():
        moments = [tf.stack(tf.nn.moments(layer, axes=[0])) for layer in layers]
    totals = [np.zeros(each.shape) for each in moments]
    random_state = np.random.RandomState(config.seed)
    batches = data.batch_indices(train.n_examples, config.batch_size, random_state)
    for batch in batches:
        values = run.session.run(moments, {inputs: train.inputs(batch), training: True})
        totals = [total + value for total, value in zip(totals, values)]
    return [total / len(batches) for total in totals]


def load_statistics(run: Restored, statistics: Sequence[np.ndarray]) -> None:
    """Put means and variances in the place of the moving averages, in this session only."""
    from tf1_dnn.compat import tf

    with run.model.graph.as_default():
        variables = {variable.op.name: variable for variable in tf.global_variables()}
        for index, pair in enumerate(statistics):
            scope = f"batch_normalization_{index}" if index else "batch_normalization"
            for name, value in zip(("moving_mean", "moving_variance"), pair.astype(np.float32)):
                run.session.run(tf.assign(variables[f"{scope}/{name}"], value))

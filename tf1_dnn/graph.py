"""build_graph: the one place that assembles placeholders, network, loss, train op and accuracy."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1_dnn import model
from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.layers import Tensor
from tf1_dnn.model import Evaluation, Losses, Network, Placeholders
from tf1_dnn.optimizer import (
    TrainStep,
    clipped_fraction,
    global_norm,
    make_optimizer,
    train_step,
)

# Means over the mini-batch, the norm of all gradients before clipping, the share that is clipped.
STEP_METRICS = ("loss", "accuracy", "global_norm", "clipped_fraction")


class Tower(NamedTuple):
    """One copy of the computation; all copies share the variables."""

    labels: Tensor
    network: Network
    losses: Losses
    step: TrainStep


class ModelSpec(NamedTuple):
    """Everything a session needs to train and evaluate."""

    graph: Any
    config: Config
    n_outputs: int
    placeholders: Placeholders
    tower: Tower
    evaluation: Evaluation
    optimizer: Any
    global_step: Any  # int64 scalar variable, the only progress counter
    init: Any  # global_variables_initializer()


def build_tower(
    inputs: Tensor,
    labels: Tensor,
    *,
    training: Tensor | bool,
    config: Config,
    n_outputs: int,
    optimizer: Any,
    global_step: Any,
) -> Tower:
    """Network, losses and train op over any inputs: placeholders, or a batch gathered in a loop.

    Args:
      inputs: float32 `[batch, n_inputs]`.
      labels: int32 `[batch]`.
      training: bool, Python's or a scalar tensor.
    """
    network = model.dnn(
        inputs, training=training, step=global_step, config=config, n_outputs=n_outputs
    )
    losses = model.losses(network.logits, labels)
    step = train_step(losses, optimizer=optimizer, global_step=global_step, config=config)
    return Tower(labels, network, losses, step)


def step_metric(name: str, tower: Tower, config: Config) -> Tensor:
    """What a step tells of itself before its update, float32 scalar; one of STEP_METRICS."""
    grads = [grad for grad, _ in tower.step.grads_and_vars]
    with tf.name_scope("metrics"):
        if name == "accuracy":
            hits = tf.equal(tf.argmax(tower.network.logits, 1, output_type=tf.int32), tower.labels)
            return tf.reduce_mean(tf.cast(hits, tf.float32))
        if name == "global_norm":
            return global_norm(grads)
        if name == "clipped_fraction":
            return clipped_fraction(grads, config)
        return tower.losses.loss


def build_graph(
    config: Config, n_inputs: int, n_outputs: int, *, device: Any = None, optimizer: Any = None
) -> ModelSpec:
    """The post's graph, in a tf.Graph of its own.

    Initial weights follow from `config.seed` alone and equal TensorFlow 1.15.5's bit for bit.
    `device`, as tf.device takes it, and `optimizer`, other than make_optimizer's, are for replicas.
    """
    graph = tf.Graph()
    with graph.as_default(), tf.device(device):
        tf.set_random_seed(config.seed)
        placeholders = model.placeholders(n_inputs)
        global_step = tf.train.create_global_step()
        optimizer = optimizer or make_optimizer(config)
        tower = build_tower(
            *placeholders[:2],
            training=placeholders.training,
            config=config,
            n_outputs=n_outputs,
            optimizer=optimizer,
            global_step=global_step,
        )
        evaluation = model.accuracy(tower.network.logits, placeholders.labels)
        return ModelSpec(
            graph=graph,
            config=config,
            n_outputs=n_outputs,
            placeholders=placeholders,
            tower=tower,
            evaluation=evaluation,
            optimizer=optimizer,
            global_step=global_step,
            init=tf.global_variables_initializer(),
        )

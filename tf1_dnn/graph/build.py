"""build_graph: the one place that assembles placeholders, network, loss, train op and accuracy."""

from typing import Any, NamedTuple

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph import network
from tf1_dnn.graph.layers import Tensor
from tf1_dnn.graph.learning_rate import Schedule
from tf1_dnn.graph.network import Losses, Network, Placeholders
from tf1_dnn.graph.train_op import TrainStep, make_optimizer, train_step


class Tower(NamedTuple):
    """One copy of the computation; all copies share the variables."""

    labels: Tensor
    network: Network
    losses: Losses
    step: TrainStep

    @property
    def grads(self) -> list[Tensor]:
        """The gradients as computed."""
        return [grad for grad, _ in self.step.grads_and_vars]


class ModelSpec(NamedTuple):
    """Everything a session needs to train and evaluate."""

    graph: Any
    config: Config
    n_outputs: int
    placeholders: Placeholders
    tower: Tower
    correct: Tensor  # bool [batch]
    accuracy: Tensor  # float32 scalar
    optimizer: Any
    schedule: Schedule  # of the optimizer's learning rate
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
    dnn = network.dnn(
        inputs, training=training, step=global_step, config=config, n_outputs=n_outputs
    )
    losses = network.losses(dnn.logits, labels)
    # The post minimizes the vector in its batch-norm cell: the sum over the mini-batch.
    loss = losses.xentropy if config.loss_reduction == "sum" else losses.loss
    step = train_step(loss, optimizer=optimizer, global_step=global_step, clipping=config.clipping)
    return Tower(labels, dnn, losses, step)


def build_graph(
    config: Config, n_inputs: int, n_outputs: int, *, device: Any = None, optimizer: Any = None
) -> ModelSpec:
    """The post's graph, in a tf.Graph of its own.

    Initial weights follow from `config.seed` alone and equal TensorFlow 1.15.5's bit for bit.
    `device`, as tf.device takes it, and `optimizer`, other than the config's, are for replicas.
    """
    graph = tf.Graph()
    with graph.as_default(), tf.device(device):
        tf.set_random_seed(config.seed)
        placeholders = network.placeholders(n_inputs)
        global_step = tf.train.create_global_step()
        schedule = Schedule(config)
        optimizer = optimizer or make_optimizer(config.optimizer, schedule)
        tower = build_tower(
            placeholders.inputs,
            placeholders.labels,
            training=placeholders.training,
            config=config,
            n_outputs=n_outputs,
            optimizer=optimizer,
            global_step=global_step,
        )
        with tf.name_scope("eval"):
            correct = network.correct(tower.network.logits, placeholders.labels)
            accuracy = network.accuracy(correct)
        return ModelSpec(
            graph=graph,
            config=config,
            n_outputs=n_outputs,
            placeholders=placeholders,
            tower=tower,
            correct=correct,
            accuracy=accuracy,
            optimizer=optimizer,
            schedule=schedule,
            global_step=global_step,
            init=tf.global_variables_initializer(),
        )


def build_training_tower(model: ModelSpec, inputs: Tensor, labels: Tensor) -> Tower:
    """A tower that only trains, on the model's own variables and slots."""
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        return build_tower(
            inputs,
            labels,
            training=True,
            config=model.config,
            n_outputs=model.n_outputs,
            optimizer=model.optimizer,
            global_step=model.global_step,
        )


def uncollected_variable(
    initial_value: Any,
    collection: str,
    *,
    dtype: Any = None,
    name: str | None = None,
    validate_shape: bool = True,
) -> Any:
    """A resource tf.Variable in a collection of its own: initializer and Saver leave it alone."""
    return tf.Variable(
        initial_value,
        trainable=False,
        collections=[collection],
        validate_shape=validate_shape,
        name=name,
        dtype=dtype,
        use_resource=True,
    )

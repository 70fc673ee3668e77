"""build_graph: the one place that assembles placeholders, network, loss, train op and accuracy."""

from typing import Any, Callable, NamedTuple, Sequence

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph import network
from tf1_dnn.graph.layers import Tensor
from tf1_dnn.graph.learning_rate import Schedule
from tf1_dnn.graph.network import BuildNetwork, Losses, Network, Placeholders
from tf1_dnn.graph.own_network import make_network
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
    build_network: BuildNetwork  # makes another copy, on the same variables
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
    build_network: BuildNetwork,
    config: Config,
    optimizer: Any,
    global_step: Any,
) -> Tower:
    """Network, losses and train op over any inputs: placeholders, or a batch gathered in a loop.

    Args:
      inputs: float32 `[batch, n_inputs]`.
      labels: int32 `[batch]`.
      training: bool, Python's or a scalar tensor.
      build_network: from `make_network`.
      config: loss_reduction and clipping.
    """
    dnn = build_network(inputs, training=training, step=global_step)
    losses = network.losses(dnn.logits, labels)
    # The post minimizes the vector in its batch-norm cell: the sum over the mini-batch.
    loss = losses.xentropy if config.loss_reduction == "sum" else losses.loss
    step = train_step(loss, optimizer=optimizer, global_step=global_step, clipping=config.clipping)
    return Tower(labels, dnn, losses, step)


def build_graph(
    config: Config,
    n_inputs: int,
    n_outputs: int,
    *,
    image_shape: Sequence[int] | None = None,
    own: Callable[..., Any] | None = None,
    device: Any = None,
    optimizer: Any = None,
) -> ModelSpec:
    """The post's graph, in a tf.Graph of its own.

    Initial weights follow from `config.seed` alone and equal TensorFlow 1.15.5's bit for bit.

    Args:
      config: the options.
      n_inputs: numbers of an example.
      n_outputs: the number of classes.
      image_shape: of an example, such as (28, 28); convolutions need it.
      own: a function that builds another network than the config's, as `own_network` takes it.
      device: as tf.device takes it, for replicas.
      optimizer: another than the config's, for replicas.

    Raises:
      ConfigError: a network that cannot be built.
      NetworkError: `own` raised an exception.
    """
    shape = (n_inputs,) if image_shape is None else image_shape
    build_network = make_network(config, shape, n_outputs, own=own)
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
            build_network=build_network,
            config=config,
            optimizer=optimizer,
            global_step=global_step,
        )
        with tf.name_scope("eval"):
            correct = network.correct(tower.network.logits, placeholders.labels)
            accuracy = network.accuracy(correct)
        return ModelSpec(
            graph=graph,
            config=config,
            build_network=build_network,
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
            build_network=model.build_network,
            config=model.config,
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

"""The train op, where the post's two ideas live: UPDATE_OPS before the step, clipping within it."""

from __future__ import annotations

from typing import Any, NamedTuple

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.errors import Error
from tf1_dnn.layers import Tensor
from tf1_dnn.model import Losses

GradsAndVars = list[tuple[Tensor, Any]]


class TrainStep(NamedTuple):
    train_op: Any  # runs the update ops, the gradient step, and global_step += 1
    grads_and_vars: GradsAndVars  # as computed
    clipped_grads: GradsAndVars  # as applied


def make_optimizer(config: Config) -> Any:
    """The tf.train optimizer; TensorFlow 1's defaults, and 0.9 for momentum and nesterov."""
    rate = config.learning_rate
    return {
        "sgd": lambda: tf.train.GradientDescentOptimizer(rate),
        "momentum": lambda: tf.train.MomentumOptimizer(rate, 0.9),
        "nesterov": lambda: tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
        "adagrad": lambda: tf.train.AdagradOptimizer(rate),
        "rmsprop": lambda: tf.train.RMSPropOptimizer(rate),
        "adam": lambda: tf.train.AdamOptimizer(rate),
    }[config.optimizer]()


def clip_gradients(grads_and_vars: GradsAndVars, config: Config) -> GradsAndVars:
    """Gradient clipping (Pascanu et al., 2013; the post's section 2), as the config says.

    By value: every entry into [−clip_value, clip_value]. By norm: each gradient g becomes
    g · min(1, clip_norm / ‖g‖₂). By global norm: the same with the norm of all gradients together,
    which keeps their direction. Without any of the three the gradients pass unchanged.

    Raises:
      Error: a variable has no gradient.
    """
    for grad, var in grads_and_vars:
        if grad is None:
            raise Error(
                f"the loss does not depend on the variable {var.op.name}, so it has no gradient: "
                "take it out of the trainable variables or connect it to the loss."
            )
    grads = [grad for grad, _ in grads_and_vars]
    if config.clip_value is not None:
        threshold = config.clip_value
        grads = [tf.clip_by_value(grad, -threshold, threshold) for grad in grads]
    elif config.clip_norm is not None:
        grads = [tf.clip_by_norm(grad, config.clip_norm) for grad in grads]
    elif config.clip_global_norm is not None:
        grads, _ = tf.clip_by_global_norm(
            grads, config.clip_global_norm, use_norm=global_norm(grads)
        )
    return [(grad, var) for grad, (_, var) in zip(grads, grads_and_vars)]


def train_step(losses: Losses, *, optimizer: Any, global_step: Any, config: Config) -> TrainStep:
    """One step of gradient descent on the loss, with the moving averages updated alongside.

    The post minimizes the vector `xentropy` in its batch-norm cell, whose gradient is the sum over
    the batch (`loss_reduction="sum"`), and the mean `loss` in its clipping cell ("mean").
    optimizer.minimize() is compute_gradients() followed by apply_gradients(): both are spelled out
    here, so that clipping, when asked for, stands between them. Only applying depends on
    UPDATE_OPS: to look at a gradient does not move the averages.

    Args:
      losses: the current graph's losses.
      optimizer: from `make_optimizer`; its slots are shared by every step that it makes.
      global_step: int64 scalar variable, incremented by one.
      config: loss_reduction and the kind of clipping.
    """
    target = losses.xentropy if config.loss_reduction == "sum" else losses.loss
    with tf.name_scope("train"):
        grads_and_vars = optimizer.compute_gradients(target)
        clipped_grads = clip_gradients(grads_and_vars, config)
        with tf.control_dependencies(update_ops()):
            train_op = optimizer.apply_gradients(clipped_grads, global_step=global_step)
    return TrainStep(train_op, grads_and_vars, clipped_grads)


def global_norm(grads: list[Tensor]) -> Tensor:
    """tf.global_norm, fast under XLA: the L2 norm of all gradients together, float32 scalar.

    XLA on a CPU adds up a reduction one number after the other, and would take half as long as
    the whole step; as products of matrices the sums are vectorized.
    """
    return tf.sqrt(tf.add_n([_total(tf.square(grad)) for grad in grads]))


def _total(values: Tensor) -> Tensor:
    if values.shape.rank != 2:
        return tf.reduce_sum(values)
    return tf.reduce_sum(tf.matmul(tf.ones([1, values.shape[0]]), values))


def clipped_fraction(grads: list[Tensor], config: Config) -> Tensor:
    """The share of all gradient entries that clip_gradients changes, 0 to 1, float32 scalar."""
    sizes = [grad.shape.num_elements() for grad in grads]
    if config.clip_value is not None:
        beyond = [tf.abs(grad) > config.clip_value for grad in grads]
        counts = [_total(tf.cast(entries, tf.float32)) for entries in beyond]
    elif config.clip_norm is not None:
        counts = [
            size * tf.cast(tf.norm(grad) > config.clip_norm, tf.float32)
            for size, grad in zip(sizes, grads)
        ]
    elif config.clip_global_norm is not None:
        counts = [sum(sizes) * tf.cast(global_norm(grads) > config.clip_global_norm, tf.float32)]
    else:
        counts = [tf.constant(0.0)]
    return tf.add_n(counts) / sum(sizes)


def update_ops() -> list[Any]:
    """The current graph's own UPDATE_OPS; a function body inherits the outer graph's as well."""
    graph = tf.get_default_graph()
    return [op for op in tf.get_collection(tf.GraphKeys.UPDATE_OPS) if op.graph is graph]

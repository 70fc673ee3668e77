"""The train op, where the post's two ideas live: UPDATE_OPS before the step, clipping within it."""

from typing import Any, NamedTuple

from tf1_dnn.compat import tf
from tf1_dnn.config import Clipping
from tf1_dnn.errors import Error
from tf1_dnn.graph.layers import Tensor

GradsAndVars = list[tuple[Tensor, Any]]  # as compute_gradients gives them


class TrainStep(NamedTuple):
    train_op: Any  # runs the update ops, the gradient step, and global_step += 1
    grads_and_vars: GradsAndVars  # as computed
    clipped_grads: GradsAndVars  # as applied


def make_optimizer(name: str, learning_rate: Any) -> Any:
    """The tf.train optimizer; TensorFlow 1's defaults, and 0.9 for momentum and nesterov.

    `learning_rate` is a number, a float32 scalar, or a function that gives either.
    """
    return {
        "sgd": lambda: tf.train.GradientDescentOptimizer(learning_rate),
        "momentum": lambda: tf.train.MomentumOptimizer(learning_rate, 0.9),
        "nesterov": lambda: tf.train.MomentumOptimizer(learning_rate, 0.9, use_nesterov=True),
        "adagrad": lambda: tf.train.AdagradOptimizer(learning_rate),
        "rmsprop": lambda: tf.train.RMSPropOptimizer(learning_rate),
        "adam": lambda: tf.train.AdamOptimizer(learning_rate),
    }[name]()


def clip_by_value(grads_and_vars: GradsAndVars, threshold: float) -> GradsAndVars:
    """Every entry of every gradient into [−threshold, threshold], as the post does."""
    return [(tf.clip_by_value(grad, -threshold, threshold), var) for grad, var in grads_and_vars]


def clip_by_norm(grads_and_vars: GradsAndVars, threshold: float) -> GradsAndVars:
    """Each gradient g becomes g · min(1, threshold / ‖g‖₂)."""
    return [(tf.clip_by_norm(grad, threshold), var) for grad, var in grads_and_vars]


def clip_by_global_norm(grads_and_vars: GradsAndVars, threshold: float) -> GradsAndVars:
    """The same factor for all gradients, by the norm of all together: their direction stays."""
    grads = [grad for grad, _ in grads_and_vars]
    clipped, _ = tf.clip_by_global_norm(grads, threshold, use_norm=global_norm(grads))
    return [(grad, var) for grad, (_, var) in zip(clipped, grads_and_vars)]


_CLIPS = {
    "clip_value": clip_by_value,
    "clip_norm": clip_by_norm,
    "clip_global_norm": clip_by_global_norm,
}


def clip_gradients(grads_and_vars: GradsAndVars, clipping: Clipping | None) -> GradsAndVars:
    """Gradient clipping (Pascanu et al., 2013; the post's section 2), of the kind asked for.

    Without any the gradients pass unchanged.

    Raises:
      Error: a variable has no gradient.
    """
    for grad, var in grads_and_vars:
        if grad is None:
            raise Error(
                f"the loss does not depend on the variable {var.op.name}, so it has no gradient: "
                "take it out of the trainable variables or connect it to the loss."
            )
    return _CLIPS[clipping.kind](grads_and_vars, clipping.threshold) if clipping else grads_and_vars


def train_step(
    loss: Tensor, *, optimizer: Any, global_step: Any, clipping: Clipping | None = None
) -> TrainStep:
    """One step of gradient descent on the loss, with the moving averages updated alongside.

    optimizer.minimize() is compute_gradients() followed by apply_gradients(): both are spelled out
    here, so that clipping, when asked for, stands between them. Only applying depends on
    UPDATE_OPS: to look at a gradient does not move the averages.

    Args:
      loss: float32, a scalar, or `[batch]`: then gradients are summed over the batch.
      optimizer: a tf.train optimizer; its slots are shared by every step that it makes.
      global_step: int64 scalar variable, incremented by one.
      clipping: its kind and threshold, None for no clipping.
    """
    with tf.name_scope("train"):
        grads_and_vars = optimizer.compute_gradients(loss)
        clipped_grads = clip_gradients(grads_and_vars, clipping)
        with tf.control_dependencies(update_ops()):
            train_op = optimizer.apply_gradients(clipped_grads, global_step=global_step)
    return TrainStep(train_op, grads_and_vars, clipped_grads)


def update_ops() -> list[Any]:
    """The current graph's own UPDATE_OPS; a function body inherits the outer graph's as well."""
    graph = tf.get_default_graph()
    return [op for op in tf.get_collection(tf.GraphKeys.UPDATE_OPS) if op.graph is graph]


def global_norm(grads: list[Tensor]) -> Tensor:
    """tf.global_norm, fast under XLA: the L2 norm of all gradients together, float32 scalar."""
    return tf.sqrt(tf.add_n([total(tf.square(grad)) for grad in grads]))


def total(values: Tensor) -> Tensor:
    """tf.reduce_sum of a gradient's shape, fast under XLA, float32 scalar.

    XLA on a CPU adds up a reduction one number after the other, and would take half as long as
    the whole step; as products of matrices the sums are vectorized.
    """
    if values.shape.rank != 2:
        return tf.reduce_sum(values)
    return tf.reduce_sum(tf.matmul(tf.ones([1, values.shape[0]]), values))

"""What a training step tells of itself, before its update."""

from typing import Callable

from tf1_dnn.compat import tf
from tf1_dnn.config import Clipping, require_choice
from tf1_dnn.graph import network
from tf1_dnn.graph.build import Tower
from tf1_dnn.graph.layers import Tensor
from tf1_dnn.graph.train_op import global_norm, total

CHEAP_METRICS = ("loss", "accuracy")  # means over the mini-batch
# And of the gradients, which cost a tenth of a step: their norm before clipping, the share clipped.
STEP_METRICS = (*CHEAP_METRICS, "global_norm", "clipped_fraction")


def step_metric(name: str, tower: Tower, clipping: Clipping | None = None) -> Tensor:
    """One of STEP_METRICS, float32 scalar; ConfigError for another name."""
    metrics: dict[str, Callable[[], Tensor]] = {
        "loss": lambda: tower.losses.loss,
        "accuracy": lambda: network.accuracy(network.correct(tower.network.logits, tower.labels)),
        "global_norm": lambda: global_norm(tower.grads),
        "clipped_fraction": lambda: clipped_fraction(tower.grads, clipping),
    }
    require_choice("step metric", name, STEP_METRICS)
    with tf.name_scope("metrics"):
        return metrics[name]()


def clipped_fraction(grads: list[Tensor], clipping: Clipping | None) -> Tensor:
    """The share of all gradient entries that clipping changes, 0 to 1, float32 scalar."""
    if clipping is None:
        return tf.constant(0.0)
    kind, threshold = clipping
    sizes = [grad.shape.num_elements() for grad in grads]
    if kind == "clip_value":
        counts = [total(tf.cast(tf.abs(grad) > threshold, tf.float32)) for grad in grads]
    else:
        by_each = [tf.norm(grad) for grad in grads]
        norms = by_each if kind == "clip_norm" else [global_norm(grads)] * len(grads)
        counts = [size * tf.cast(norm > threshold, tf.float32) for size, norm in zip(sizes, norms)]
    return tf.add_n(counts) / sum(sizes)

"""Many training steps in one session.run: a while_loop over batch indices, compiled by XLA."""

import dataclasses
import functools
from typing import Any, NamedTuple, Sequence

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.data import Dataset
from tf1_dnn.graph import (
    CHEAP_METRICS,
    ModelSpec,
    build_training_tower,
    step_metric,
    uncollected_variable,
)
from tf1_dnn.graph.layers import Tensor
from tf1_dnn.graph.learning_rate import rate_at


class EpochGraph(NamedTuple):
    """What a session feeds and fetches to run many steps."""

    images: Tensor  # uint8 or float32 [n, n_inputs], to feed: once to `load`, or at every run
    labels: Tensor  # int64 [n], likewise
    indices: Tensor  # int32 [max_steps, batch]: the rows of each step's mini-batch
    n_steps: Tensor  # int32 scalar, at most max_steps: how many of them to run
    metrics: dict[str, Tensor]  # float32 [max_steps] each, zero beyond n_steps
    load: Any  # keeps images and labels on the device; None if they stream there


def build_epoch_graph(
    model: ModelSpec,
    dataset: Dataset,
    *,
    xla: bool,
    resident: bool = True,
    metrics: Sequence[str] = ("loss",),
    metrics_every: int = 1,
) -> EpochGraph:
    """Add the loop to the model's graph; its steps share the model's variables and slots.

    Args:
      model: the graph to add to.
      dataset: gives dtype and width of the images; its values are fed later.
      xla: compile the loop (one compilation per shape of `indices` and of the data).
      resident: keep the data on the device.
      metrics: which of graph.STEP_METRICS to collect.
      metrics_every: steps between two looks at gradients, which cost a tenth of a step.
    """
    dtype = tf.as_dtype(dataset.images.dtype)
    with model.graph.as_default(), tf.name_scope("epoch"):
        images = tf.placeholder(dtype, [None, dataset.n_inputs], name="images")
        # int64: TensorFlow keeps variables of int32 in the host's memory, GPU or not
        labels = tf.placeholder(tf.int64, [None], name="labels")
        data, load = kept_on_device(images, labels) if resident else ((images, labels), None)
        indices = tf.placeholder(tf.int32, [None, None], name="indices")
        n_steps = tf.placeholder(tf.int32, [], name="n_steps")
        scale = tf.constant(255.0 if dataset.images.dtype == np.uint8 else 1.0)

        def run_steps(*tensors: Any) -> list[Tensor]:
            return BatchLoop(model, metrics, *tensors).run(metrics_every)

        # Without AutoGraph: it would parse and rewrite every function called, for a second.
        compiled = tf.function(run_steps, autograph=False, jit_compile=xla)
        values = compiled(*data, indices, n_steps, scale, scheduled_rates(model, indices))
        return EpochGraph(images, labels, indices, n_steps, dict(zip(metrics, values)), load)


def kept_on_device(images: Tensor, labels: Tensor) -> tuple[tuple[Tensor, ...], Any]:
    """Images and labels out of variables, and the op that fills these from the placeholders."""
    variables = [
        uncollected_variable(placeholder, "resident", validate_shape=False)
        for placeholder in (images, labels)
    ]
    kept = tuple(tf.ensure_shape(v, p.shape) for v, p in zip(variables, (images, labels)))
    return kept, tf.group(*(variable.initializer for variable in variables), name="load")


def scaled(images: Tensor, scale: Tensor) -> Tensor:
    """Images as float32 divided by `scale`, bit for bit as Dataset.inputs gives them.

    `scale` must be an argument of the compiled function: XLA turns division by a constant into
    multiplication by its reciprocal, and half of the 256 quotients would differ in the last bit.
    """
    return tf.cast(images, tf.float32) / scale


def scheduled_rates(model: ModelSpec, indices: Tensor) -> Tensor | None:
    """The learning rates of the next steps, one for each row of `indices`; None if constant.

    Outside of the compiled function: XLA rounds another way. There a polynomial decay can become
    the root of a number just below 0, and every weight NaN.
    """
    if model.config.lr_decay is None:
        return None
    steps = model.global_step + tf.range(tf.cast(tf.shape(indices)[0], tf.int64))
    # One by one, since TensorFlow's vectorized pow rounds another way than that of a scalar.
    rate = functools.partial(rate_at, model.config)
    return tf.map_fn(rate, steps, fn_output_signature=tf.float32)


@dataclasses.dataclass
class BatchLoop:
    """The while_loop over batch indices: a training step for each of the first `n_steps` rows."""

    model: ModelSpec
    names: Sequence[str]  # of the metrics to collect
    images: Tensor
    labels: Tensor
    indices: Tensor
    n_steps: Tensor
    scale: Tensor
    rates: Tensor | None  # a learning rate for each row, None for the model's own

    def run(self, every: int) -> list[Tensor]:
        """Run the steps; each metric, float32 `[max_steps]`.

        Of gradients only every `every`-th step's are looked at, with NaN in between.
        """
        max_steps, zero = tf.shape(self.indices)[0], tf.constant(0)
        arrays = {
            name: tf.TensorArray(tf.float32, max_steps, element_shape=[]) for name in self.names
        }
        cheap = [name for name in self.names if name in CHEAP_METRICS]
        if every == 1 or len(cheap) == len(self.names):
            _, arrays = self.run_until(self.n_steps, zero, arrays, self.names)
        else:

            def run_window(i: Tensor, arrays: Any) -> Any:
                """One step that looks at gradients, then plain ones that carry nothing extra."""
                stop = tf.minimum(i + every, self.n_steps)
                i, arrays = self.run_step(i, arrays, self.names)
                return self.run_until(stop, i, arrays, cheap)

            _, arrays = tf.while_loop(lambda i, _: i < self.n_steps, run_window, [zero, arrays])
        is_due = tf.equal(tf.range(max_steps) % every, 0)
        stacks = {name: array.stack() for name, array in arrays.items()}
        nan = tf.fill([max_steps], float("nan"))
        return [v if name in cheap else tf.where(is_due, v, nan) for name, v in stacks.items()]

    def run_until(self, stop: Tensor, i: Tensor, arrays: Any, names: Sequence[str]) -> Any:
        return tf.while_loop(
            lambda i, _: i < stop,
            lambda i, arrays: self.run_step(i, arrays, names),
            [i, arrays],
        )

    def run_step(self, i: Tensor, arrays: dict[str, Any], names: Sequence[str]) -> Any:
        model, batch = self.model, self.indices[i]
        inputs = scaled(tf.gather(self.images, batch), self.scale)
        labels = tf.cast(tf.gather(self.labels, batch), tf.int32)
        with model.schedule.given(None if self.rates is None else self.rates[i]):
            tower = build_training_tower(model, inputs, labels)
        values = {name: step_metric(name, tower, model.config.clipping) for name in names}
        with tf.control_dependencies([tower.step.train_op]):
            written = {name: arrays[name].write(i, value) for name, value in values.items()}
            return i + 1, {**arrays, **written}

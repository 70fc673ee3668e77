"""Many training steps in one session.run: a while_loop over batch indices, compiled by XLA."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.data import Dataset
from tf1_dnn.graph import (
    CHEAP_METRICS,
    ModelSpec,
    Tower,
    build_tower,
    step_metric,
    uncollected_variable,
)
from tf1_dnn.graph.layers import Tensor


class EpochGraph(NamedTuple):
    """What a session feeds and fetches to run many steps."""

    images: Tensor  # uint8 or float32 [n, n_inputs]; the resident ones unless fed
    labels: Tensor  # int64 [n]; likewise
    indices: Tensor  # int32 [max_steps, batch]: the rows of each step's mini-batch
    n_steps: Tensor  # int32 scalar, at most max_steps: how many of them to run
    metrics: dict[str, Tensor]  # float32 [max_steps] each, zero beyond n_steps
    resident: tuple[Tensor, Tensor]  # placeholders of the images and labels to keep
    load: Any  # keeps them on the device


def build_epoch_graph(
    model: ModelSpec,
    dataset: Dataset,
    *,
    xla: bool,
    metrics: Sequence[str] = ("loss",),
    metrics_every: int = 1,
) -> EpochGraph:
    """Add the loop to the model's graph; its steps share the model's variables and slots.

    Args:
      model: the graph to add to.
      dataset: gives dtype and width of the images; its values are fed later.
      xla: compile the loop (one compilation per shape of `indices` and of the data).
      metrics: which of graph.STEP_METRICS to collect.
      metrics_every: steps between two looks at gradients, which cost a tenth of a step.
    """
    dtype = tf.as_dtype(dataset.images.dtype)
    with model.graph.as_default(), tf.name_scope("epoch"):
        resident = (
            tf.placeholder(dtype, [None, dataset.n_inputs], name="resident_images"),
            # int64: TensorFlow keeps variables of int32 in the host's memory, GPU or not
            tf.placeholder(tf.int64, [None], name="resident_labels"),
        )
        variables = [
            uncollected_variable(placeholder, "resident", validate_shape=False)
            for placeholder in resident
        ]
        images, labels = (
            tf.placeholder_with_default(variable.value(), placeholder.shape)
            for variable, placeholder in zip(variables, resident)
        )
        indices = tf.placeholder(tf.int32, [None, None], name="indices")
        n_steps = tf.placeholder(tf.int32, [], name="n_steps")
        scale = tf.constant(255.0 if dataset.images.dtype == np.uint8 else 1.0)
        # Without AutoGraph: it would parse and rewrite every function called, for a second.
        run_steps = tf.function(
            steps_function(model, metrics, metrics_every), autograph=False, jit_compile=xla
        )
        values = run_steps(images, labels, indices, n_steps, scale)
        load = tf.group(*(variable.initializer for variable in variables), name="load")
        collected = dict(zip(metrics, values))
        return EpochGraph(images, labels, indices, n_steps, collected, resident, load)


def scaled(images: Tensor, scale: Tensor) -> Tensor:
    """Images as float32 divided by `scale`, bit for bit as Dataset.inputs gives them.

    `scale` must be an argument of the compiled function: XLA turns division by a constant into
    multiplication by its reciprocal, and half of the 256 quotients would differ in the last bit.
    """
    return tf.cast(images, tf.float32) / scale


def steps_function(model: ModelSpec, names: Sequence[str], every: int) -> Any:
    cheap = [name for name in names if name in CHEAP_METRICS]

    def run_steps(
        images: Tensor, labels: Tensor, indices: Tensor, n_steps: Tensor, scale: Tensor
    ) -> list[Tensor]:
        max_steps = tf.shape(indices)[0]
        arrays = {name: tf.TensorArray(tf.float32, max_steps, element_shape=[]) for name in names}

        def run_step(i: Tensor, arrays: dict[str, Any], names: Sequence[str]) -> Any:
            batch = indices[i]
            inputs = scaled(tf.gather(images, batch), scale)
            tower = _build_tower(model, inputs, tf.cast(tf.gather(labels, batch), tf.int32))
            values = {name: step_metric(name, tower, model.config.clipping) for name in names}
            with tf.control_dependencies([tower.step.train_op]):
                written = {name: arrays[name].write(i, value) for name, value in values.items()}
                return i + 1, {**arrays, **written}

        def run_until(stop: Tensor, i: Tensor, arrays: Any, names: Sequence[str]) -> Any:
            return tf.while_loop(
                lambda i, arrays: i < stop,
                lambda i, arrays: run_step(i, arrays, names),
                [i, arrays],
            )

        def run_window(i: Tensor, arrays: Any) -> Any:
            stop = tf.minimum(i + every, n_steps)
            i, arrays = run_step(i, arrays, names)
            return run_until(stop, i, arrays, cheap)

        # In each window one step that looks at gradients, then plain ones that carry nothing extra.
        if every == 1 or len(cheap) == len(names):
            _, arrays = run_until(n_steps, tf.constant(0), arrays, names)
        else:
            first = tf.constant(0)
            _, arrays = tf.while_loop(lambda i, _: i < n_steps, run_window, [first, arrays])
        is_due = tf.equal(tf.range(max_steps) % every, 0)
        stacks = {name: array.stack() for name, array in arrays.items()}
        nan = tf.fill([max_steps], float("nan"))
        return [v if name in cheap else tf.where(is_due, v, nan) for name, v in stacks.items()]

    return run_steps


def _build_tower(model: ModelSpec, inputs: Tensor, labels: Tensor) -> Tower:
    """A training tower on the model's own variables and slots."""
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

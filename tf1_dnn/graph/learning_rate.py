"""The learning rate: constant, or decayed by the global step with TensorFlow 1's own functions."""

import contextlib
from typing import Iterator

import numpy as np

from tf1_dnn.compat import tf
from tf1_dnn.config import Config
from tf1_dnn.graph.layers import Tensor


def rate_at(config: Config, step: Tensor) -> Tensor | float:
    """The learning rate at a global step, float32 scalar: TensorFlow 1.15.5's bit for bit.

    `config.lr_decay` names the function: tf.train.exponential_decay, tf.train.piecewise_constant
    or tf.train.polynomial_decay. Without one it is config.learning_rate itself.

    Args:
      config: learning_rate, lr_decay and what follows it.
      step: int64 scalar, how many updates were made before.
    """
    rate, steps = float(config.learning_rate), config.lr_decay_steps
    if config.lr_decay == "exponential":
        return tf.train.exponential_decay(
            rate, step, steps, config.lr_decay_rate, staircase=config.staircase
        )
    if config.lr_decay == "piecewise_constant":
        boundaries = list(np.array(config.lr_boundaries, np.int64))  # of the step's type
        values = [float(value) for value in config.lr_values or ()]
        return tf.train.piecewise_constant(step, boundaries, values)
    if config.lr_decay == "polynomial":
        end, power, cycle = config.end_learning_rate, config.power, config.cycle
        return tf.train.polynomial_decay(rate, step, steps, end, power, cycle)
    return rate


class Schedule:
    """The learning rate as an optimizer asks for it while it builds an update: by a call.

    It is that of the graph's global step, unless `given` another tensor: a loop that XLA compiles
    computes its steps' rates beforehand.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._given: Tensor | None = None

    def __call__(self) -> Tensor | float:
        if self._given is not None:
            return self._given
        return rate_at(self._config, tf.train.get_global_step())

    @contextlib.contextmanager
    def given(self, rate: Tensor | None) -> Iterator[None]:
        """Updates built meanwhile take this rate, float32 scalar; None changes nothing."""
        self._given = rate
        try:
            yield
        finally:
            self._given = None

"""The kernels of a Config's network, without TensorFlow: how large they are, how much they take."""

import math
from typing import Iterator, NamedTuple, Sequence

from tf1_dnn.config import Config


class Kernel(NamedTuple):
    """What a layer multiplies its inputs by."""

    n_inputs: int  # of one output: a convolution's pixels times channels
    n_outputs: int
    n_places: int = 1  # pixels that a convolution computes outputs for

    @property
    def n_weights(self) -> int:
        return self.n_inputs * self.n_outputs


def kernels(config: Config, image_shape: Sequence[int], n_outputs: int) -> Iterator[Kernel]:
    """The kernels of all layers, in order."""
    n = math.prod(image_shape)
    if config.conv_filters:
        height, width, channels = (*image_shape, 1, 1)[:3]
        for filters in config.conv_filters:
            yield Kernel(config.kernel_size**2 * channels, filters, height * width)
            height, width, channels = height // 2, width // 2, filters
        n = height * width * channels
    for units in (*config.hidden_units, n_outputs):
        yield Kernel(n, units)
        n = units

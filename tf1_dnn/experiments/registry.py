"""The experiments by name; a worker process finds a cell's here."""

from tf1_dnn.experiments import (
    clipping,
    initialization,
    learning_rates,
    momentum,
    optimizers,
    regularization,
    vanishing,
)
from tf1_dnn.experiments.protocol import Experiment

_ALL = (vanishing, initialization, learning_rates, regularization, momentum, clipping, optimizers)
EXPERIMENTS: dict[str, Experiment] = {each.EXPERIMENT.name: each.EXPERIMENT for each in _ALL}
NAMES = tuple(EXPERIMENTS)

"""tensorflow.contrib.training: HParams, tf_slim's train loop and evaluation, input by buckets."""

from tf1_dnn.run.contrib._hparams import HParams, parse_values
from tf1_dnn.run.contrib._names import names_from

__all__ = ["HParams", "parse_values"]

__getattr__, __dir__ = names_from(
    __name__, "tf_slim.training.training", "tf_slim.training.evaluation"
)

"""tensorflow.contrib.training: HParams, tf_slim's train loop and evaluation, input by buckets."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    "tf1_dnn.run.contrib._hparams",
    "tf_slim.training.training",
    "tf_slim.training.evaluation",
)

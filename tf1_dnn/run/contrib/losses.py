"""tensorflow.contrib.losses, which lives on in tf_slim."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    "tf_slim.losses",
    "tf_slim.losses.loss_ops",
    renamed={
        "metric_learning": "tf_slim.losses.metric_learning",
    },
)

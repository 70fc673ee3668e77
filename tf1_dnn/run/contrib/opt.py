"""tensorflow.contrib.opt: optimizers beside tf.train's."""

from tf1_dnn.run.contrib._names import names_from

_HERE = "tf1_dnn.run.contrib"

__getattr__, __dir__ = names_from(
    __name__,
    f"{_HERE}._opt_adam",
    f"{_HERE}._opt_averages",
    f"{_HERE}._opt_weight_decay",
)

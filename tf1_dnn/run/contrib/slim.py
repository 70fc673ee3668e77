"""tensorflow.contrib.slim, which lives on as tf_slim: layers, arg_scope, learning, nets, data."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    "tf_slim",
    "tensorflow.contrib.framework",
    "tensorflow.contrib.layers",
    "tensorflow.contrib.losses",
    renamed={
        "losses": "tensorflow.contrib.losses",
        "metrics": "tensorflow.contrib.metrics",
        "layers": "tensorflow.contrib.layers",
        "ops": "tensorflow.contrib.framework",
        "data": "tf_slim.data",
        "nets": "tf_slim.nets",
        "init_ops": "tensorflow.python.ops.init_ops",
    },
)

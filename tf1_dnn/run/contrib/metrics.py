"""tensorflow.contrib.metrics, most of which lives on in tf_slim, and the rest in tf.sets."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    "tf_slim.metrics",
    renamed={
        "confusion_matrix": "tensorflow.confusion_matrix",
        "set_difference": "tensorflow.sets.difference",
        "set_intersection": "tensorflow.sets.intersection",
        "set_size": "tensorflow.sets.size",
        "set_union": "tensorflow.sets.union",
    },
)

"""tensorflow.contrib.keras, which became tf.keras."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__, "tensorflow.keras")

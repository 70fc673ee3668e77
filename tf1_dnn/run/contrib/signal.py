"""tensorflow.contrib.signal, which became tf.signal."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__, "tensorflow.signal")

"""tensorflow.contrib.cluster_resolver, which became tf.distribute.cluster_resolver."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__, "tensorflow.distribute.cluster_resolver")

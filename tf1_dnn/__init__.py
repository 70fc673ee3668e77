"""The post's deep network with batch normalization and gradient clipping, on tf.compat.v1.

Importing the package does not import TensorFlow; `tf1_dnn.compat` does.
"""

__version__ = "0.1.0"

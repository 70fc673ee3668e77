"""tensorflow.contrib.staging: the area that holds tensors on a device until they are wanted."""

from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(
    __name__,
    renamed={"StagingArea": "tensorflow.python.ops.data_flow_ops.StagingArea"},
)

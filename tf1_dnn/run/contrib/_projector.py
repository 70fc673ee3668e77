"""tf.contrib.tensorboard.plugins.projector: embeddings for TensorBoard's projector."""

import os
from typing import Any

from tf1_dnn.compat import tf
from tf1_dnn.run.contrib._names import names_from

__getattr__, __dir__ = names_from(__name__, "tensorboard.plugins.projector")


def visualize_embeddings(summary_writer: Any, config: Any) -> None:
    """Write the projector's configuration beside a summary writer's events."""
    from google.protobuf import text_format

    logdir = summary_writer.get_logdir()
    if logdir is None:
        raise ValueError("Summary writer must have a logdir")
    with tf.gfile.Open(os.path.join(logdir, "projector_config.pbtxt"), "w") as file:
        file.write(text_format.MessageToString(config))

"""The post's graph: layers, network, loss, train op. Who has read this folder has read the post.

`build_graph` puts all of it together. The parts serve on their own as well: `layers.dense`,
`network.dnn`, `train_op.clip_by_value`. `inference` is the network alone, for export.
"""

from tf1_dnn.graph.build import (
    ModelSpec,
    Tower,
    build_graph,
    build_training_tower,
    uncollected_variable,
)
from tf1_dnn.graph.metrics import CHEAP_METRICS, STEP_METRICS, step_metric

__all__ = [
    "CHEAP_METRICS",
    "STEP_METRICS",
    "ModelSpec",
    "Tower",
    "build_graph",
    "build_training_tower",
    "inference",
    "layers",
    "learning_rate",
    "network",
    "op_types",
    "own_network",
    "step_metric",
    "train_op",
    "uncollected_variable",
]

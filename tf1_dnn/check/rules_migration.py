"""Rules on moving a graph to TensorFlow 2.21: MG001 and MG002."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Iterator

from tf1_dnn.check.findings import Finding, Rule, rule
from tf1_dnn.check.removed_ops import REMOVED
from tf1_dnn.check.variables import Variable
from tf1_dnn.check.words import some

if TYPE_CHECKING:
    from tf1_dnn.check.view import GraphView

_ORIGIN = {op: where for where, ops in REMOVED.items() for op in ops.split()}
_DATA = "tf.data.Dataset.from_generator over the service's own client"
_TREES = "a forest of another library, as of YDF, trained anew"
# What replaces an op, or all ops of one part of tf.contrib.
_REPLACEMENTS = {
    "bigtable": _DATA,
    "boosted_trees": _TREES,
    "fused_conv": "tf.nn.conv2d, tf.nn.bias_add and the activation, which XLA fuses",
    "hadoop": _DATA,
    "ignite": _DATA,
    "kafka": _DATA,
    "kinesis": _DATA,
    "input_pipeline": "tf.data",
    "libsvm": "tf.strings.split and tf.strings.to_number",
    "memory_stats": "tf.config.experimental.get_memory_info",
    "periodic_resample": "tf.nn.depth_to_space, or tf.reshape and tf.transpose",
    "reduce_slice_ops": "tf.math.segment_sum and its kin",
    "resampler": "a bilinear sum of four tf.gather_nd",
    "tensor_forest": _TREES,
    "text": "tf.keras.preprocessing.sequence.skipgrams on the host",
    "AdjustHsvInYiq": "tf.image.adjust_hue, adjust_saturation and tf.image.adjust_brightness",
    "GatherTree": "a tf.while_loop over parent_ids from the last step back",
    "ImageProjectiveTransform": "tf.raw_ops.ImageProjectiveTransformV3",
    "SparseFeatureCross": "tf.sparse.cross",
    "SparseFeatureCrossV2": "tf.sparse.cross_hashed",
    "ZeroInitializer": "tf.zeros_initializer",
    "ZeroVarInitializer": "tf.zeros_initializer",
    "CompareAndBitpack": "a comparison, tf.cast and a sum of powers of two",
    "TensorForestTreePredict": _TREES,
}
_TF1_PRODUCER = 134  # GraphDef version of TensorFlow 1.15; today's is above 2,000

_CELL = re.compile(r"(^|/)\w*(lstm|gru|rnn)\w*_cell(_\d+)?/")
_CUDNN = re.compile(r"(^|/)cudnn_\w+(_\d+)?/opaque_kernel$")
_LAYER_WEIGHTS = re.compile(r"(^|/)(kernel|depthwise_kernel|gamma|moving_mean|embeddings)$")


@rule("MG001", "warning", "ops that TensorFlow 2.21 no longer has")
def mg001(rule: Rule, view: GraphView) -> Iterator[Finding]:
    by_op = {op: view.of_type(op) for op in _ORIGIN}
    for op, nodes in by_op.items():
        if nodes:
            where = _ORIGIN[op]
            source = "TensorFlow 1's core" if where == "core" else f"tf.contrib.{where}"
            hint = _REPLACEMENTS.get(op) or _REPLACEMENTS.get(where)
            yield rule.finding(
                [node.name for node in nodes],
                f"TensorFlow 2.21 has no op {op} (from {source}), which is at "
                f"{some(node.name for node in nodes)}"
                + (f"; in its place stands {hint}." if hint else "; nothing replaces it."),
            )


@rule("MG002", "note", "tf.layers and tf.contrib that need tf_keras or a rewrite")
def mg002(rule: Rule, view: GraphView) -> Iterator[Finding]:
    if not _is_from_tensorflow_1(view):
        return
    contrib = {node.name for node in view.collection("model_variables")}
    kinds: dict[str, list[str]] = {}
    for variable in view.variables:
        kind = _made_by(variable, contrib)
        if kind and not _is_slot(variable):
            kinds.setdefault(kind, []).append(variable.name)
    for kind, names in kinds.items():
        yield rule.finding(names, f"{some(names)} {'look' if names[1:] else 'looks'} {kind}")


def _is_from_tensorflow_1(view: GraphView) -> bool:
    version = view.meta.meta_info_def.tensorflow_version
    if version:
        return version.startswith(("0.", "1."))
    return view.meta.graph_def.versions.producer <= _TF1_PRODUCER


def _made_by(variable: Variable, contrib: set[str]) -> str | None:
    """The words for the library that names variables so, and what is needed to make them today."""
    if _CUDNN.search(variable.name):
        return "made by tf.contrib.cudnn_rnn: rewrite it with tf_keras.layers.LSTM or GRU."
    if _CELL.search(variable.name):
        return (
            "made by an RNN cell: tf.compat.v1.nn.rnn_cell (through tf_keras) has those of "
            "tf.nn.rnn_cell, those of tf.contrib.rnn need a rewrite."
        )
    if variable.name in contrib:
        return (
            "made by tf.contrib.layers or tf-slim: rewrite them with the same names, for tf_slim "
            "1.1.0 does not run on TensorFlow 2.21."
        )
    if _LAYER_WEIGHTS.search(variable.name):
        return "made by tf.layers or Keras 2: install tf_keras and set TF_USE_LEGACY_KERAS=1."
    return None


def _is_slot(variable: Variable) -> bool:
    return not variable.trainable and not variable.name.endswith("moving_mean")

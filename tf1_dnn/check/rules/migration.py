"""Rules on moving a graph to TensorFlow 2.21: MG001 and MG002."""

import importlib.resources
import re
from typing import Iterator

from tf1_dnn.check.facts.steps import trainable
from tf1_dnn.check.facts.variables import Variable, variables
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Node
from tf1_dnn.check.rules.registry import Rule, rule, some

_TF1_PRODUCER = 134  # GraphDef version of TensorFlow 1.15; today's is above 2,000

_CELL = re.compile(r"(^|/)\w*(lstm|gru|rnn)\w*_cell(_\d+)?/")
_CUDNN = re.compile(r"(^|/)cudnn_\w+(_\d+)?/opaque_kernel$")
_LAYER_WEIGHTS = re.compile(r"(^|/)(kernel|depthwise_kernel|gamma|moving_mean|embeddings)$")


def removed_ops() -> dict[str, str]:
    """The ops of TensorFlow 1.15.5 that 2.21 lacks: where each was, a part of tf.contrib or "core".

    removed_ops.txt has them by part; tests/check/make_removed_ops.py makes it.
    """
    return {op: part for part, ops in _lines("removed_ops.txt") for op in ops.split()}


def replacements() -> dict[str, str]:
    """What replaces an op, or all ops of a part of tf.contrib."""
    return {name: text for names, text in _lines("replacements.txt") for name in names.split()}


def _lines(file_name: str) -> Iterator[tuple[str, str]]:
    """The lines "names: text" of a file beside this one."""
    text = (importlib.resources.files(__package__) / file_name).read_text("utf-8")
    for line in text.splitlines():
        names, _, rest = line.partition(": ")
        yield names, rest


@rule("MG001", "warning", "ops that TensorFlow 2.21 no longer has")
def mg001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    hints = replacements()
    for op, part in removed_ops().items():
        nodes = graph.of_type(op)
        if nodes:
            source = "TensorFlow 1's core" if part == "core" else f"tf.contrib.{part}"
            hint = hints.get(op) or hints.get(part)
            yield rule.finding(
                nodes,
                f"TensorFlow 2.21 has no op {op} (from {source}), which is at "
                f"{some(node.name for node in nodes)}"
                + (f"; in its place stands {hint}." if hint else "; nothing replaces it."),
            )


@rule("MG002", "note", "tf.layers and tf.contrib that need tf_keras or a rewrite")
def mg002(rule: Rule, graph: Graph) -> Iterator[Finding]:
    if not _is_from_tensorflow_1(graph):
        return
    contrib = set(graph.collection("model_variables"))
    kinds: dict[str, list[Variable]] = {}
    for variable in variables(graph):
        kind = _made_by(variable, contrib)
        is_slot = variable not in trainable(graph) and not variable.name.endswith("moving_mean")
        if kind and not is_slot:
            kinds.setdefault(kind, []).append(variable)
    for kind, made in kinds.items():
        looks = "look" if made[1:] else "looks"
        yield rule.finding(made, f"{some(each.name for each in made)} {looks} {kind}")


def _is_from_tensorflow_1(graph: Graph) -> bool:
    version = graph.meta.meta_info_def.tensorflow_version
    if version:
        return version.startswith(("0.", "1."))
    return graph.meta.graph_def.versions.producer <= _TF1_PRODUCER


def _made_by(variable: Variable, contrib: set[Node]) -> str | None:
    """The words for the library that names variables so, and what is needed to make them today."""
    if _CUDNN.search(variable.name):
        return "made by tf.contrib.cudnn_rnn: rewrite it with tf_keras.layers.LSTM or GRU."
    if _CELL.search(variable.name):
        return (
            "made by an RNN cell: tf.compat.v1.nn.rnn_cell (through tf_keras) has those of "
            "tf.nn.rnn_cell, those of tf.contrib.rnn need a rewrite."
        )
    if variable.node in contrib:
        return (
            "made by tf.contrib.layers or tf-slim: rewrite them with the same names, for tf_slim "
            "1.1.0 does not run on TensorFlow 2.21."
        )
    if _LAYER_WEIGHTS.search(variable.name):
        return "made by tf.layers or Keras 2: install tf_keras and set TF_USE_LEGACY_KERAS=1."
    return None

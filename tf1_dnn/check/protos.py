"""TensorFlow's messages as TensorBoard carries them, which needs no TensorFlow, and two more."""

from __future__ import annotations

from typing import Any, Iterator

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from tensorboard.compat.proto import event_pb2, graph_pb2, meta_graph_pb2, variable_pb2

Event: Any = event_pb2.Event
GraphDef: Any = graph_pb2.GraphDef
MetaGraphDef: Any = meta_graph_pb2.MetaGraphDef
VariableDef: Any = variable_pb2.VariableDef

_Field = descriptor_pb2.FieldDescriptorProto
# GraphKeys of variables, whose collections hold VariableDefs.
_VARIABLE_KEYS = ("variables", "trainable_variables", "local_variables", "model_variables")


def _make_missing() -> tuple[Any, Any]:
    """What TensorBoard lacks of TensorFlow's saved_model.proto and queue_runner.proto."""
    meta_graph = meta_graph_pb2.MetaGraphDef.DESCRIPTOR
    file = descriptor_pb2.FileDescriptorProto(
        name="tf1_dnn/check.proto", package="tf1_dnn.check", syntax="proto3"
    )
    file.dependency.append(meta_graph.file.name)
    saved_model = file.message_type.add(name="SavedModel").field
    saved_model.add(name="saved_model_schema_version", number=1, type=_Field.TYPE_INT64, label=1)
    saved_model.add(
        name="meta_graphs",
        number=2,
        type=_Field.TYPE_MESSAGE,
        type_name=f".{meta_graph.full_name}",
        label=_Field.LABEL_REPEATED,
    )
    queue_runner = file.message_type.add(name="QueueRunnerDef").field
    queue_runner.add(
        name="enqueue_op_name", number=2, type=_Field.TYPE_STRING, label=_Field.LABEL_REPEATED
    )
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    names = ("tf1_dnn.check.SavedModel", "tf1_dnn.check.QueueRunnerDef")
    saved, runner = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names
    )
    return saved, runner


SavedModel, QueueRunnerDef = _make_missing()


def collection_names(meta: Any, key: str) -> list[str]:
    """The names of the ops, tensors or variables in a collection, without the ":0"."""
    if key not in meta.collection_def:
        return []
    names = list(meta.collection_def[key].node_list.value)
    names += [each.variable_name for each in _messages(meta, key, VariableDef)]
    return [name.split(":")[0] for name in names]


def initializer_names(meta: Any) -> Iterator[str]:
    """The names of the ops that give variables their initial values."""
    for key in _VARIABLE_KEYS:
        for variable in _messages(meta, key, VariableDef):
            yield variable.initializer_name.split(":")[0]


def enqueue_names(meta: Any) -> Iterator[str]:
    """The names of the ops that queue runners' threads run beside every step."""
    for runner in _messages(meta, "queue_runners", QueueRunnerDef):
        yield from runner.enqueue_op_name


def _messages(meta: Any, key: str, kind: Any) -> Iterator[Any]:
    if key not in meta.collection_def:
        return
    for data in meta.collection_def[key].bytes_list.value:
        try:
            yield kind.FromString(data)
        except DecodeError:
            continue

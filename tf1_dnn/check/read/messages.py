"""TensorFlow's messages as TensorBoard carries them, which needs no TensorFlow, and two more."""

from typing import Any, Iterator, Sequence

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorboard.compat.proto import event_pb2, graph_pb2, meta_graph_pb2, variable_pb2

from tf1_dnn.protos import make_messages

Event: Any = event_pb2.Event
GraphDef: Any = graph_pb2.GraphDef
MetaGraphDef: Any = meta_graph_pb2.MetaGraphDef
VariableDef: Any = variable_pb2.VariableDef

# What TensorBoard lacks of saved_model.proto and queue_runner.proto, as far as it is read here.
_MISSING = """
name: "tf1_dnn/check.proto" package: "tf1_dnn.check" syntax: "proto3"
dependency: "tensorboard/compat/proto/meta_graph.proto"
message_type {
  name: "SavedModel"
  field { name: "saved_model_schema_version" number: 1 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field {
    name: "meta_graphs" number: 2 label: LABEL_REPEATED
    type: TYPE_MESSAGE type_name: ".tensorboard.MetaGraphDef"
  }
}
message_type {
  name: "QueueRunnerDef"
  field { name: "enqueue_op_name" number: 2 type: TYPE_STRING label: LABEL_REPEATED }
}
"""
SavedModel, QueueRunnerDef = make_messages(_MISSING)
# GraphKeys of variables, whose collections hold VariableDefs.
_VARIABLE_KEYS = ("variables", "trainable_variables", "local_variables", "model_variables")


def parse(data: bytes, kinds: Sequence[Any], is_text: bool = False) -> Any:
    """The first of these kinds of message that holds a graph, as a MetaGraphDef; or None."""
    for kind in kinds:
        try:
            message = text_format.Parse(data, kind()) if is_text else kind.FromString(data)
        except (DecodeError, text_format.ParseError, RecursionError, ValueError):
            continue
        meta = as_meta(message)
        if is_graph(meta):
            return meta
    return None


def as_meta(message: Any) -> Any:
    """A MetaGraphDef of any of the three; of a SavedModel's graphs the one tagged for training."""
    if message.DESCRIPTOR.name == "GraphDef":
        return MetaGraphDef(graph_def=message)
    if message.DESCRIPTOR.name == "SavedModel":
        metas = sorted(message.meta_graphs, key=lambda meta: "train" not in meta.meta_info_def.tags)
        return metas[0] if metas else MetaGraphDef()
    return message


def is_graph(meta: Any) -> bool:
    """Whether there are nodes and all are named: bytes of another kind may parse as well."""
    nodes = meta.graph_def.node
    return bool(nodes) and all(node.name and node.op for node in nodes)


def meta_of_graph(graph: Any) -> Any:
    """A tf.Graph with its collections, as tf.train.export_meta_graph would give it."""
    meta = MetaGraphDef()
    meta.graph_def.ParseFromString(graph.as_graph_def(add_shapes=True).SerializeToString())
    with graph.as_default():  # where variables can describe themselves
        for key in filter(lambda key: isinstance(key, str), graph.get_all_collection_keys()):
            for item in graph.get_collection(key):
                _add_to_collection(meta.collection_def[key], item)
    return meta


def _add_to_collection(collection: Any, item: Any) -> None:
    """Add an op, a tensor or a variable; of a resource's `assign`, the op that assigns."""
    if hasattr(item, "to_proto"):
        try:
            collection.bytes_list.value.append(item.to_proto().SerializeToString())
            return
        except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
            item = getattr(item, "op", None)
    if isinstance(getattr(item, "name", None), str):
        collection.node_list.value.append(item.name)


def collection_names(meta: Any, key: str) -> list[str]:
    """The names of the ops, tensors or variables in a collection, without the ":0"."""
    if key not in meta.collection_def:
        return []
    names = list(meta.collection_def[key].node_list.value)
    names += [each.variable_name for each in _described(meta, key, VariableDef)]
    return [name.split(":")[0] for name in names]


def initializer_names(meta: Any) -> Iterator[str]:
    """The names of the ops that give variables their initial values."""
    for key in _VARIABLE_KEYS:
        for variable in _described(meta, key, VariableDef):
            yield variable.initializer_name.split(":")[0]


def enqueue_names(meta: Any) -> Iterator[str]:
    """The names of the ops that queue runners' threads run beside every step."""
    for runner in _described(meta, "queue_runners", QueueRunnerDef):
        yield from runner.enqueue_op_name


def _described(meta: Any, key: str, kind: Any) -> Iterator[Any]:
    """The messages of this kind in a collection; what is no such message is left out."""
    if key not in meta.collection_def:
        return
    for data in meta.collection_def[key].bytes_list.value:
        try:
            yield kind.FromString(data)
        except DecodeError:
            continue

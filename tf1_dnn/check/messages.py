"""Whatever message a graph comes in, as a MetaGraphDef."""

from __future__ import annotations

from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError

from tf1_dnn.check.protos import MetaGraphDef


def parse(data: bytes, kind: Any) -> Any:
    """A message of this kind in binary form; None where the data are none."""
    try:
        return kind.FromString(data)
    except DecodeError:
        return None


def parse_text(data: bytes, kind: Any) -> Any:
    """A message of this kind in text form; None where the data are none."""
    try:
        return text_format.Parse(data, kind())
    except (text_format.ParseError, RecursionError, ValueError):
        return None


def as_meta(message: Any) -> Any:
    """A MetaGraphDef of any of the three; of a SavedModel's graphs the one tagged for training."""
    if message.DESCRIPTOR.name == "GraphDef":
        meta = MetaGraphDef()
        meta.graph_def.CopyFrom(message)
        return meta
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

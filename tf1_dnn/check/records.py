"""The graph in a TensorBoard events file."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any, Iterator

from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn.check.messages import as_meta, is_graph, parse
from tf1_dnn.check.protos import Event, GraphDef, MetaGraphDef

_MOST_RECORDS = 1000  # the graph is among a file's first


def read_events(path: Path) -> Any:
    """The last graph in an events file, with collections if there is such a one; or None."""
    bare = full = None
    for record in _records(path):
        event = parse(record, Event)
        if event is None:
            break
        full = event.meta_graph_def or full
        bare = event.graph_def or bare
    for data, kind in [(full, MetaGraphDef), (bare, GraphDef)]:
        message = parse(data, kind) if data else None
        if message is not None and is_graph(as_meta(message)):
            return as_meta(message)
    return None


def _records(path: Path) -> Iterator[bytes]:
    """The records of a TFRecord file: length, its checksum, data, the data's checksum."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        for _ in range(_MOST_RECORDS):
            header = file.read(12)
            if len(header) < 12:
                return
            length, checksum = struct.unpack("<QI", header)
            if checksum != masked_crc32c(header[:8]) or length > size:
                return  # damaged: what came before stands
            yield file.read(length)
            file.read(4)

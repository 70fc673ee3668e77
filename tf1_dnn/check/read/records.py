"""The graph in a TensorBoard events file."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any, Iterator

from google.protobuf.message import DecodeError
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn.check.read.messages import Event, GraphDef, MetaGraphDef, parse

_MOST_RECORDS = 1000  # the graph is among a file's first


def read_events(path: Path) -> Any:
    """The last graph in an events file, with collections if there is such a one; or None."""
    bare = full = b""
    for record in _records(path):
        try:
            event = Event.FromString(record)
        except DecodeError:
            break
        full = event.meta_graph_def or full
        bare = event.graph_def or bare
    return parse(full, [MetaGraphDef]) or parse(bare, [GraphDef])


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

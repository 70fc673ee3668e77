"""A checkpoint's index, a table in LevelDB's format, read as data.

TensorFlow's own reader ends the process, not the call, over an entry whose shape is none. So what
is to be restored is looked at here first, and TensorFlow reads what it would have written itself.
"""

import math
import os
import re
import struct
from pathlib import Path
from typing import Any, Iterator, NamedTuple

from google.protobuf.message import DecodeError
from tensorboard.compat.proto import tensor_shape_pb2, versions_pb2  # noqa: F401, the pool's
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn.files import open_regular
from tf1_dnn.protos import make_messages

_MOST_BYTES = 1 << 26  # some hundred for each variable
_MOST_DIMENSIONS = 254  # TensorFlow's own bound
_MOST_ELEMENTS = 1 << 40
_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57
_STRING = 7
_BYTES = {  # of an element, by the number of its type in types.proto
    **dict.fromkeys((4, 6, 10, 11, 12), 1),
    **dict.fromkeys((5, 14, 15, 16, 17, 19), 2),
    **dict.fromkeys((1, 3, 13, 22), 4),
    **dict.fromkeys((2, 8, 9, 23), 8),
    18: 16,
}
# tensor_bundle.proto, which TensorBoard lacks.
_PROTO = """
name: "tf1_dnn/checkpoint_index.proto" package: "tf1_dnn" syntax: "proto3"
dependency: "tensorboard/compat/proto/tensor_shape.proto"
dependency: "tensorboard/compat/proto/versions.proto"
message_type {
  name: "BundleHeader"
  field { name: "num_shards" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field { name: "endianness" number: 2 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field {
    name: "version" number: 3 label: LABEL_OPTIONAL
    type: TYPE_MESSAGE type_name: ".tensorboard.VersionDef"
  }
}
message_type {
  name: "BundleEntry"
  field { name: "dtype" number: 1 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field {
    name: "shape" number: 2 label: LABEL_OPTIONAL
    type: TYPE_MESSAGE type_name: ".tensorboard.TensorShapeProto"
  }
  field { name: "shard_id" number: 3 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field { name: "offset" number: 4 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field { name: "size" number: 5 type: TYPE_INT64 label: LABEL_OPTIONAL }
  field { name: "crc32c" number: 6 type: TYPE_FIXED32 label: LABEL_OPTIONAL }
  field { name: "slices" number: 7 type: TYPE_BYTES label: LABEL_REPEATED }
}
"""
BundleHeader, BundleEntry = make_messages(_PROTO)


class Item(NamedTuple):
    """A key and its value in a block, and how the block stores them."""

    key: bytes
    value: bytes
    start: int
    n_shared: int  # bytes of the key that are those of the one before it


def names(path: Path) -> frozenset[str]:
    """The names of the variables; ValueError if the index is damaged, OSError if it is no file."""
    # The header's key is empty; those of a partitioned variable's parts begin with a zero.
    return frozenset(key.decode() for key in _entries(path) if key and key[0])


def shapes(prefix: str) -> dict[str, list[int]]:
    """The shapes of the variables in a checkpoint that TensorFlow can be given to read.

    Raises ValueError for a checkpoint that TensorFlow would not have written, for variables in
    parts, and for a prefix that is a pattern; OSError for files that are missing or none.
    """
    if re.search(r"[\[\\]", prefix):  # TensorFlow would look for other files than are read here
        raise ValueError("TensorFlow takes [ and \\ in a path for a pattern")
    entries = _entries(Path(f"{prefix}.index"))
    shards = _shard_sizes(prefix, _parse(BundleHeader, entries.pop(b"", b"")))
    found = {}
    for key, value in entries.items():
        if key[0] == 0:
            raise ValueError("a variable lies there in parts, which cannot be read here")
        name, entry = key.decode(), _parse(BundleEntry, value)
        if fault := _fault(entry, shards):
            raise ValueError(f"of {name!r} it says {fault}")
        found[name] = [dim.size for dim in entry.shape.dim]
    return found


def _parse(kind: Any, value: bytes) -> Any:
    """A message from the very bytes that TensorFlow writes for it.

    Fields that are unknown, out of order or there twice might be read in another way elsewhere.
    """
    try:
        message = kind.FromString(value)
    except DecodeError as error:
        raise ValueError("an entry is damaged") from error
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != value:
        raise ValueError("an entry is not written as TensorFlow writes it")
    return message


def _shard_sizes(prefix: str, header: Any) -> list[int]:
    """The sizes of the files that the header tells of."""
    n = header.num_shards
    is_ours = header.endianness == 0 and header.version.min_consumer <= 1
    if not is_ours or not 1 <= n < 1_000 or header.version.bad_consumers:
        raise ValueError("its header is not one of TensorFlow's")
    paths = [f"{prefix}.data-{i:05d}-of-{n:05d}" for i in range(n)]
    for path in paths:
        open_regular(path).close()  # refuses what is no file
    return [os.path.getsize(path) for path in paths]


def _fault(entry: Any, shards: list[int]) -> str | None:
    """What is wrong with a variable's entry."""
    dims = [dim.size for dim in entry.shape.dim]
    if entry.slices:
        return "that it lies there in parts, which cannot be read here"
    if entry.shape.unknown_rank or len(dims) > _MOST_DIMENSIONS or min(dims, default=0) < 0:
        return "no shape"
    if math.prod(max(dim, 1) for dim in dims) > _MOST_ELEMENTS:
        return f"the shape {dims}, larger than any that is stored"
    if entry.dtype not in _BYTES and entry.dtype != _STRING:
        return f"the type {entry.dtype}, which is not one that is stored"
    n = math.prod(dims)
    # Of texts each takes a byte or more.
    fits = n <= entry.size if entry.dtype == _STRING else n * _BYTES[entry.dtype] == entry.size
    if not fits:
        return f"{entry.size} bytes, which do not fit the shape {dims}"
    if not 0 <= entry.shard_id < len(shards):
        return f"that it lies in file {entry.shard_id} of {len(shards)}"
    if min(entry.offset, entry.size) < 0 or entry.offset + entry.size > shards[entry.shard_id]:
        return "that it lies beyond the end of its file"
    return None


def _entries(path: Path) -> dict[bytes, bytes]:
    """The values by key, which ascend; ValueError for what is no such table."""
    with open_regular(path) as file:
        table = file.read(_MOST_BYTES + 1)
    if len(table) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
    try:
        footer = table[-_FOOTER:]
        if struct.unpack("<Q", footer[-8:]) != (_MAGIC,):
            raise ValueError("it is no index of a checkpoint")
        found: dict[bytes, bytes] = {}
        n_bytes, last = 0, None
        for key, value in _pairs(table, footer):
            n_bytes += len(key)  # shared beginnings make a little table hold endless keys
            if n_bytes > _MOST_BYTES:
                raise ValueError(f"its names are longer than {_MOST_BYTES:,} bytes")
            if last is not None and key <= last:
                raise ValueError("its names do not ascend")
            found[key] = value
            last = key
        return found
    except (IndexError, struct.error) as error:
        raise ValueError("it is cut short or damaged") from error


def _pairs(table: bytes, footer: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values of all blocks. The index's key of a block bounds those in it."""
    position = 0
    for _ in range(2):  # the footer names another block before the index
        _, position = _number(footer, position)
    least: bytes | None = None
    for bound, handle, *_ in _items(_block(table, footer[position:])):
        for key, value, *_ in _items(_block(table, handle)):
            if key > bound or least is not None and key <= least:
                raise ValueError("a name is out of its block's bounds")
            yield key, value
        least = bound


def _block(table: bytes, handle: bytes) -> bytes:
    """The block at a handle, which is its offset and size."""
    offset, position = _number(handle, 0)
    size, _ = _number(handle, position)
    if offset + size > len(table):
        raise IndexError
    block = table[offset : offset + size]
    kind, checksum = struct.unpack_from("<BI", table, offset + size)
    if masked_crc32c(block + bytes([kind])) != checksum:
        raise ValueError("a checksum does not fit")
    if kind != 0:
        raise ValueError("it is compressed, as no release of TensorFlow writes it")
    return block


def _items(block: bytes) -> list[Item]:
    """What a block holds; each key begins like the one before it, as far as its entry says.

    Restart points, from which TensorFlow reads as well, must be entries that share nothing.
    """
    (n_restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 - 4 * n_restarts
    if not n_restarts or end < 0:
        raise IndexError
    restarts = struct.unpack_from(f"<{n_restarts}I", block, end)
    items = list(_parsed(block[:end]))
    starts = {item.start for item in items if item.n_shared == 0} or {0}
    if (
        list(restarts) != sorted(set(restarts))
        or restarts[0] != 0
        or not starts.issuperset(restarts)
    ):
        raise ValueError("a block's restart points are damaged")
    return items


def _parsed(block: bytes) -> Iterator[Item]:
    position, key = 0, b""
    while position < len(block):
        start = position
        n_shared, position = _number(block, position)
        n_own, position = _number(block, position)
        n_value, position = _number(block, position)
        end = position + n_own + n_value
        if end > len(block) or n_shared > len(key):
            raise IndexError
        key = key[:n_shared] + block[position : position + n_own]
        yield Item(key, block[position + n_own : end], start, n_shared)
        position = end


def _number(data: bytes, position: int) -> tuple[int, int]:
    """A varint of up to 35 bits, in as few bytes as it needs; and where it ends."""
    number = 0
    for i in range(5):
        byte = data[position + i]
        number |= (byte & 127) << 7 * i
        if byte < 128:
            if i and not byte:
                break
            return number, position + i + 1
    raise ValueError("a length is not written as TensorFlow writes it")

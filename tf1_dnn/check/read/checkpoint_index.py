"""The names in a checkpoint's index, a LevelDB table, read as data.

TensorFlow's own reader ends the process, not the call, over an entry whose shape is none.
"""

import struct
from pathlib import Path
from typing import Iterator

from google.protobuf.internal.decoder import _DecodeVarint
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from tf1_dnn.files import open_regular

_MOST_BYTES = 1 << 26  # some hundred for each variable
_FOOTER = 48
_MAGIC = 0xDB4775248B80FB57


def names(path: Path) -> frozenset[str]:
    """The names of the variables; ValueError if the index is damaged, OSError if it is no file."""
    with open_regular(path) as file:
        table = file.read(_MOST_BYTES + 1)
    if len(table) > _MOST_BYTES:
        raise ValueError(f"it is larger than {_MOST_BYTES:,} bytes")
    try:
        footer = table[-_FOOTER:]
        if struct.unpack("<Q", footer[-8:]) != (_MAGIC,):
            raise ValueError("it is no index of a checkpoint")
        # The header's key is empty; those of a partitioned variable's parts begin with a zero.
        return frozenset(key.decode() for key in _keys(table, footer) if key and key[0])
    except (IndexError, struct.error) as error:
        raise ValueError("it is cut short or damaged") from error


def _keys(table: bytes, footer: bytes) -> Iterator[bytes]:
    n_bytes = 0
    for _, handle in _entries(_index(table, footer)):
        for key, _ in _entries(_block(table, handle)):
            n_bytes += len(key)  # shared beginnings make a little table hold endless keys
            if n_bytes > _MOST_BYTES:
                raise ValueError(f"its names are longer than {_MOST_BYTES:,} bytes")
            yield key


def _index(table: bytes, footer: bytes) -> bytes:
    """The block that says where the others are; the footer names another one before it."""
    position = 0
    for _ in range(2):
        _, position = _DecodeVarint(footer, position)
    return _block(table, footer[position:])


def _block(table: bytes, handle: bytes) -> bytes:
    """The block at a handle, which is its offset and size, without what follows its entries."""
    offset, position = _DecodeVarint(handle, 0)
    size, _ = _DecodeVarint(handle, position)
    block = table[offset : offset + size]
    kind, checksum = struct.unpack_from("<BI", table, offset + size)
    if masked_crc32c(block + bytes([kind])) != checksum:
        raise ValueError("a checksum does not fit")
    if kind != 0:
        raise ValueError("it is compressed, as no release of TensorFlow writes it")
    (n_restarts,) = struct.unpack("<I", block[-4:])
    return block[: max(len(block) - 4 - 4 * n_restarts, 0)]


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The keys and values; each key begins like the one before it, as far as its entry says."""
    position, key = 0, b""
    while position < len(block):
        n_shared, position = _DecodeVarint(block, position)
        n_own, position = _DecodeVarint(block, position)
        n_value, position = _DecodeVarint(block, position)
        end = position + n_own + n_value
        if end > len(block):
            raise IndexError
        key = key[:n_shared] + block[position : position + n_own]
        yield key, block[position + n_own : end]
        position = end

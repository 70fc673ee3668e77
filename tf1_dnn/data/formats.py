"""Readers of IDX and npz files; no header is believed, and nothing is unpickled."""

import gzip
import math
import os
import struct
import zipfile
import zlib
from io import BufferedIOBase
from typing import IO, Any, Sequence

import numpy as np
import numpy.typing as npt
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

from tf1_dnn.errors import DataError, told
from tf1_dnn.spec import PathLike

Array = npt.NDArray[Any]
Stream = IO[bytes] | BufferedIOBase

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NPY_HEADERS = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_INFLATION = 1032  # deflate cannot make more bytes than this out of one
_MOST_DIMENSIONS = 32  # of a NumPy array, before NumPy 2
_CHUNK = 1 << 20


def read_idx(path: PathLike) -> Array:
    """The array in an IDX file, plain or gzipped whatever its name; DataError if damaged."""
    faults = (OSError, EOFError, zlib.error)
    with told(DataError, f"cannot read {path}", "get a fresh copy", *faults):
        with open(path, "rb") as file:
            gzipped = file.peek(2)[:2] == _GZIP_MAGIC
            stream: Stream = gzip.GzipFile(fileobj=file) if gzipped else file
            dtype, shape = _read_idx_header(stream, path)
            n_bytes = math.prod(shape) * dtype.itemsize
            size = os.fstat(file.fileno()).st_size * (_MOST_INFLATION if gzipped else 1)
            _require_promise(n_bytes <= size, n_bytes, "more than the file can hold", path)
            data = _read_exactly(stream, n_bytes, path)
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def read_npz(path: PathLike, names: Sequence[str]) -> list[Array]:
    """The named arrays of an npz file; DataError if one is missing or damaged.

    Python objects are refused, never unpickled.
    """
    # zipfile and NumPy's header parser raise a dozen kinds
    with told(DataError, f"cannot read {path} as npz", "get a fresh copy", Exception):
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
            missing = ", ".join(name for name in names if f"{name}.npy" not in members)
            if missing:
                raise DataError(f"{path} lacks {missing}: add the missing arrays")
            return [_read_member(archive, f"{name}.npy", path) for name in names]


def _read_idx_header(stream: Stream, path: PathLike) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_TYPES:
        raise DataError(f"{path} is not an IDX file (it begins with {magic!r}): get a fresh copy")
    rank = magic[3]
    dimensions = stream.read(4 * rank)
    shape = struct.unpack(f">{rank}I", dimensions.ljust(4 * rank, b"\0"))  # cut short: zeros
    if not 0 < rank <= _MOST_DIMENSIONS or 0 in shape:
        raise DataError(f"{path} is damaged: its header does not name a shape: get a fresh copy")
    return np.dtype(_IDX_TYPES[magic[2]]), shape


def _read_member(archive: zipfile.ZipFile, name: str, path: PathLike) -> Array:
    info = archive.getinfo(name)
    with archive.open(info) as member:
        shape, fortran_order, dtype = _NPY_HEADERS[read_magic(member)](member)
        if dtype.hasobject:
            raise DataError(f"{name} in {path} holds Python objects: save it as numbers")
        n_bytes = math.prod(shape) * dtype.itemsize
        follow = info.file_size - member.tell()
        _require_promise(n_bytes == follow, n_bytes, f"but {follow} follow", f"{name} in {path}")
        data = _read_exactly(member, n_bytes, f"{name} in {path}")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")


def _read_exactly(stream: Stream, n_bytes: int, path: PathLike) -> bytearray:
    """Read to the end, chunk by chunk, so that memory is taken for data and not for promises."""
    data = bytearray()
    while chunk := stream.read(min(_CHUNK, n_bytes + 1 - len(data))):
        data += chunk
    follow = "fewer" if len(data) < n_bytes else "more"
    _require_promise(len(data) == n_bytes, n_bytes, f"but {follow} follow", path)
    return data


def _require_promise(holds: bool, n_bytes: int, fact: str, path: PathLike) -> None:
    if not holds:
        raise DataError(
            f"{path} is damaged: its header promises {n_bytes} bytes, {fact}: get a fresh copy"
        )

"""Readers of IDX and npz files; no header is believed, and nothing is unpickled."""

import contextlib
import gzip
import io
import math
import os
import struct
import warnings
import zipfile
import zlib
from io import BufferedIOBase
from typing import IO, Any, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

from tf1_dnn.data import memory
from tf1_dnn.errors import DataError, told
from tf1_dnn.files import open_regular
from tf1_dnn.spec import PathLike

Array = npt.NDArray[Any]
Stream = IO[bytes] | BufferedIOBase

_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_NPY_HEADERS = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}
_GZIP_MAGIC = b"\x1f\x8b"
_MOST_INFLATION = 1032  # deflate cannot make more bytes than this out of one
_MOST_HEADER = 1 << 16  # bytes of an npy header; NumPy itself writes some hundred
_MOST_DIMENSIONS = 32  # of a NumPy array, before NumPy 2
_CHUNK = 1 << 20


def read_idx(path: PathLike) -> Array:
    """The array in an IDX file, plain or gzipped whatever its name.

    Raises DataError if it is damaged or larger than memory allows.
    """
    faults = (OSError, EOFError, zlib.error)
    with _opened(path) as file:
        with told(DataError, f"cannot read {path}", "get a fresh copy", *faults):
            gzipped = file.peek(2)[:2] == _GZIP_MAGIC
            stream: Stream = gzip.GzipFile(fileobj=file) if gzipped else file
            dtype, shape = _read_idx_header(stream, path)
            n_bytes = math.prod(shape) * dtype.itemsize
            size = os.fstat(file.fileno()).st_size * (_MOST_INFLATION if gzipped else 1)
            _require_promise(n_bytes <= size, n_bytes, "more than the file can hold", path)
            data = _read_exactly(stream, n_bytes, path)
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def read_npz(path: PathLike, names: Sequence[str]) -> list[Array]:
    """The named arrays of an npz file.

    Raises DataError if one is missing, damaged or larger than memory allows. Python objects are
    refused, never unpickled.
    """
    # zipfile and NumPy's header parser raise a dozen kinds
    fault, remedy = f"cannot read {path} as npz", "get a fresh copy"
    with _opened(path) as file, told(DataError, fault, remedy, Exception):
        _require_npz(file, path)
        with zipfile.ZipFile(file) as archive:
            members = set(archive.namelist())
            missing = ", ".join(name for name in names if f"{name}.npy" not in members)
            if missing:
                raise DataError(f"{path} lacks {missing}: add the missing arrays")
            return [_read_member(archive, f"{name}.npy", path) for name in names]


def _require_npz(file: io.BufferedReader, path: PathLike) -> None:
    """Raise DataError that says what the file seems to be, if it does not begin like a zip file."""
    begin = file.peek(4)[:4]
    is_zip = begin[:2] in (b"PK", b"")  # of an empty file zipfile tells what is wrong
    if begin[:2] == _GZIP_MAGIC:
        with contextlib.suppress(OSError, EOFError, zlib.error):
            begin = gzip.GzipFile(fileobj=file).read(4)
        file.seek(0)
    if begin[:2] == b"\0\0" and begin[2:3] and begin[2] in _IDX_TYPES:
        raise DataError(f"{path} is one IDX file, and MNIST has four: name the folder of all four")
    if not is_zip:
        raise DataError(
            f"{path} is no npz file: name one, a CSV file whose name ends in .csv, or a folder"
        )


@contextlib.contextmanager
def _opened(path: PathLike) -> Iterator[io.BufferedReader]:
    """The open file; DataError if it is none."""
    with told(DataError, f"cannot open {path}", "name a file that you may read", OSError):
        file = open_regular(path)
    with file:
        yield file


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
    info, what = archive.getinfo(name), f"{name} in {path}"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{what} is not compressed as NumPy does it: save it with np.savez")
    shape, fortran_order, dtype, start = _read_npy_header(archive, info)
    if dtype.hasobject:
        raise DataError(f"{what} holds Python objects: save it as numbers")
    n_bytes, follow = math.prod(shape) * dtype.itemsize, info.file_size - start
    _require_promise(n_bytes == follow, n_bytes, f"but {follow} follow", what)
    with archive.open(info) as member:
        member.read(start)
        data = _read_exactly(member, n_bytes, what)
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")


def _read_npy_header(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, whether in Fortran's order, dtype, and where the data begin."""
    with archive.open(info) as member:
        head = io.BytesIO(member.read(_MOST_HEADER))  # it may claim to be 4 GB long
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python 2's spelling
        return *_NPY_HEADERS[read_magic(head)](head), head.tell()


def _read_exactly(stream: Stream, n_bytes: int, path: PathLike) -> bytearray:
    """Read to the end, chunk by chunk, so that memory is taken for data and not for promises.

    What is converted later takes as much again, so half of the memory is left for that.
    """
    room = memory.available()
    if 2 * n_bytes > room:
        raise DataError(
            f"{path} holds {n_bytes:,} bytes, more than half of the {room:,} that memory has "
            "room for: take a part of the data"
        )
    data = bytearray()
    with told(DataError, f"{path} is too large for memory", "take a part of the data", MemoryError):
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

"""A small data set in MNIST's file formats, for the tests of their readers."""

import io
import struct

import numpy as np

FILES = {
    "train-images-idx3-ubyte": np.arange(24, dtype=np.uint8).reshape(4, 2, 3),
    "train-labels-idx1-ubyte": np.array([0, 1, 1, 0], np.uint8),
    "t10k-images-idx3-ubyte": np.arange(12, dtype=np.uint8).reshape(2, 2, 3) + 100,
    "t10k-labels-idx1-ubyte": np.array([1, 0], np.uint8),
}
KEYS = ("x_train", "y_train", "x_test", "y_test")
TYPE_CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array):
    header = struct.pack(
        f">HBB{array.ndim}I", 0, TYPE_CODES[array.dtype.str[1:]], array.ndim, *array.shape
    )
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **{**dict(zip(KEYS, FILES.values())), **arrays})
    return file.getvalue()


def write_folder(folder, spell=lambda name: name, encode=lambda data: data):
    folder.mkdir(exist_ok=True)
    for name, array in FILES.items():
        (folder / spell(name)).write_bytes(encode(idx(array)))
    return folder


def write(path, data):
    path.write_bytes(data)
    return path


def assert_is_the_set(arrays):
    flat = [array for pair in arrays for array in pair]
    for array, expected in zip(flat, FILES.values(), strict=True):
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, expected)

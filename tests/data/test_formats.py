"""Files in MNIST's formats: exact values, and every lie a file can tell."""

import gzip
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnist_files import FILES, KEYS, TYPE_CODES, assert_is_the_set, idx, npz, write

from tf1_dnn.data import formats, mnist
from tf1_dnn.errors import DataError


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "file"


# IDX files


@pytest.mark.parametrize("kind", TYPE_CODES)
@pytest.mark.parametrize("encode", [bytes, gzip.compress])
def test_idx_types_come_back_exactly_and_in_native_order(kind, encode, tmp_path):
    array = np.array([[1, 2, 3], [100, 0, 7]], kind)
    result = formats.read_idx(write(tmp_path / "any.name", encode(idx(array))))
    assert result.dtype == np.dtype(kind) and result.dtype.isnative
    np.testing.assert_array_equal(result, array)


GOOD = idx(FILES["train-images-idx3-ubyte"])
ZIPPED = gzip.compress(GOOD, mtime=0)  # part of the tests' names


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "not an IDX file"),
        (GOOD[:3], "not an IDX file"),
        (b"\1" + GOOD[1:], "not an IDX file"),
        (GOOD[:2] + b"\x0a" + GOOD[3:], "not an IDX file"),
        (GOOD[:10], "does not name a shape"),
        (b"\0\0\x08\0" + b"\0" * 8, "does not name a shape"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 256, "does not name a shape"),
        (struct.pack(">HBBII", 0, 8, 2, 0, 2**32 - 1), "does not name a shape"),
        (GOOD[:-1], "promises 24 bytes, but fewer follow"),
        (GOOD + b"\0", "promises 24 bytes, but more follow"),
        (gzip.compress(GOOD[:-1], mtime=0), "promises 24 bytes, but fewer follow"),
        (gzip.compress(GOOD + b"\0", mtime=0), "promises 24 bytes, but more follow"),
        (ZIPPED[:-9], "ended before"),
        (ZIPPED[:-8] + b"\0\0\0\0" + ZIPPED[-4:], "CRC check failed"),
        (ZIPPED[:10] + b"\xff" * 20, "cannot read"),
        (ZIPPED + b"more", "Not a gzipped file"),
    ],
)
def test_damaged_idx_files_are_refused(data, words, tmp_path):
    path = write(tmp_path / "images", data)
    with pytest.raises(DataError, match=words) as caught:
        formats.read_idx(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("encode", [bytes, gzip.compress])
def test_a_header_cannot_make_the_reader_take_memory(encode, tmp_path):
    data = struct.pack(">HBBIII", 0, 14, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1) + bytes(1000)
    path = write(tmp_path / "images", encode(data))
    tracemalloc.start()
    with pytest.raises(DataError, match="more than the file can hold"):
        formats.read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


# npz files


def test_npz_plain_compressed_and_in_fortran_order(tmp_path):
    assert_is_the_set(mnist.read(write(tmp_path / "a.npz", npz())))
    np.savez_compressed(tmp_path / "b.npz", **dict(zip(KEYS, FILES.values())))
    assert_is_the_set(mnist.read(tmp_path / "b.npz"))
    fortran = np.asfortranarray(FILES["train-images-idx3-ubyte"])
    assert_is_the_set(mnist.read(write(tmp_path / "any name", npz(x_train=fortran))))


def test_missing_arrays_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", x_train=1, y_test=2)
    with pytest.raises(DataError, match="a.npz lacks y_train, x_test: "):
        mnist.read(tmp_path / "a.npz")


class Trap:
    sprung = False

    def __reduce__(self):
        return setattr, (Trap, "sprung", True)


def test_objects_are_never_unpickled(tmp_path):
    path = write(tmp_path / "a.npz", npz(y_test=np.array([Trap(), Trap()])))
    with pytest.raises(DataError, match="y_test.npy in .*a.npz holds Python objects"):
        mnist.read(path)
    assert not Trap.sprung
    np.load(path, allow_pickle=True)["y_test"]
    assert Trap.sprung  # the negative control: the trap works


def lying_npz(shape, compression=zipfile.ZIP_STORED):
    """An npz file whose x_train has 8,000,000 bytes but names another shape."""
    member = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, header)
    member.write(bytes(8_000_000))
    file = io.BytesIO(npz())
    with (
        zipfile.ZipFile(file) as old,
        zipfile.ZipFile(out := io.BytesIO(), "w", compression) as new,
    ):
        for name in old.namelist():
            new.writestr(name, member.getvalue() if name == "x_train.npy" else old.read(name))
    return out.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("shape", [(7_999_999,), (8_000_001,), (2**40, 2**40), (-8_000_000,), ()])
def test_a_member_that_promises_other_than_it_has(shape, compression, tmp_path):
    path = write(tmp_path / "a.npz", lying_npz(shape, compression))
    tracemalloc.start()
    with pytest.raises(DataError, match="a.npz"):
        mnist.read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
    truthful = write(tmp_path / "b.npz", lying_npz((1000, 8000), compression))
    assert mnist.read(truthful)[0][0].shape == (1000, 8000)


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "not a zip file"),
        (idx(FILES["train-images-idx3-ubyte"]), "not a zip file"),
        (npz()[:-30], "not a zip file"),
        (npz().replace(bytes(FILES["train-images-idx3-ubyte"]), bytes(24)), "Bad CRC-32"),
    ],
)
def test_damaged_npz_files_are_refused(data, words, tmp_path):
    path = write(tmp_path / "a.npz", data)
    with pytest.raises(DataError, match=words) as caught:
        mnist.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


# Fuzzing: whatever the bytes, nothing but DataError comes out


def mutations(data):
    """`data` cut short somewhere, with some bytes overwritten."""
    index = st.integers(0, len(data) - 1)
    changes = st.lists(st.tuples(index, st.integers(0, 255)), max_size=6)
    return st.tuples(st.integers(0, 3), index, changes).map(lambda how: mutate(data, *how))


def mutate(data, cut, end, changes):
    data = bytearray(data)
    for position, value in changes:
        data[position] = value
    return bytes(data if cut else data[:end])


def check_only_data_errors_escape(reader, path, data):
    try:
        reader(write(path, data))
    except DataError as error:
        assert str(path) in str(error) and "\n" not in str(error)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=60), mutations(GOOD), mutations(ZIPPED)))
def test_fuzzed_idx(scratch, data):
    check_only_data_errors_escape(formats.read_idx, scratch, data)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=60), mutations(GOOD)).map(gzip.compress))
def test_fuzzed_idx_in_sound_gzip(scratch, data):
    check_only_data_errors_escape(formats.read_idx, scratch, data)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(max_size=60), mutations(npz())))
def test_fuzzed_npz(scratch, data):
    check_only_data_errors_escape(mnist.read, scratch, data)


@settings(max_examples=100, deadline=None)
@given(mutations(b"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2, 3), }  \n"))
def test_fuzzed_npy_headers_in_a_sound_zip(scratch, text):
    member = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(24)
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        for key in KEYS:
            archive.writestr(f"{key}.npy", member)
    check_only_data_errors_escape(mnist.read, scratch, out.getvalue())

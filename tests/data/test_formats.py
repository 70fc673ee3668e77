"""Files in MNIST's formats: exact values, and every lie a file can tell."""

import gzip
import io
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mnist_files import FILES, KEYS, TYPE_CODES, assert_is_the_set, idx, npz, write

from tf1_dnn.data import formats, memory, mnist
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


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(DataError, match=f"cannot open {path} .it is a pipe, device or direct"):
            formats.read_idx(path)
    for path in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(DataError, match=f"cannot open {path} .it is a pipe, device or direct"):
            mnist.read(path)


HUGE = struct.pack(">HBBI", 0, 8, 1, 2**32 - 1)  # 4 GB, if they follow


@pytest.mark.parametrize("encode", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_data_larger_than_memory_are_refused_before_memory_is_taken(encode, tmp_path, monkeypatch):
    path = write(tmp_path / "images", encode(HUGE + bytes(5_000_000)))
    os.truncate(path, 2**32 + 100)  # of which the disk holds only what was written
    monkeypatch.setattr(memory, "available", lambda: 2**33 - 3)
    peak = peak_of_refusal(
        lambda: formats.read_idx(path),
        "holds 4,294,967,295 bytes, more than half of the 8,589,934,589 that memory has room for",
    )
    assert peak < 1 << 20
    monkeypatch.setattr(memory, "available", lambda: 48)
    assert formats.read_idx(write(tmp_path / "small", encode(GOOD))).size == 24
    monkeypatch.setattr(memory, "available", lambda: 47)
    with pytest.raises(DataError, match="small holds 24 bytes, more than half of the 47 that"):
        formats.read_idx(tmp_path / "small")


def test_of_a_gzip_no_more_is_inflated_than_the_header_promises(tmp_path):
    path = write(tmp_path / "images", gzip.compress(GOOD + bytes(50_000_000), 1))
    assert peak_of_refusal(lambda: formats.read_idx(path), "24 bytes, but more follow") < 1 << 20


def test_memory_that_gives_out_is_one_sentence(tmp_path):
    class Starved:
        def read(self, n_bytes):
            raise MemoryError

    with pytest.raises(DataError, match="^it is too large for memory .MemoryError.: take a part"):
        formats._read_exactly(Starved(), 9, "it")


def peak_of_refusal(read, words):
    """The most bytes that Python held while `read` was refused."""
    tracemalloc.start()
    with pytest.raises(DataError, match=words):
        read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_is_known_here():
    assert 1 << 20 < memory.available() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("limit, expected", [("max\n", 3 << 10), ("2048\n", 2048), (None, 3 << 10)])
def test_a_containers_memory_is_its_own(limit, expected, tmp_path, monkeypatch):
    machine = write(tmp_path / "meminfo", b"MemTotal: 9 kB\nMemAvailable:  3 kB\n")
    monkeypatch.setattr(memory, "_MACHINE", machine)
    monkeypatch.setattr(memory, "_CONTAINER", (tmp_path / "limit",))
    if limit:
        write(tmp_path / "limit", limit.encode())
    assert memory.available() == expected


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


def with_member(content, compression=zipfile.ZIP_DEFLATED):
    """An npz file whose every member is these bytes."""
    with zipfile.ZipFile(out := io.BytesIO(), "w", compression) as archive:
        for key in KEYS:
            archive.writestr(f"{key}.npy", content)
    return out.getvalue()


def test_a_header_that_claims_to_be_long_is_not_read_whole(tmp_path):
    content = b"\x93NUMPY\2\0" + struct.pack("<I", 60_000_000) + b" " * 60_000_000
    path = write(tmp_path / "a.npz", with_member(content))
    assert (
        peak_of_refusal(lambda: mnist.read(path), "cannot read .* as npz .EOF: reading") < 1 << 20
    )


def test_arrays_larger_than_memory_are_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "a.npz", lying_npz((8_000_000,), zipfile.ZIP_DEFLATED))
    monkeypatch.setattr(memory, "available", lambda: 15_999_999)
    words = "x_train.npy in .*a.npz holds 8,000,000 bytes, more than half of the 15,999,999"
    assert peak_of_refusal(lambda: mnist.read(path), words) < 1 << 20


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_than_numpys_are_refused(compression, tmp_path):
    path = write(tmp_path / "a.npz", lying_npz((8_000_000,), compression))
    with pytest.raises(DataError, match="x_train.npy in .*a.npz is not compressed as NumPy"):
        mnist.read(path)


def test_encrypted_members_are_refused(tmp_path):
    data = bytearray(npz())
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(magic) + at] |= 1  # says encrypted
    with pytest.raises(DataError, match="a.npz as npz .*encrypted, password required"):
        mnist.read(write(tmp_path / "a.npz", data))


def test_of_members_with_one_name_the_last_counts_as_in_numpy(tmp_path):
    path = write(tmp_path / "a.npz", npz(x_train=np.ones((4, 2, 3), np.uint8)))
    member = io.BytesIO()
    np.save(member, FILES["train-images-idx3-ubyte"])
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x_train.npy", member.getvalue())
        archive.writestr("../../outside.npy", b"never unpacked")
    assert_is_the_set(mnist.read(path))
    np.testing.assert_array_equal(np.load(path)["x_train"], FILES["train-images-idx3-ubyte"])


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "not a zip file"),
        (idx(FILES["train-images-idx3-ubyte"]), "is one IDX file, and MNIST has four: name the fo"),
        (gzip.compress(idx(FILES["train-labels-idx1-ubyte"])), "is one IDX file, and MNIST has"),
        (b"label,a,b\n0,1,2\n", "is no npz file: name one, a CSV file whose name ends in .csv, or"),
        (gzip.compress(b"label,a,b\n"), "is no npz file: name one"),
        (gzip.compress(npz())[:-9], "is no npz file: name one"),
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

"""MNIST's files: exact values, every lie a file can tell, downloads from a local server."""

import gzip
import hashlib
import http.server
import io
import os
import socket
import struct
import threading
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf1_dnn.data import formats, mnist
from tf1_dnn.errors import DataError

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


@pytest.mark.parametrize("dot", [False, True])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("encode", [bytes, gzip.compress])
def test_a_folder_in_every_spelling_even_misnamed(dot, suffix, encode, tmp_path):
    def spell(name):
        return (name.replace("-idx", ".idx") if dot else name) + suffix

    assert_is_the_set(mnist.read(write_folder(tmp_path, spell, encode)))


def test_the_plain_file_comes_before_the_gzipped_one(tmp_path):
    write_folder(tmp_path)
    for name in FILES:
        (tmp_path / (name + ".gz")).write_bytes(b"garbage")
    assert_is_the_set(mnist.read(tmp_path))


def test_missing_files_are_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="lacks t10k-labels-idx1-ubyte: ") as caught:
        mnist.read(tmp_path)
    assert str(tmp_path) in str(caught.value)
    (tmp_path / "mnist.npz").write_bytes(npz())
    assert_is_the_set(mnist.read(tmp_path))


def test_no_such_folder_and_an_empty_name(tmp_path):
    for path in (str(tmp_path / "nowhere"), ""):
        with pytest.raises(DataError, match="no file or folder") as caught:
            mnist.read(path)
        assert repr(path) in str(caught.value)


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
    check_only_data_errors_escape(mnist._read_npz, scratch, data)


@settings(max_examples=100, deadline=None)
@given(mutations(b"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 2, 3), }  \n"))
def test_fuzzed_npy_headers_in_a_sound_zip(scratch, text):
    member = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(24)
    with zipfile.ZipFile(out := io.BytesIO(), "w") as archive:
        for key in KEYS:
            archive.writestr(f"{key}.npy", member)
    check_only_data_errors_escape(mnist._read_npz, scratch, out.getvalue())


# Keras's cache and the download


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.body`; misbehaves as `server.manner` says."""

    def do_HEAD(self):
        if self.server.manner == "silent":
            self.server.released.wait(10)
        self.send_response(404 if self.server.manner == "404" else 200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()

    def do_GET(self):
        self.server.n_downloads += 1
        self.do_HEAD()
        if self.server.manner == "stalling":
            self.wfile.write(self.server.body[:100])
            self.server.released.wait(10)
        elif self.server.manner == "breaking":
            self.wfile.write(self.server.body[:100])
        else:
            self.wfile.write(self.server.body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.manner, server.body, server.n_downloads = "good", npz(), 0
        server.released = threading.Event()
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(mnist, "URL", f"http://127.0.0.1:{server.server_port}/mnist.npz")
        monkeypatch.setattr(mnist, "SHA256", hashlib.sha256(server.body).hexdigest())
        yield server
        server.released.set()
        server.shutdown()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Where Keras would cache MNIST; the folder does not exist yet."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("HOME", str(tmp_path))  # a failing test must not touch the user's
    return tmp_path / "keras" / "datasets" / "mnist.npz"


def refuse_connections(monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(mnist, "URL", f"http://127.0.0.1:{port}/mnist.npz")


def assert_unavailable(*words):
    with pytest.raises(mnist.Unavailable) as caught:
        mnist.fetch()
    for word in (*words, "--data", "TF1_DNN_DATA"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_download_into_an_empty_home(server, cache, capfd):
    arrays, path = mnist.fetch()
    assert_is_the_set(arrays)
    assert path == str(cache) and cache.read_bytes() == server.body
    assert os.listdir(cache.parent) == ["mnist.npz"]
    assert capfd.readouterr().out == ""
    mnist.fetch()
    assert server.n_downloads == 1


def test_the_cache_without_keras_home_is_in_the_users_home(server, tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert mnist.fetch()[1] == str(tmp_path / ".keras" / "datasets" / "mnist.npz")
    monkeypatch.setenv("KERAS_HOME", "~/elsewhere")
    assert mnist.fetch()[1] == str(tmp_path / "elsewhere" / "datasets" / "mnist.npz")


def test_a_readable_cached_file_is_left_as_it_is(server, cache):
    cache.parent.mkdir(parents=True)
    np.savez_compressed(cache, **dict(zip(KEYS, FILES.values())))
    before = cache.read_bytes()
    assert_is_the_set(mnist.fetch()[0])
    assert cache.read_bytes() == before != server.body
    assert server.n_downloads == 0


def test_a_damaged_cached_file_is_replaced(server, cache):
    cache.parent.mkdir(parents=True)
    cache.write_bytes(server.body[:-50])
    assert_is_the_set(mnist.fetch()[0])
    assert cache.read_bytes() == server.body


def test_a_damaged_cached_file_without_network_is_named_and_kept(cache, monkeypatch):
    refuse_connections(monkeypatch)
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"damaged")
    assert_unavailable(f"{cache} cannot be read", "Connection refused")
    assert cache.read_bytes() == b"damaged"


def test_a_wrong_hash_is_refused_and_leaves_nothing(server, cache):
    server.body += b"!"
    assert "Deleted" not in assert_unavailable("does not match the known hash")
    assert os.listdir(cache.parent) == []


@pytest.mark.parametrize("manner", ["stalling", "breaking"])
def test_half_a_file_leaves_nothing(server, cache, manner, monkeypatch):
    monkeypatch.setattr(mnist, "TIMEOUT", 0.5)
    server.manner = manner
    start = time.monotonic()
    assert_unavailable(str(cache))
    assert time.monotonic() - start < 3
    assert os.listdir(cache.parent) == []


def test_http_errors_are_passed_on(server, cache):
    server.manner = "404"
    assert_unavailable("404 Client Error")
    assert os.listdir(cache.parent) == []


def test_a_silent_server_is_given_up(server, cache, monkeypatch):
    monkeypatch.setattr(mnist, "TIMEOUT", 0.3)
    server.manner = "silent"
    start = time.monotonic()
    assert_unavailable(f"{cache} does not exist")
    assert time.monotonic() - start < 3
    assert not cache.parent.exists()


def test_a_silent_name_server_is_given_up(cache, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: released.wait(10))
    monkeypatch.setattr(mnist, "TIMEOUT", 0.3)
    start = time.monotonic()
    assert_unavailable("no answer")
    assert time.monotonic() - start < 3
    released.set()


def test_a_refused_connection(cache, monkeypatch):
    refuse_connections(monkeypatch)
    assert "HTTPConnectionPool" not in assert_unavailable("Connection refused")


def test_an_unwritable_home(server, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(write(tmp_path / "file", b"")))
    assert_unavailable(str(tmp_path / "file"))

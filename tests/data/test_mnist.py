"""Where MNIST comes from: a folder in any spelling, Keras's cache, and a (local) download."""

import gzip
import hashlib
import http.server
import os
import socket
import threading
import time

import numpy as np
import pytest
from mnist_files import FILES, KEYS, assert_is_the_set, npz, write, write_folder

from tf1_dnn.data import mnist
from tf1_dnn.errors import DataError


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

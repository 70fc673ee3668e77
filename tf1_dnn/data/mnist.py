"""MNIST from a folder, an npz file or Keras's cache, or downloaded into it."""

import os
import sys
import threading
from typing import Any

from tf1_dnn.data.formats import Array, read_idx, read_npz
from tf1_dnn.errors import DataError, first_sentence, told
from tf1_dnn.spec import PathLike

Arrays = tuple[tuple[Array, Array], tuple[Array, Array]]

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
TIMEOUT = 10.0  # seconds until the first answer, and between two pieces of the file

_IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


class Unavailable(DataError):
    """MNIST is not in Keras's cache and cannot be downloaded."""


def read(path: PathLike) -> Arrays:
    """`(training images, labels), (test images, labels)` as stored in a folder or npz file.

    A folder holds the four IDX files, plain or gzipped, or mnist.npz; an npz file holds x_train,
    y_train, x_test and y_test. Raises DataError if any of it is missing or damaged.
    """
    if not os.path.lexists(path):
        raise DataError(f"there is no file or folder {str(path)!r}: name one that holds MNIST")
    if not os.path.isdir(path):
        return _read_npz(path)
    files = {key: _find_idx(path, name) for key, name in _IDX_NAMES.items()}
    if "" not in files.values():
        return _pairs([read_idx(file) for file in files.values()])
    npz = os.path.join(path, "mnist.npz")
    if os.path.isfile(npz):
        return _read_npz(npz)
    missing = ", ".join(_IDX_NAMES[key] for key, file in files.items() if not file)
    raise DataError(f"the folder {path} lacks {missing}: add what is missing, or mnist.npz")


def fetch() -> tuple[Arrays, str]:
    """The arrays as from `read`, and their file: Keras's cached mnist.npz, downloaded if need be.

    A readable file is left as it is, a damaged one is replaced by a download. Raises Unavailable
    if that fails.
    """
    path = cached_file()
    fault = f"{path} does not exist"
    if os.path.isfile(path):
        try:
            return _read_npz(path), path
        except DataError:
            fault = f"{path} cannot be read"
    fault += ", and MNIST cannot be downloaded"
    remedy = "go online, or name a folder or npz file with --data or TF1_DNN_DATA"
    with told(Unavailable, fault, remedy, OSError, ValueError):  # the latter for a wrong hash
        _download(path)
    return _read_npz(path), path


def cached_file() -> str:
    """Where Keras caches MNIST, whether or not it is there."""
    home = os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras")
    return os.path.join(home, "datasets", "mnist.npz")


def _find_idx(folder: PathLike, name: str) -> str:
    """The file's path, "" if there is none; the plain file before the gzipped one."""
    spellings = (name, name.replace("-idx", ".idx"))
    files = [os.path.join(folder, s + suffix) for suffix in ("", ".gz") for s in spellings]
    return next(filter(os.path.isfile, files), "")


def _read_npz(path: PathLike) -> Arrays:
    return _pairs(read_npz(path, tuple(_IDX_NAMES)))


def _pairs(arrays: list[Array]) -> Arrays:
    x_train, y_train, x_test, y_test = arrays
    return (x_train, y_train), (x_test, y_test)


def _download(path: str) -> None:
    """Download MNIST to `path`, which is replaced only by the complete and correct file."""
    import pooch

    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT)
    _await_answer(downloader)
    folder, name = os.path.split(path)
    pooch.retrieve(URL, known_hash=SHA256, fname=name, path=folder, downloader=downloader)


def _await_answer(downloader: Any) -> None:
    """Raise ConnectionError if the server does not answer at all.

    Without this, a dead name server or dropped packets would cost minutes: requests' time-out
    leaves out name look-up and starts anew for each of the server's addresses.
    """
    outcome = ["no answer"]

    def ask() -> None:
        try:
            downloader(URL, None, None, check_only=True)
            outcome[0] = ""
        except Exception as error:
            outcome[0] = first_sentence(_innermost(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    if outcome[0]:
        raise ConnectionError(outcome[0])


def _innermost(error: BaseException) -> BaseException:
    """What the network said; requests and urllib3 wrap it in several errors of their own."""
    return _innermost(error.__context__) if error.__context__ else error

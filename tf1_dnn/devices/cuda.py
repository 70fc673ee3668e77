"""The CUDA libraries TensorFlow wants: which are there, what is wrong, and what to do about it.

Without TensorFlow, so that a missing GPU can be told before its import. Libraries are loaded in the
order in which dlopen searches for TensorFlow, so that both find the same files.
"""

import ctypes
import glob
import importlib.util
import os
from typing import NamedTuple

from tf1_dnn.devices import driver
from tf1_dnn.devices.driver import Fault

# What TensorFlow 2.21 (CUDA 12.5, cuDNN 9.3) asks dlopen for. It registers no GPU unless all of
# REQUIRED load (xla/tsl/platform/default/dlopen_checker.cc); some of REQUIRED load some of OTHERS.
# In both, a library stands before those that depend on it and would look for it elsewhere.
OTHERS = (
    "libnvJitLink.so.12",
    "libnvrtc.so.12",
    "libcurand.so.10",
    "libnccl.so.2",
    "libcupti.so.12",
)
REQUIRED = (
    "libcudart.so.12",
    "libcublasLt.so.12",
    "libcublas.so.12",
    "libcufft.so.11",
    "libcusparse.so.12",
    "libcusolver.so.11",
    "libcudnn.so.9",
)
CUDNN_BUILT_WITH = (9, 3)  # a later minor version of the same major one will do
INSTALL = "pip install 'tensorflow[and-cuda]~=2.21.0'"


class Library(NamedTuple):
    """A library that was looked for; one of `path` and `fault` is None."""

    name: str
    path: str | None  # the file that was loaded
    fault: Fault | None
    found: str | None  # the file in one of `folders`, loadable or not; None where none has it


def folders() -> list[str]:
    """Where dlopen looks before the system's folders: LD_LIBRARY_PATH, then pip's CUDA wheels.

    The folders of the wheels are in the RUNPATH of libtensorflow_framework.so.2, which calls
    dlopen; that of cuSOLVER is in libtensorflow_cc.so.2's alone. So `load` finds it and TensorFlow
    does not, until `load` did.
    """
    by_user = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    spec = importlib.util.find_spec("nvidia")
    wheels = list(spec.submodule_search_locations or []) if spec else []
    by_pip = [path for wheel in wheels for path in sorted(glob.glob(f"{wheel}/*/lib"))]
    return [folder for folder in by_user if folder] + by_pip


def load(name: str) -> Library:
    """Load a library into this process, where TensorFlow's dlopen of that name then finds it."""
    files = (os.path.join(folder, name) for folder in folders())
    found = next(filter(os.path.exists, files), None)
    try:
        ctypes.CDLL(found or name)
    except OSError as error:
        remedy = f"remove {found}, or its folder from LD_LIBRARY_PATH" if found else INSTALL
        return Library(name, None, Fault(f"could not be loaded ({error})", remedy), found)
    return Library(name, found or _loaded_file(name), None, found)


def libraries() -> list[Library]:
    """All of OTHERS and REQUIRED, loaded where they can be."""
    return [load(name) for name in OTHERS + REQUIRED]


def cudnn_version(path: str) -> tuple[int, int, int] | None:
    """Of a cuDNN: (9, 3, 0); None if it cannot be asked."""
    try:
        ask = ctypes.CDLL(path).cudnnGetVersion
    except (AttributeError, OSError):
        return None
    ask.restype = ctypes.c_size_t
    number = ask()  # 90300 is 9.3.0; before 9, 8907 was 8.9.7
    major = 10_000 if number >= 10_000 else 1_000
    return number // major, number % major // 100, number % 100


def cudnn_fault(path: str) -> Fault | None:
    """Why TensorFlow cannot work with the cuDNN at `path`; None if it can."""
    version = cudnn_version(path)
    if version and CUDNN_BUILT_WITH <= version < (CUDNN_BUILT_WITH[0] + 1,):
        return None
    found = f"cuDNN {'.'.join(map(str, version))}" if version else "a cuDNN without a version"
    least = ".".join(map(str, CUDNN_BUILT_WITH))
    return Fault(
        f"{found} was found ({path}), but TensorFlow 2.21 needs {least} or a later "
        f"{CUDNN_BUILT_WITH[0]}",
        f"take its folder out of LD_LIBRARY_PATH and {INSTALL}",
    )


def fault() -> Fault | None:
    """The first thing that keeps TensorFlow from using a GPU, None if nothing does."""
    if early := driver.hidden() or driver.fault():
        return early
    required = libraries()[len(OTHERS) :]
    for library in required:
        if library.fault:
            return library.fault._replace(reason=f"{library.name} {library.fault.reason}")
    return cudnn_fault(str(required[-1].path))


def _loaded_file(name: str) -> str:
    """The file behind a library that the linker found by name."""
    for line in driver.read("/proc/self/maps").splitlines():
        path = line.split(maxsplit=5)[-1]
        if os.path.basename(path).startswith(name):
            return path
    return name

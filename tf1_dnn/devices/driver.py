"""NVIDIA's driver: whether it is there, what it sees, and what to do where it does not work."""

import ctypes
import glob
import os
from typing import NamedTuple

from tf1_dnn.errors import DeviceError

LIBRARY = "libcuda.so.1"
_INSTALL = (
    "install NVIDIA's driver; in Docker, install the NVIDIA Container Toolkit on the host and give "
    "docker run --gpus all"
)


class Fault(NamedTuple):
    """Why a GPU cannot be used, and what to do about it."""

    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.remedy}"


_NO_DEVICE = 100
_FAULTS = {  # by CUresult, as cuda.h numbers them
    34: Fault(f"the driver is missing ({LIBRARY} is the stub of a toolkit)", _INSTALL),
    35: Fault("the driver is too old for CUDA 12", "update it to 525 or newer"),
    _NO_DEVICE: Fault(
        "the driver sees no GPU", "run nvidia-smi; in Docker, give docker run --gpus all"
    ),
    803: Fault("the driver's library and kernel module differ in version", "restart the machine"),
}


def fault() -> Fault | None:
    """Why the driver offers no GPU; asking it initializes CUDA here, as TensorFlow does."""
    try:
        code, count = _ask()
    except OSError as error:
        return Fault(f"the driver is missing ({error})", _INSTALL)
    if code == 0 and count:
        return None
    code = code or _NO_DEVICE
    unknown = Fault(f"the driver failed with CUDA error {code}", "run nvidia-smi, restart")
    return _FAULTS.get(code, unknown)


def n_gpus() -> int:
    """How many GPUs the driver offers; 0 where it has a fault."""
    try:
        code, count = _ask()
    except OSError:
        return 0
    return 0 if code else count


def _ask() -> tuple[int, int]:
    """A CUresult and the number of GPUs; OSError without a driver."""
    cuda, count = ctypes.CDLL(LIBRARY), ctypes.c_int(0)
    code = cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count))
    return code, count.value


def require_gpu(number: int | None, n_gpus: int) -> None:
    """Raise DeviceError unless the number is that of one of `n_gpus`, or None."""
    if number is not None and number >= n_gpus:
        known = "only gpu:0" if n_gpus == 1 else f"gpu:0 to gpu:{n_gpus - 1}"
        raise DeviceError(f"there is no gpu:{number}: give one of those there are, {known}.")


def kernel_module(path: str = "/proc/driver/nvidia/version") -> str | None:
    """The version of the driver's kernel module, as in "550.54.14"; None where none is loaded."""
    words = read(path).partition("Kernel Module")[2].split()
    return next((word for word in words if word[0].isdigit()), None)


def gpus_in_machine(root: str = "/") -> list[str]:
    """What shows that there is an NVIDIA GPU, usable or not: its device files or PCI addresses."""
    devices = sorted(glob.glob(os.path.join(root, "dev/nvidia[0-9]*")))
    return devices or [
        folder
        for folder in sorted(glob.glob(os.path.join(root, "sys/bus/pci/devices/*")))
        if read(f"{folder}/vendor") == "0x10de" and read(f"{folder}/class").startswith("0x03")
    ]


def hidden() -> Fault | None:
    """That GPUs are hidden on purpose, or None."""
    value = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    if value.strip() and not value.strip().startswith("-"):
        return None
    return Fault(f"CUDA_VISIBLE_DEVICES={value!r} hides every GPU", "unset it")


def read(path: str) -> str:
    """A small file's text, "" where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""

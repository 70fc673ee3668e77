"""The device to train on, and sessions there: memory taken as needed, full float32 on a GPU."""

import contextlib
import os
from typing import Any, Iterator, NamedTuple

from tf1_dnn.compat import tf
from tf1_dnn.config import Execution, gpu_number
from tf1_dnn.devices import cuda, driver
from tf1_dnn.devices.driver import Fault
from tf1_dnn.errors import DeviceError


class Device(NamedTuple):
    """Where sessions run."""

    kind: str  # "CPU" or "GPU"
    description: str  # in words
    number: int | None = None  # of the GPU among TensorFlow's; None leaves the choice to it
    warning: str | None = None  # why a GPU that is in the machine stays unused, and the remedy


def choose_device(device: str = "auto") -> Device:
    """The device for "auto", "cpu", "gpu" or "gpu:N".

    Raises DeviceError, with the reason and the remedy, for a GPU where TensorFlow can use none, or
    has none of this number, or has begun with another one.
    """
    cpu = Device("CPU", f"CPU ({os.cpu_count()} cores)")
    if device == "cpu":
        return cpu
    gpus, wanted = usable_gpus(), gpu_number(device)
    if gpus:
        driver.require_gpu(wanted, len(gpus))
        number = _require_first(wanted)
        others = f", one of {len(gpus)}" if len(gpus) > 1 else ""
        return Device("GPU", describe(gpus[number or 0]) + others, number)
    if device.startswith("gpu"):
        raise DeviceError(f"no GPU can be used: {why_no_gpu()}.")
    seen = [] if driver.hidden() else driver.gpus_in_machine()
    if not seen:
        return cpu
    warning = f"there is a GPU ({seen[0]}), but TensorFlow cannot use it: {why_no_gpu()}"
    return cpu._replace(warning=warning)


@contextlib.contextmanager
def start(graph: Any, execution: Execution = Execution()) -> Iterator[Any]:
    """A tf.Session on the device that `execution` asks for, with the graph as the default one.

    On a GPU, memory grows with what is needed instead of being taken whole, and products of
    float32 matrices are computed in float32 unless `execution.tf32` is given.

    Raises DeviceError as `choose_device` does.
    """
    config = session_config(choose_device(execution.device))
    with tf32_allowed(execution.tf32), tf.Session(graph=graph, config=config) as opened:
        yield opened


def session_config(device: Device) -> Any:
    """The tf.ConfigProto of a session on `device`."""
    config = tf.ConfigProto()
    config.gpu_options.allow_growth = True
    if device.kind == "CPU":
        config.device_count["GPU"] = 0
        return config
    if device.number is not None:
        config.gpu_options.visible_device_list = str(device.number)
    _first_gpu[:] = [device.number or 0]
    return config


# The GPU that TensorFlow calls its first in this process, once there is one: it never changes.
_first_gpu: list[int] = []


def _require_first(number: int | None) -> int | None:
    """The number asked for, or the one in use; DeviceError if these are two."""
    if not _first_gpu or number == _first_gpu[0]:
        return number
    if number is None:
        return _first_gpu[0] or None
    raise DeviceError(
        f"this process computes on gpu:{_first_gpu[0]} already, and TensorFlow stays there: start "
        f"another process for gpu:{number}."
    )


def usable_gpus() -> list[Any]:
    """TensorFlow's physical GPUs; none are set up by asking."""
    if not (driver.hidden() or driver.fault()):
        cuda.libraries()  # TensorFlow finds them then, also where its own search would not
    return tf.config.list_physical_devices("GPU")


def describe(gpu: Any) -> str:
    """A physical GPU as in "GPU 0 (NVIDIA A100-SXM4-40GB, compute capability 8.0)"."""
    details = tf.config.experimental.get_device_details(gpu)
    name = details.get("device_name", "unnamed")
    if capability := details.get("compute_capability"):
        name += f", compute capability {'.'.join(map(str, capability))}"
    return f"GPU {gpu.name.rpartition(':')[2]} ({name})"


def why_no_gpu() -> Fault:
    """What keeps TensorFlow from using a GPU."""
    if not tf.test.is_built_with_cuda():
        return Fault("this TensorFlow was built without CUDA", "install tensorflow on Linux")
    return cuda.fault() or Fault(
        "driver and libraries load, but TensorFlow lists no GPU",
        "see its messages with TF_CPP_MIN_LOG_LEVEL=0 python -m tf1_dnn.doctor",
    )


@contextlib.contextmanager
def tf32_allowed(is_allowed: bool) -> Iterator[None]:
    """Allow or forbid TF32, which TensorFlow's kernels and XLA both read from one flag.

    The flag is the process's: it is put back at the end, for other code's sake.
    """
    switch = tf.config.experimental.enable_tensor_float_32_execution
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    switch(is_allowed)
    try:
        yield
    finally:
        switch(before)

"""The doctor's checks: each yields diagnoses, in words and with a remedy."""

import os
import platform
import shutil
from importlib.metadata import version
from typing import Any, Iterator, NamedTuple

import numpy as np

from tf1_dnn.devices import cuda, driver
from tf1_dnn.devices.driver import Fault
from tf1_dnn.errors import DeviceError

GIB = 1 << 30
LEAST_MEMORY, LEAST_DISK = GIB, GIB // 2  # a run on MNIST takes 0.6 GiB and 20 MiB
NOT_MISSED = "not found; only a GPU would need it"
LARGEST_ERROR = 1e-5  # of a float32 matrix product, relative; TF32's is above 1e-4


class Diagnosis(NamedTuple):
    """One line of the report."""

    status: str  # "ok", "warn" (training works, but not as it could) or "FAIL" (it does not)
    what: str
    detail: str
    remedy: str | None = None


def software(*, require_gpu: bool) -> Iterator[Diagnosis]:
    """Python and TensorFlow with what it was built for; nothing else is worth a look without."""
    yield Diagnosis("ok", "Python", f"{platform.python_version()} on {platform.platform()}")
    from tf1_dnn.compat import tf

    detail = f"{tf.__version__}, tf_keras {version('tf_keras')}, NumPy {np.__version__}"
    yield Diagnosis("ok", "TensorFlow", detail)
    built = tf.sysconfig.get_build_info()
    if built.get("is_cuda_build"):
        detail = f"CUDA {built['cuda_version']}, cuDNN {built['cudnn_version']}"
        yield Diagnosis("ok", "built with", detail)
    else:
        status = "FAIL" if require_gpu else "ok"
        yield Diagnosis(status, "built with", "no CUDA", "install tensorflow, not tensorflow-cpu")


def gpu_libraries(*, require_gpu: bool) -> Iterator[Diagnosis]:
    """Driver, CUDA libraries and compiler; none of them matters to who has no GPU."""
    driver_fault, libraries = driver.fault(), cuda.libraries()
    wants_gpu = driver.gpus_in_machine() or any(library.path for library in libraries)
    missing = "FAIL" if require_gpu else "warn" if wants_gpu else "ok"
    broken = "FAIL" if require_gpu else "warn"
    if hidden := driver.hidden():
        yield _looked_at("GPUs", "", hidden, broken)
    version = driver.kernel_module() or "of unknown version"
    yield _looked_at("driver", version, driver_fault, missing)
    for name, path, fault, found in libraries:
        status = broken if found else missing
        if status == "FAIL" and not found and name in cuda.OTHERS:
            status = "warn"  # TensorFlow registers the GPU without
        yield _looked_at(name, path or "", fault, status)
    if cudnn := libraries[-1].path:
        version = ".".join(map(str, cuda.cudnn_version(cudnn) or ()))
        yield _looked_at("cuDNN", version, cuda.cudnn_fault(cudnn), broken)
    yield from _compiler(missing)


def _looked_at(what: str, detail: str, fault: Fault | None, status: str) -> Diagnosis:
    """`detail` where there is no fault, else the fault with `status`."""
    if fault is None:
        return Diagnosis("ok", what, detail)
    if status == "ok":
        return Diagnosis("ok", what, NOT_MISSED)
    return Diagnosis(status, what, *fault)


def _compiler(missing: str) -> Iterator[Diagnosis]:
    """What XLA calls to compile for a GPU, where it looks for it."""
    flags, option = os.environ.get("XLA_FLAGS", "").split(), "--xla_gpu_cuda_data_dir="
    roots = [flag[len(option) :] for flag in reversed(flags) if flag.startswith(option)]
    roots += [os.path.join(folder, "..", "..", "cuda_nvcc") for folder in cuda.folders()]
    roots += ["/usr/local/cuda"]
    for what, path in [("ptxas", "bin/ptxas"), ("libdevice", "nvvm/libdevice/libdevice.10.bc")]:
        files = [os.path.normpath(os.path.join(root, path)) for root in roots]
        files = [shutil.which(what) or "", *files]  # the PATH comes first
        file = next(filter(os.path.isfile, files), "")
        fault = None if file else Fault("not found", cuda.INSTALL)
        yield _looked_at(what, file, fault, missing)


def device(*, require_gpu: bool) -> Iterator[Diagnosis]:
    """The device that training would take, and whether it computes and compiles."""
    from tf1_dnn.devices import sessions

    try:
        chosen = sessions.choose_device("gpu" if require_gpu else "auto")
        status = "warn" if chosen.warning else "ok"
        yield Diagnosis(status, "device", chosen.description, chosen.warning)
        for number, gpu in enumerate(sessions.usable_gpus()):
            yield Diagnosis(
                "ok", f"gpu:{number}", f"{sessions.describe(gpu)}; train --device takes it"
            )
    except DeviceError as error:
        yield Diagnosis("FAIL", "device", str(error))
    yield _computes("matrix product", compiled=False, failure="FAIL")
    yield _computes("XLA", compiled=True, failure="warn")


def _computes(what: str, *, compiled: bool, failure: str) -> Diagnosis:
    """Whether a matrix product in a session there, compiled or not, is what NumPy's float64 is."""
    from tf1_dnn.compat import tf
    from tf1_dnn.devices import sessions

    a, b = np.random.RandomState(0).standard_normal((2, 256, 256)).astype(np.float32)
    exact = a.astype(np.float64) @ b
    try:
        with sessions.start(tf.Graph()) as session:
            inputs = [tf.placeholder(tf.float32, array.shape) for array in (a, b)]
            product = tf.function(tf.matmul, autograph=False, jit_compile=compiled)(*inputs)
            value: Any = session.run(product, dict(zip(inputs, (a, b))))
    except tf.errors.OpError as error:
        remedy = "train with --no-xla" if compiled else "train with --device cpu"
        return Diagnosis(failure, what, error.message.strip().partition("\n")[0], remedy)
    largest = float(np.abs(value - exact).max() / np.abs(exact).max())
    detail = f"{'compiled, ' if compiled else ''}256 x 256, largest error {largest:.0e}"
    if largest > LARGEST_ERROR:
        return Diagnosis(failure, what, detail, "train with --device cpu")
    return Diagnosis("ok", what, detail)


def machine(folder: str = ".") -> Iterator[Diagnosis]:
    """Room on the disk and in memory."""
    free = shutil.disk_usage(folder).free
    folder = os.path.abspath(folder)
    yield _room("disk", f"{free / GIB:.1f} GiB free in {folder}", free, LEAST_DISK, "make room")
    if not os.access(folder, os.W_OK):
        yield Diagnosis("warn", "disk", f"{folder} cannot be written", "give --run-dir elsewhere")
    if (available := available_memory()) is not None:
        detail = f"{available / GIB:.1f} GiB available"
        yield _room("memory", detail, available, LEAST_MEMORY, "close other programs")


def _room(what: str, detail: str, free: int, least: int, remedy: str) -> Diagnosis:
    if free < least:
        return Diagnosis("FAIL", what, f"{detail}, less than {least / GIB:.1f} GiB", remedy)
    return Diagnosis("ok", what, detail)


def available_memory(root: str = "/") -> int | None:
    """Bytes this process may still take: the machine's, or its container's if that is less."""
    meminfo = driver.read(os.path.join(root, "proc/meminfo"))
    sizes = dict(line.split(":") for line in meminfo.splitlines() if ":" in line)
    if "MemAvailable" not in sizes:
        return None
    available = int(sizes["MemAvailable"].split()[0]) * 1024
    group = os.path.join(root, "sys/fs/cgroup/memory.")
    limit, used = driver.read(group + "max"), driver.read(group + "current")
    if limit.isdigit() and used.isdigit():
        available = min(available, int(limit) - int(used))
    return available

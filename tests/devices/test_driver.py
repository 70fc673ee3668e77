"""driver.py: what it says of drivers that are missing, stubs, too old, or see no GPU."""

import shutil
import subprocess

import pytest

from tf1_dnn.devices import driver
from tf1_dnn.errors import DeviceError

CUDA = """
int cuInit(unsigned flags) { return %d; }
int cuDeviceGetCount(int *count) { *count = %d; return 0; }
"""


@pytest.fixture
def fake_driver(monkeypatch, tmp_path):
    """Put a driver of the given answers in the place of libcuda."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc not found")

    def make(code, n_gpus):
        source, library = tmp_path / "cuda.c", tmp_path / f"cuda{code}.so"
        source.write_text(CUDA % (code, n_gpus))
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
        monkeypatch.setattr(driver, "LIBRARY", str(library))

    return make


@pytest.mark.parametrize(
    "code, n_gpus, words",
    [
        (34, 0, "the driver is missing (libcuda.so.1 is the stub of a toolkit): install NVIDIA's"),
        (35, 0, "the driver is too old for CUDA 12: update it to 525 or newer"),
        (100, 0, "the driver sees no GPU: run nvidia-smi; in Docker, give docker run --gpus all"),
        (0, 0, "the driver sees no GPU"),
        (803, 0, "restart the machine"),
        (801, 0, "the driver failed with CUDA error 801: run nvidia-smi"),
    ],
)
def test_a_driver_that_fails_is_told_with_a_remedy(fake_driver, code, n_gpus, words):
    fake_driver(code, n_gpus)
    assert words in str(driver.fault())


def test_a_driver_that_works_has_no_fault(fake_driver):
    fake_driver(0, 2)
    assert driver.fault() is None and driver.n_gpus() == 2


def test_a_driver_with_a_fault_offers_no_gpu(fake_driver):
    fake_driver(35, 2)
    assert driver.n_gpus() == 0


def test_a_gpu_is_required_by_its_number():
    driver.require_gpu(None, 0)
    driver.require_gpu(1, 2)
    with pytest.raises(DeviceError, match="there is no gpu:2: .* gpu:0 to gpu:1.$"):
        driver.require_gpu(2, 2)


def test_a_missing_driver_names_the_library(monkeypatch):
    monkeypatch.setattr(driver, "LIBRARY", "libno_such_driver.so.1")
    fault = driver.fault()
    assert fault.reason.startswith("the driver is missing (libno_such_driver.so.1: cannot open")
    assert "docker run --gpus all" in fault.remedy


@pytest.mark.parametrize(
    "text, version",
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22", "550.54.14"),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  560.35.03  Release Build",
            "560.35.03",
        ),
        ("", None),
    ],
)
def test_version_of_the_kernel_module(tmp_path, text, version):
    (tmp_path / "version").write_text(text)
    assert driver.kernel_module(str(tmp_path / "version")) == version
    assert driver.kernel_module(str(tmp_path / "nothing")) is None


def add_pci_device(root, address, vendor, kind):
    folder = root / "sys/bus/pci/devices" / address
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(vendor + "\n")
    (folder / "class").write_text(kind + "\n")
    return str(folder)


def test_a_gpu_is_seen_by_its_pci_address_or_device_file(tmp_path):
    add_pci_device(tmp_path, "0000:00:02.0", "0x8086", "0x030000")  # another vendor's GPU
    add_pci_device(tmp_path, "0000:01:00.1", "0x10de", "0x040300")  # NVIDIA's sound device
    assert driver.gpus_in_machine(str(tmp_path)) == []
    gpu = add_pci_device(tmp_path, "0000:01:00.0", "0x10de", "0x030200")
    assert driver.gpus_in_machine(str(tmp_path)) == [gpu]
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidiactl").touch()
    assert driver.gpus_in_machine(str(tmp_path)) == [gpu]
    (tmp_path / "dev/nvidia0").touch()
    assert driver.gpus_in_machine(str(tmp_path)) == [str(tmp_path / "dev/nvidia0")]


@pytest.mark.parametrize(
    "value, is_hidden", [(None, False), ("0", False), ("GPU-1a2b", False), ("", True), ("-1", True)]
)
def test_gpus_hidden_on_purpose(monkeypatch, value, is_hidden):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if value is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    fault = driver.hidden()
    assert (fault is not None) == is_hidden
    if is_hidden:
        assert str(fault) == f"CUDA_VISIBLE_DEVICES={value!r} hides every GPU: unset it"

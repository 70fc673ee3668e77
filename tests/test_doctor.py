"""python -m tf1_dnn.doctor: the truth about drivers, libraries, device, data, disk and memory."""

import collections
import json
import os
import shutil
import subprocess
import sys

import pytest

from tf1_dnn import cli, data, doctor
from tf1_dnn.devices import cuda, diagnosis, driver

MISSING = driver.Fault("the driver is missing (libcuda.so.1)", "install it")
Usage = collections.namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def no_cuda(monkeypatch, tmp_path):
    """A machine without GPU, driver, CUDA libraries and MNIST, whatever this one has."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv(data.DATA_VARIABLE, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(driver, "fault", lambda: MISSING)
    monkeypatch.setattr(driver, "gpus_in_machine", lambda: [])
    monkeypatch.setattr(cuda, "REQUIRED", ("libtf1_dnn_cudart.so.12", "libcudnn.so.9"))
    monkeypatch.setattr(cuda, "OTHERS", ("libtf1_dnn_nccl.so.2",))
    monkeypatch.setattr(cuda, "folders", lambda: [str(tmp_path)])
    monkeypatch.setattr(cuda.ctypes, "CDLL", only_files(cuda.ctypes.CDLL, str(tmp_path)))


def only_files(load, folder):
    """ctypes.CDLL that finds no library by name: this machine may have cuDNN."""

    def load_file(name, *args, **kwargs):
        if name is not None and name.startswith("lib"):
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        return load(name, *args, **kwargs)

    return load_file


def examine(*argv):
    """Exit code, and findings by what they are about."""
    findings = {}
    given = doctor.make_parser().parse_args(list(argv))
    for finding in doctor.examine(given.data, require_gpu=given.require_gpu):
        findings[finding.what] = finding
    return findings


def libraries(require_gpu=False):
    return {found.what: found for found in diagnosis.gpu_libraries(require_gpu=require_gpu)}


def test_a_machine_without_cuda_trains_on_its_cpu(capsys):
    assert cli.run(doctor.main, []) == 0
    lines = capsys.readouterr().out.splitlines()
    absent = [what for what, found in libraries().items() if found.detail == diagnosis.NOT_MISSED]
    assert {"driver", "libtf1_dnn_cudart.so.12", "libtf1_dnn_nccl.so.2"} < set(absent)
    (told,) = [line for line in lines if "not found" in line]  # a compiler may be missing as well
    n_more = len(absent) - 1
    assert told == f"ok   GPU: driver and {n_more} more parts not found; only a GPU would need them"
    assert any(line.startswith("ok   device: CPU (") for line in lines)
    assert any(line.startswith("ok   matrix product: 256 x 256, largest error ") for line in lines)
    assert any(line.startswith("ok   XLA: compiled, 256 x 256") for line in lines)
    assert any("built with: CUDA 12" in line for line in lines)
    assert not any(line.startswith("FAIL") for line in lines)


def test_with_require_gpu_it_fails_and_says_why(capsys):
    assert cli.run(doctor.main, ["--require-gpu"]) == 1
    lines = capsys.readouterr().out.splitlines()
    failures = [line for line in lines if line.startswith("FAIL")]
    assert failures[0] == "FAIL driver: the driver is missing (libcuda.so.1) — install it"
    assert failures[1].startswith("FAIL libtf1_dnn_cudart.so.12: could not be loaded (")
    assert failures[2].startswith("FAIL libcudnn.so.9: could not be loaded (")
    assert failures[2].endswith(" — pip install 'tensorflow[and-cuda]~=2.21.0'")
    assert failures[-1].startswith("FAIL device: no GPU can be used: the driver is missing")
    assert any(line.startswith("warn libtf1_dnn_nccl.so.2") for line in lines)


def test_a_gpu_in_the_machine_makes_what_is_missing_worth_a_warning(monkeypatch):
    assert libraries()["libcudnn.so.9"].status == "ok"
    monkeypatch.setattr(driver, "gpus_in_machine", lambda: ["/dev/nvidia0"])
    found = libraries()
    assert found["driver"] == ("warn", "driver", *MISSING)
    assert found["libcudnn.so.9"].status == "warn"


def test_gpus_hidden_on_purpose_are_told(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert libraries()["GPUs"].detail == "CUDA_VISIBLE_DEVICES='-1' hides every GPU"
    assert libraries(require_gpu=True)["GPUs"].status == "FAIL"


@pytest.mark.parametrize("require_gpu, status", [(False, "warn"), (True, "FAIL")])
def test_a_broken_library_is_told_with_its_file(tmp_path, require_gpu, status):
    (tmp_path / "libcudnn.so.9").write_bytes(b"no library" * 100)
    found = libraries(require_gpu)["libcudnn.so.9"]
    assert found.status == status
    assert "could not be loaded" in found.detail and "invalid ELF header" in found.detail
    assert found.remedy == f"remove {tmp_path}/libcudnn.so.9, or its folder from LD_LIBRARY_PATH"


@pytest.mark.parametrize(
    "number, status, detail",
    [
        (8907, "warn", "cuDNN 8.9.7 was found ({}), but TensorFlow 2.21 needs 9.3 or a later 9"),
        (92800, "ok", "9.28.0"),
    ],
)
def test_an_old_cudnn_is_told_from_one_that_will_do(tmp_path, number, status, detail):
    if shutil.which("gcc") is None:
        pytest.skip("gcc not found")
    file = tmp_path / "libcudnn.so.9"
    code = f"unsigned long cudnnGetVersion(void) {{ return {number}; }}"
    command = ["gcc", "-shared", "-fPIC", "-o", str(file), "-xc", "-"]
    subprocess.run(command, input=code, text=True, check=True)
    found = libraries()
    assert found["libcudnn.so.9"] == ("ok", "libcudnn.so.9", str(file), None)
    assert found["cuDNN"][:3] == (status, "cuDNN", detail.format(file))
    assert found["driver"].status == "warn"  # who has CUDA libraries wants a GPU


def test_the_compiler_is_looked_for_where_xla_looks(monkeypatch, tmp_path):
    monkeypatch.setattr(diagnosis.shutil, "which", lambda name: None)
    monkeypatch.setenv("XLA_FLAGS", f"--xla_gpu_cuda_data_dir={tmp_path}/cuda")
    file = tmp_path / "cuda/nvvm/libdevice/libdevice.10.bc"
    file.parent.mkdir(parents=True)
    file.touch()
    assert libraries()["libdevice"] == ("ok", "libdevice", str(file), None)


def test_data_given_are_read_and_bad_ones_fail(npz, tmp_path):
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"no arrays")
    assert doctor.data_set(npz) == ("ok", "data", f"small.npz from {npz}", None)
    assert doctor.data_set(str(bad)).status == "FAIL"
    assert doctor.data_set(str(tmp_path / "nothing.npz")).status == "FAIL"


def test_without_data_nothing_is_downloaded(monkeypatch, tmp_path):
    monkeypatch.setattr("pooch.HTTPDownloader", lambda **_: pytest.fail("downloads"))
    found = doctor.data_set(None)
    assert (found.status, found.what) == ("warn", "data")
    assert found.detail == f"{tmp_path}/keras/datasets/mnist.npz is not there yet"


def test_mnist_is_recognized(mnist):
    found = doctor.data_set(mnist.source)
    assert found.detail == f"MNIST, bit for bit the post's, from {mnist.source}"


def test_too_little_disk_or_memory_fails(monkeypatch, tmp_path):
    def machine():
        return {found.what: found.status for found in diagnosis.machine(str(tmp_path))}

    monkeypatch.setattr(diagnosis, "available_memory", lambda: 2 * diagnosis.GIB)
    monkeypatch.setattr(diagnosis.shutil, "disk_usage", lambda path: Usage(0, 0, 2 * diagnosis.GIB))
    assert machine() == {"disk": "ok", "memory": "ok"}
    monkeypatch.setattr(diagnosis, "available_memory", lambda: diagnosis.GIB - 1)
    monkeypatch.setattr(diagnosis.shutil, "disk_usage", lambda path: Usage(0, 0, 1000))
    assert machine() == {"disk": "FAIL", "memory": "FAIL"}


def test_a_containers_memory_counts_where_it_is_less(tmp_path):
    assert diagnosis.available_memory(str(tmp_path)) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert diagnosis.available_memory(str(tmp_path)) == 8000 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("100\n")
    assert diagnosis.available_memory(str(tmp_path)) == 8000 * 1024
    (group / "memory.max").write_text("1100\n")
    assert diagnosis.available_memory(str(tmp_path)) == 1000


def test_what_cannot_be_computed_or_compiled_is_told(monkeypatch):
    from tf1_dnn.devices import sessions

    def fail(*args):
        raise sessions.tf.errors.InternalError(None, None, "no such device\nat line 7")

    monkeypatch.setattr(sessions, "start", fail)
    found = {finding.what: finding for finding in diagnosis.device(require_gpu=False)}
    assert found["matrix product"][0::2] == ("FAIL", "no such device")
    assert found["XLA"] == ("warn", "XLA", "no such device", "train with --no-xla")


def test_a_wrong_product_fails(monkeypatch):
    monkeypatch.setattr(diagnosis, "LARGEST_ERROR", 0.0)
    found = {each.what: each for each in diagnosis.device(require_gpu=False)}
    assert (found["matrix product"].status, found["XLA"].status) == ("FAIL", "warn")


def test_json_holds_every_finding(capsys):
    assert cli.run(doctor.main, ["--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["training_works"] is True
    whats = [finding["what"] for finding in report["findings"]]
    for what in ("Python", "TensorFlow", "driver", "libcudnn.so.9", "device", "XLA", "data"):
        assert what in whats
    assert all(set(row) == {"status", "what", "detail", "remedy"} for row in report["findings"])


def test_an_unfit_tensorflow_ends_it_with_a_remedy():
    command = [sys.executable, "-m", "tf1_dnn.doctor"]
    environ = os.environ | {"TF_USE_LEGACY_KERAS": "0"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1].startswith(
        "FAIL TensorFlow: TF_USE_LEGACY_KERAS is set to '0', which hides tf.layers: unset it"
    )

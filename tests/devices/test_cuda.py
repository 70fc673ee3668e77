"""cuda.py: which file is loaded, and what is said of libraries that are missing, broken or old."""

import importlib
import os
import shutil
import subprocess

import pytest

from tf1_dnn.devices import cuda, driver

NOTHING = "libtf1_dnn_nothing.so.1"


@pytest.fixture
def path(monkeypatch, tmp_path):
    """A folder that comes first where the linker looks."""
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def build():
    """Compile a shared library from C."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc not found")

    def compile(file, code):
        file.parent.mkdir(parents=True, exist_ok=True)
        command = ["gcc", "-shared", "-fPIC", "-o", str(file), "-xc", "-"]
        subprocess.run(command, input=code, text=True, check=True)
        return str(file)

    return compile


def cudnn(number):
    return f"unsigned long cudnnGetVersion(void) {{ return {number}; }}"


def test_the_users_folders_come_before_pips(monkeypatch, tmp_path):
    (tmp_path / "site/nvidia/cudnn/lib").mkdir(parents=True)
    (tmp_path / "site/nvidia/cublas/lib").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}/one::{tmp_path}/two")
    importlib.invalidate_caches()
    ours = [folder for folder in cuda.folders() if folder.startswith(str(tmp_path))]
    assert [os.path.relpath(folder, tmp_path) for folder in ours] == [
        "one",
        "two",
        "site/nvidia/cublas/lib",
        "site/nvidia/cudnn/lib",
    ]


def test_a_missing_library_is_told_with_the_package_that_holds_it():
    library = cuda.load(NOTHING)
    assert (library.path, library.found) == (None, None)
    assert f"{NOTHING}: cannot open shared object file" in library.fault.reason
    assert library.fault.remedy == "pip install 'tensorflow[and-cuda]~=2.21.0'"


def test_a_library_the_system_knows_is_loaded_by_name():
    library = cuda.load("libc.so.6")
    assert library.fault is None and library.found is None
    assert os.path.basename(library.path).startswith("libc.so.6") and os.path.isfile(library.path)


def test_a_broken_library_is_told_with_its_file(path):
    (path / "libcudnn.so.9").write_bytes(b"this is no library" * 100)
    library = cuda.load("libcudnn.so.9")
    assert library.path is None and library.found == str(path / "libcudnn.so.9")
    assert "invalid ELF header" in library.fault.reason
    assert (
        library.fault.remedy == f"remove {path}/libcudnn.so.9, or its folder from LD_LIBRARY_PATH"
    )


def test_the_first_folder_with_the_library_decides(monkeypatch, tmp_path, build):
    first = build(tmp_path / "one" / NOTHING, "int one;")
    build(tmp_path / "two" / NOTHING, "int two;")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}/none:{tmp_path}/one:{tmp_path}/two")
    assert cuda.load(NOTHING) == (NOTHING, first, None, first)


@pytest.mark.parametrize(
    "number, version, is_fit",
    [
        (8907, (8, 9, 7), False),
        (90200, (9, 2, 0), False),
        (90300, (9, 3, 0), True),
        (92800, (9, 28, 0), True),
        (100000, (10, 0, 0), False),
    ],
)
def test_cudnn_must_be_what_tensorflow_was_built_with_or_a_later_minor(
    tmp_path, build, number, version, is_fit
):
    file = build(tmp_path / "libcudnn.so.9", cudnn(number))
    assert cuda.cudnn_version(file) == version
    fault = cuda.cudnn_fault(file)
    assert (fault is None) == is_fit
    if not is_fit:
        found = ".".join(map(str, version))
        assert fault.reason == (
            f"cuDNN {found} was found ({file}), but TensorFlow 2.21 needs 9.3 or a later 9"
        )


def test_a_cudnn_without_a_version_is_a_fault(tmp_path, build):
    file = build(tmp_path / "libcudnn.so.9", "int nothing;")
    assert cuda.cudnn_version(file) is None
    assert cuda.cudnn_fault(file).reason.startswith("a cuDNN without a version was found")


@pytest.fixture
def gpu(monkeypatch):
    """A driver that sees a GPU, and no CUDA libraries of this machine's."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(driver, "fault", lambda: None)
    monkeypatch.setattr(cuda, "OTHERS", ())
    names = tuple(f"libtf1_dnn_{name}.so.9" for name in ("cusolver", "cudnn"))
    monkeypatch.setattr(cuda, "REQUIRED", names)
    return names


def test_fault_names_the_first_required_library_that_is_missing(gpu, path, build):
    cusolver, cudnn_name = gpu
    assert str(cuda.fault()).startswith(f"{cusolver} could not be loaded ({cusolver}: cannot open")
    build(path / cusolver, "int nothing;")
    assert str(cuda.fault()).startswith(f"{cudnn_name} could not be loaded")
    build(path / cudnn_name, cudnn(8907))
    assert cuda.fault().reason.startswith("cuDNN 8.9.7 was found")


def test_no_fault_where_driver_libraries_and_cudnn_are_right(gpu, path, build):
    for name in gpu:
        build(path / name, cudnn(90300))
    assert cuda.fault() is None


def test_driver_and_hidden_gpus_are_told_before_libraries(gpu, monkeypatch):
    missing = driver.Fault("the driver is missing", "install it")
    monkeypatch.setattr(driver, "fault", lambda: missing)
    assert cuda.fault() == missing
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert cuda.fault().remedy == "unset it"

"""Sessions: which device is chosen, what is said about it, and what a session there does."""

import re

import pytest
from conftest import small_splits

from tf1_dnn import cli, train
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution
from tf1_dnn.devices import cuda, diagnosis, driver, sessions
from tf1_dnn.errors import ConfigError, DeviceError
from tf1_dnn.graph import build_graph
from tf1_dnn.runs import config_json, directory
from tf1_dnn.spec import TrainSpec
from tf1_dnn.training.compiled_epoch import build_epoch_graph

MISSING = driver.Fault("the driver is missing (libcuda.so.1)", "install it")
SMALL = ["--hidden-units", "4", "--n-epochs", "1", "--batch-size", "20", "--loop", "step"]


@pytest.fixture(autouse=True)
def no_gpu_begun_with(monkeypatch):
    """As in a new process."""
    monkeypatch.setattr(sessions, "_first_gpu", [])


@pytest.fixture
def two_gpus(monkeypatch):
    """TensorFlow can use two."""
    monkeypatch.setattr(sessions, "usable_gpus", lambda: [0, 1])
    monkeypatch.setattr(sessions, "describe", lambda gpu: f"GPU {gpu} (model)")


@pytest.fixture
def no_gpu(monkeypatch):
    """TensorFlow lists no GPU, and there is none in the machine."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(sessions, "usable_gpus", lambda: [])
    monkeypatch.setattr(cuda, "fault", lambda: MISSING)
    monkeypatch.setattr(driver, "gpus_in_machine", lambda: [])


@pytest.fixture
def unusable_gpu(no_gpu, monkeypatch):
    """TensorFlow lists no GPU, but there is one in the machine."""
    monkeypatch.setattr(driver, "gpus_in_machine", lambda: ["/dev/nvidia0"])


def test_without_a_gpu_auto_takes_the_cpu_and_gpu_is_refused(no_gpu):
    device = sessions.choose_device("auto")
    assert (
        device == sessions.choose_device("cpu") and device.kind == "CPU" and device.warning is None
    )
    assert re.fullmatch(r"CPU \(\d+ cores\)", device.description)
    with pytest.raises(DeviceError) as caught:
        sessions.choose_device("gpu")
    assert str(caught.value) == (
        "no GPU can be used: the driver is missing (libcuda.so.1): install it."
    )


def test_auto_warns_of_a_gpu_it_cannot_use_and_cpu_does_not(unusable_gpu):
    device = sessions.choose_device("auto")
    assert device.kind == "CPU"
    assert device.warning == (
        "there is a GPU (/dev/nvidia0), but TensorFlow cannot use it: "
        "the driver is missing (libcuda.so.1): install it"
    )
    assert sessions.choose_device("cpu").warning is None


def test_a_gpu_hidden_on_purpose_is_no_reason_to_warn(unusable_gpu, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert sessions.choose_device("auto").warning is None


def test_libraries_that_load_and_no_gpu_are_told_apart(no_gpu, monkeypatch):
    monkeypatch.setattr(cuda, "fault", lambda: None)
    assert "driver and libraries load, but TensorFlow lists no GPU" in str(sessions.why_no_gpu())


def test_libraries_are_loaded_before_tensorflow_looks_for_gpus(monkeypatch):
    calls = []
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(cuda, "libraries", lambda: calls.append("libraries"))
    list_devices = lambda kind: calls.append(kind) or []  # noqa: E731
    monkeypatch.setattr(sessions.tf.config, "list_physical_devices", list_devices)
    monkeypatch.setattr(driver, "fault", lambda: None)
    sessions.usable_gpus()
    assert calls == ["libraries", "GPU"]
    monkeypatch.setattr(driver, "fault", lambda: MISSING)
    sessions.usable_gpus()
    assert calls[2:] == ["GPU"]  # none to load without a driver


def test_sessions_grow_in_memory_and_a_cpu_session_sees_no_gpu():
    config = sessions.session_config(sessions.Device("GPU", ""))
    assert config.gpu_options.allow_growth and "GPU" not in config.device_count
    config = sessions.session_config(sessions.Device("CPU", ""))
    assert config.gpu_options.allow_growth and config.device_count["GPU"] == 0
    with sessions.start(tf.Graph(), Execution(device="cpu")) as session:
        assert {device.device_type for device in session.list_devices()} == {"CPU"}


def test_a_gpu_is_chosen_by_its_number(two_gpus):
    device = sessions.choose_device("gpu:1")
    assert (device.kind, device.description) == ("GPU", "GPU 1 (model), one of 2")
    assert sessions.session_config(device).gpu_options.visible_device_list == "1"
    assert sessions.choose_device("auto") == device  # a process stays where it began
    with pytest.raises(DeviceError, match="computes on gpu:1 already.*another process for gpu:0"):
        sessions.choose_device("gpu:0")


@pytest.mark.parametrize("device", ["auto", "gpu"])
def test_without_a_number_tensorflow_takes_its_first(device, two_gpus):
    config = sessions.session_config(sessions.choose_device(device))
    assert config.gpu_options.visible_device_list == ""
    assert sessions.choose_device("gpu:0").description == "GPU 0 (model), one of 2"


def test_a_number_beyond_the_gpus_there_are_is_refused(two_gpus, monkeypatch):
    with pytest.raises(DeviceError) as caught:
        sessions.choose_device("gpu:2")
    assert str(caught.value) == "there is no gpu:2: give one of those there are, gpu:0 to gpu:1."
    monkeypatch.setattr(sessions, "usable_gpus", lambda: [])
    monkeypatch.setattr(cuda, "fault", lambda: MISSING)
    with pytest.raises(DeviceError, match="no GPU can be used: the driver is missing"):
        sessions.choose_device("gpu:0")


def test_the_doctor_lists_the_gpus(two_gpus, monkeypatch):
    monkeypatch.setattr(
        diagnosis, "_computes", lambda what, **_: diagnosis.Diagnosis("ok", what, "")
    )
    found = {each.what: each.detail for each in diagnosis.device(require_gpu=True)}
    assert found["device"] == "GPU 0 (model), one of 2"
    assert found["gpu:1"] == "GPU 1 (model); train --device takes it"


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("allowed", [True, False])
def test_tf32_is_as_asked_within_a_session_and_as_before_after_it(before, allowed):
    switch = tf.config.experimental
    switch.enable_tensor_float_32_execution(before)
    try:
        with sessions.start(tf.Graph(), Execution(tf32=allowed)):
            assert switch.tensor_float_32_execution_enabled() == allowed
        assert switch.tensor_float_32_execution_enabled() == before
    finally:
        switch.enable_tensor_float_32_execution(True)


@pytest.mark.parametrize("allowed, precision", [(False, "highest"), (True, None)])
def test_xla_is_told_to_multiply_in_full_float32_unless_tf32_is_allowed(allowed, precision):
    import tensorflow

    one = tensorflow.ones([2, 2])
    with sessions.tf32_allowed(allowed):
        compiled = tensorflow.function(lambda a, b: a @ b, jit_compile=True)
        hlo = compiled.experimental_get_compiler_ir(one, one)(stage="hlo")
    found = re.search(r"operand_precision=\{(\w+),(\w+)\}", hlo)
    assert "dot(" in hlo and (found and found.groups()) == (precision and (precision, precision))


def test_initial_weights_are_drawn_on_the_cpu_and_variables_are_not_tied_to_it():
    graph = build_graph(Config(hidden_units=(4,)), 20, 5).graph
    random = [op for op in graph.get_operations() if op.type == "RandomUniform"]
    assert len(random) == 2 and {op.device for op in random} == {"/device:CPU:0"}
    variables = [op for op in graph.get_operations() if op.type == "VarHandleOp"]
    assert len(variables) > 4 and {op.device for op in variables} == {""}


def kernels_on_gpu(op_type):
    """The dtypes whose variables TensorFlow can keep in a GPU's memory."""
    from tensorflow.python.framework import kernels

    return {
        tf.as_dtype(dtype)
        for kernel in kernels.get_registered_kernels_for_op(op_type).kernel
        if kernel.device_type in ("GPU", "DEFAULT")
        for constraint in kernel.constraint
        for dtype in constraint.allowed_values.list.type
    }


def test_every_variable_of_a_training_graph_can_lie_on_a_gpu():
    splits = small_splits()
    model = build_graph(Config(hidden_units=(4,), optimizer="adam"), 20, 5)
    build_epoch_graph(model, splits.train, xla=False)
    operations = model.graph.get_operations()
    variables = [op for op in operations if op.type == "VarHandleOp"]
    resident = [op for op in variables if op.name.startswith("epoch/")]
    assert [op.get_attr("dtype") for op in resident] == [tf.uint8, tf.int64]
    on_gpu = kernels_on_gpu("VarHandleOp")
    assert tf.int32 not in on_gpu  # which is why labels are kept as int64
    assert {op.get_attr("dtype") for op in variables} <= on_gpu


def test_unknown_devices_and_tf32_on_a_cpu_are_refused():
    for device in ("tpu", "gpu:", "gpu:-1", "gpu:N", "gpu:0x1", "cpu:0"):
        with pytest.raises(ConfigError, match=f"'{device}': choose from auto, cpu, gpu, gpu:0"):
            Execution(device=device)
    with pytest.raises(ConfigError, match="drop --tf32"):
        Execution(device="cpu", tf32=True)


def test_a_run_goes_on_on_another_device(tmp_path):
    splits, described = small_splits(), {}
    for execution in (Execution(device="cpu"), Execution(tf32=True)):
        described[execution] = config_json.describe(TrainSpec(Config(), execution), splits)
    first, second = described.values()
    assert (first.execution.device, second.execution.tf32) == ("cpu", True)
    with directory.open_run(tmp_path, first):
        pass
    directory.check_run(tmp_path, second, resume=True, overwrite=False)


def run(*argv):
    return cli.run(train.main, list(argv))


def test_the_command_says_what_it_uses_and_warns(npz, unusable_gpu, capsys):
    assert run(*SMALL, "--data", npz) == 0
    err = capsys.readouterr().err
    assert re.search(r"^warning: there is a GPU \(/dev/nvidia0\), but", err, re.MULTILINE)
    assert re.search(r"^TensorFlow 2\.21\.\d+ on CPU \(\d+ cores\)$", err, re.MULTILINE)
    assert run(*SMALL, "--data", npz, "--device", "cpu") == 0
    assert "warning" not in capsys.readouterr().err


def test_the_command_refuses_a_gpu_that_is_not_there(npz, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(cuda, "fault", lambda: None)
    monkeypatch.setattr(driver, "n_gpus", lambda: 1)
    metrics = tmp_path / "metrics.jsonl"
    assert run(*SMALL, "--data", npz, "--device", "gpu:1", "--metrics", str(metrics)) == 2
    assert capsys.readouterr().err == (
        "error: there is no gpu:1: give one of those there are, only gpu:0.\n"
    )
    assert not metrics.exists()


def test_the_command_refuses_before_anything_is_written(npz, no_gpu, capsys, tmp_path):
    metrics, run_dir = tmp_path / "metrics.jsonl", tmp_path / "run"
    where = ["--metrics", str(metrics), "--run-dir", str(run_dir)]
    assert run(*SMALL, "--data", npz, "--device", "gpu", *where) == 2
    out, err = capsys.readouterr()
    assert out == "" and err == (
        "error: no GPU can be used: the driver is missing (libcuda.so.1): install it.\n"
    )
    assert not metrics.exists() and not run_dir.exists()

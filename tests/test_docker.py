"""The Dockerfile and its entry point, as far as they can be checked without building an image."""

import fnmatch
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[1]
ENTRY_POINT = ROOT / "docker" / "entrypoint.sh"
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")


@pytest.fixture
def start(tmp_path):
    """Run the entry point with commands in the place of python and jupyter that print a call."""
    for name in ("python", "jupyter"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"; env > {tmp_path}/env\n')
        (tmp_path / name).chmod(0o755)
    (tmp_path / "home").mkdir()

    def run(*argv, **environ):
        defaults = {"HOME": str(tmp_path / "home"), "XLA_CACHE": str(tmp_path / "cache/xla")}
        path = f"{tmp_path}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", str(ENTRY_POINT), *argv],
            env={"PATH": path, **defaults, **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        variables = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
        return done.stdout.strip(), variables

    return run


@pytest.mark.parametrize(
    "argv, called",
    [
        ([], "python -m tf1_dnn.train"),
        (["train"], "python -m tf1_dnn.train"),
        (
            ["train", "gradient_clipping", "--seed", "7"],
            "python -m tf1_dnn.train gradient_clipping",
        ),
        (["--n-epochs", "2"], "python -m tf1_dnn.train --n-epochs 2"),
        (["gradient_clipping"], "python -m tf1_dnn.train gradient_clipping"),
        (["notebook", "--debug"], "jupyter lab --ip=0.0.0.0 --port=8888 --no-browser"),
        (["python", "-m", "tf1_dnn.doctor", "--json"], "python -m tf1_dnn.doctor --json"),
    ],
)
def test_one_image_has_three_uses(start, argv, called):
    said, _ = start(*argv)
    assert said.startswith(called)
    assert said.endswith(argv[-1] if len(argv) > 1 else called.split()[-1])


def test_jupyter_never_goes_without_a_token(start):
    said, _ = start("notebook")
    assert not re.search("token|password|allow-root", said)
    assert not re.search("token|password", DOCKERFILE.lower().replace("token in its output", ""))


def test_a_home_that_cannot_be_written_is_replaced(start, tmp_path):
    assert start("train")[1]["HOME"] == str(tmp_path / "home")
    replaced = start("train", HOME="/no/such/home")[1]["HOME"]
    assert replaced != "/no/such/home" and os.access(replaced, os.W_OK)
    os.rmdir(replaced)


def test_xla_keeps_what_it_compiled_only_where_it_can_write(start, tmp_path):
    flags = start("train")[1]["TF_XLA_FLAGS"]
    assert flags == (
        f"--tf_xla_persistent_cache_directory={tmp_path}/cache/xla "
        "--tf_xla_persistent_cache_device_types=GPU"
    )
    (tmp_path / "file").touch()
    assert "TF_XLA_FLAGS" not in start("train", XLA_CACHE=str(tmp_path / "file/xla"))[1]
    assert start("train", TF_XLA_FLAGS="")[1]["TF_XLA_FLAGS"] == ""


@pytest.mark.slow
def test_tensorflow_is_known_to_understand_these_flags(start):
    """An unknown flag ends a process that imports TensorFlow."""
    environ = {name: start("train")[1][name] for name in ("TF_XLA_FLAGS",)}
    code = "import tensorflow as tf; tf.function(lambda x: x + 1, jit_compile=True)(tf.constant(1))"
    command = [os.sys.executable, "-c", code]
    environ |= os.environ | {"XLA_FLAGS": "--xla_gpu_cuda_data_dir=/opt/venv/cuda"}
    assert subprocess.run(command, env=environ, capture_output=True).returncode == 0
    environ["TF_XLA_FLAGS"] = "--tf_xla_no_such_flag=1"
    assert subprocess.run(command, env=environ, capture_output=True).returncode != 0


def instructions(kind):
    return re.findall(rf"^{kind}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def test_what_is_copied_exists_and_is_sent_to_the_builder():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    for copy in instructions("COPY"):
        for source in copy.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(source == name or source.startswith(f"{name}/") for name in kept), source
    assert not any(fnmatch.fnmatch("tests/test_docker.py", f"{name}*") for name in kept)


def test_the_base_image_is_of_the_locked_tensorflow():
    locked = re.search(r"^tensorflow==(\S+)", (ROOT / "requirements.lock").read_text(), re.M)
    assert instructions("ARG")[0] == f"BASE_IMAGE=tensorflow/tensorflow:{locked[1]}-gpu"


def test_code_comes_after_dependencies_and_the_user_is_not_root():
    steps = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    install = next(i for i, step in enumerate(steps) if "pip install --no-cache-dir" in step)
    assert steps.index("COPY tf1_dnn tf1_dnn") > install
    assert instructions("USER") == ["1000:1000"]
    assert instructions("ENTRYPOINT") == ['["tf1_dnn"]'] and os.access(ENTRY_POINT, os.X_OK)


def test_compose_reserves_the_gpu_and_names_the_volumes():
    yaml = pytest.importorskip("yaml", reason="PyYAML not installed")
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())
    volumes = re.findall(r'"([^"]+)"', instructions("VOLUME")[0])
    for service in services["services"].values():
        [device] = service["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
        assert [volume.split(":")[1] for volume in service["volumes"]] == volumes
        assert all(volume.split(":")[0] in services["volumes"] for volume in service["volumes"])


def test_jupyter_is_published_to_this_machine_alone():
    """Its token goes over plain HTTP."""
    texts = [DOCKERFILE, *(path.read_text() for path in ROOT.glob("docs/*.md"))]
    texts += [(ROOT / name).read_text() for name in ("compose.yaml", "README.md", "README.ko.md")]
    published = re.findall(r"(\S*):8888\b(?!,)", "\n".join(texts))
    assert published and {each.strip('["') for each in published} <= {
        "127.0.0.1:8888",
        "http://127.0.0.1",
    }

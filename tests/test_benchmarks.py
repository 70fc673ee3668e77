"""benchmarks/ runs: every contender, the tables, the cluster's measurements. Not how fast it is."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tf1_dnn import data
from tf1_dnn.data import synthetic

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
CONTENDERS = runpy.run_path(str(FOLDER / "contenders.py"))
slow = pytest.mark.slow  # a process that imports a framework


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Built-in digits in the form of Keras's mnist.npz, few: 100 batches and 31 left over."""
    (x_train, y_train), (x_test, y_test) = synthetic.make(seed=3, n_train=6_037, n_test=500)
    path = tmp_path_factory.mktemp("benchmarks") / "mnist.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return str(path)


def start(script, *argv, **variables):
    command = [sys.executable, str(FOLDER / script), *map(str, argv)]
    environ = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, **variables}
    return subprocess.run(command, capture_output=True, text=True, env=environ)


@pytest.mark.parametrize("n, n_valid", [(10_000, 5_000), (9_999, 1_666)])
def test_the_split_is_the_packages(n, n_valid, tmp_path):
    images, labels = np.zeros((n, 784), np.uint8), np.arange(n) % 10
    path = tmp_path / "mnist.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images[:3], y_test=labels[:3])
    splits = runpy.run_path(str(FOLDER / "common.py"))["load"](path)
    assert splits.valid.labels.tolist() == labels[:n_valid].tolist()
    assert splits.train.labels.tolist() == labels[n_valid:].tolist()
    assert splits.train.images.shape == (n - n_valid, 784)


@slow
@pytest.mark.parametrize("contender", CONTENDERS["CONTENDERS"], ids=CONTENDERS["NAMES"])
def test_every_contender_learns_and_prints_its_figures(contender, digits):
    remedy = CONTENDERS["missing"](contender.family, sys.executable)
    if remedy is not None:
        pytest.skip(f"{contender.name}: {remedy}")
    preset = "gradient_clipping" if contender.flags else "batch_norm"
    options = ["--preset", preset, "--data", digits, "--epochs", 1]
    done = start(f"contender_{contender.family}.py", *contender.flags, *options)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    figures = json.loads(line)
    assert figures.keys() == {
        *("epoch_seconds", "valid_accuracies", "test_accuracy"),
        *("seconds", "peak_bytes", "versions"),
    }
    (epoch_seconds,), (valid_accuracy,) = figures["epoch_seconds"], figures["valid_accuracies"]
    assert 0 < epoch_seconds < figures["seconds"]
    assert 0.3 < valid_accuracy <= 1 and 0.3 < figures["test_accuracy"] <= 1  # chance is 0.1
    assert figures["peak_bytes"] > 50e6
    assert {"numpy", "python"} < figures["versions"].keys()


@slow
def test_tables_on_stdout_and_between_the_readmes_markers(digits, tmp_path):
    readme, results = tmp_path / "README.md", tmp_path / "results.json"
    shutil.copy(FOLDER / "README.md", readme)
    options = ["--only", "tf1_dnn", "--rounds", 1, "--epochs", 2, "--presets", "batch_norm"]
    files = ["--markdown", readme, "--json", results]
    # A folder, as the other commands take it; of IDX files it would be one just so.
    done = start("run.py", *options, *files, TF1_DNN_DATA=str(Path(digits).parent))
    assert done.returncode == 0, done.stderr
    facts, _, preset, header, row = done.stdout.splitlines()
    assert "rounds: 1, epochs: 2; sgemm" in facts and preset == "batch_norm"
    assert header.split()[:3] == ["contender", "epoch,", "s"]
    figures = json.loads(results.read_text())["summaries"]["batch_norm"]["tf1_dnn"]
    accuracies = f"{figures['valid_accuracy']:.4f}  {figures['test_accuracy']:.4f}"
    assert row.startswith("tf1_dnn, epoch loop (default)") and " ".join(row.split()).endswith(
        " ".join(accuracies.split())
    )
    old, new = (FOLDER / "README.md").read_text(), readme.read_text()
    before, after = old.split("<!-- results -->")[0], old.split("<!-- end of results -->")[1]
    assert new.startswith(f"{before}<!-- results -->\n\n{facts}\n\n`batch_norm`:\n\n| contender |")
    assert new.endswith(f" |\n\n<!-- end of results -->{after}")
    table = new[len(before) : -len(after)].splitlines()[6:-2]
    assert [cells.count("|") for cells in table] == [11, 11, 11]  # header, rule, one contender


@pytest.mark.parametrize(
    "options, words",
    [
        (["--data", "nowhere.npz"], "there is no nowhere.npz: name MNIST's npz file or folder wi"),
        (["--data", "."], "the folder . lacks train-images-idx3-ubyte, "),
        (["--python", "jaxx=python"], "--python takes NAME=PATH with one of tf1_dnn, "),
        (["--markdown", "plain.md"], "plain.md lacks the lines <!-- results --> and <!-- end of"),
    ],
)
def test_mistakes_are_told_before_the_long_run(options, words, digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.md").write_text("no markers")
    done = start("run.py", "--data", digits, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {words}") and done.stderr.count("\n") == 1
    assert (tmp_path / "plain.md").read_text() == "no markers"


def test_where_nothing_can_be_measured_there_is_no_table(digits, tmp_path):
    files = [tmp_path / "README.md", tmp_path / "results.json"]
    options = ["--only", "jax", "--python", f"jax={tmp_path}/python", "--rounds", 1]
    done = start("run.py", "--data", digits, *options, "--markdown", files[0], "--json", files[1])
    assert (done.returncode, done.stdout) == (1, "")
    assert f"skipping jax: cannot run {tmp_path}/python: No such file" in done.stderr
    assert done.stderr.endswith("nothing could be measured: no table is written\n")
    assert not any(file.exists() for file in files)


def test_a_busy_machine_is_named(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    busy = runpy.run_path(str(FOLDER / "report.py"))["busy"]
    assert busy([250.0, 201.0, 240.0]) == ""
    assert busy([58.0, 250.0]) == " The machine was busy: sgemm ran at 58 to 250 GFLOP/s."


CLUSTER = runpy.run_path(str(FOLDER / "cluster.py"))


def test_the_model_of_a_cluster_fits_what_it_predicts():
    """Networks of 784-300-100-10 have 267,430 parameters with batch norm, at 8 bytes a step."""
    case = CLUSTER["Case"](2, (300, 100), 50)
    assert CLUSTER["n_parameters"]((300, 100)) == 785 * 300 + 301 * 100 + 101 * 10 + 2 * 410
    assert CLUSTER["computed_bytes"](case) == 8 * 267_430 * 2
    factors = [0.005, 1 / 200e9, 1 / 1e9]  # seconds for calls, per operation, per byte
    cases = [case._replace(workers=1, hidden_units=h) for h in ((300, 100), (1024, 1024))]
    cases += [each._replace(batch_size=400) for each in cases]
    results = {
        each: CLUSTER["Result"](1 / np.dot(factors, CLUSTER["terms"](each)), 0) for each in cases
    }
    np.testing.assert_allclose(CLUSTER["fit"](results), factors, rtol=1e-9)
    assert CLUSTER["pays_from"](200e9, 1e9, 0.005, 1e6) == pytest.approx(21e-9 * 200e9 / 3)


@slow
def test_a_cluster_is_measured(digits):
    case = CLUSTER["Case"](1, (300, 100), 500)
    # So many epochs that it hardly counts if the first is seen to be over a step late.
    speed, n_bytes = CLUSTER["measure"](case, data.load(path=digits), 11)
    assert speed > 0 and n_bytes > CLUSTER["computed_bytes"](case)


def test_help_of_the_clusters_measurements():
    done = start("cluster.py", "--help")
    assert done.returncode == 0 and "--workers N [N ...]" in done.stdout


@pytest.fixture
def programs(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return runpy.run_path(str(FOLDER / "run_programs.py"))


@slow
def test_programs_are_timed_under_run(digits, tmp_path, programs):
    readme = tmp_path / "README.md"
    shutil.copy(FOLDER / "README.md", readme)
    options = ["--data", digits, "--rounds", 1, "--steps", 3, "--markdown", readme]
    done = start("run_programs.py", *options, "--programs", "post_batch_norm", "convolution")
    assert done.returncode == 0, done.stderr
    facts, header, *rows = done.stdout.splitlines()
    assert "rounds: 1, steps: 3" in facts and header.split()[:3] == ["program", "step,", "ms"]
    assert [row.split()[0] for row in rows] == ["post_batch_norm", "convolution"]
    for row in rows:
        _, step, _, _, process, *_ = row.split()
        assert 0 < float(step) < 1e3 * float(process)
    assert readme.read_text().count("| post_batch_norm |") == 1


def test_the_table_of_programs_holds_medians_and_their_ratios(programs):
    timing = programs["Timing"]
    here, old = [timing(3, 0.001), timing(9, 0.002), timing(4, 0.009)], [timing(8, 0.004)]
    timings = {"lstm": {"run": here, "tensorflow1": old}, "convolution": {"run": here}}
    assert programs["table"](timings)[1:] == [
        ["lstm", "2.00", "4.00", "0.50", "4.0", "8.0", "0.50"],
        ["convolution", "2.00", "–", "–", "4.0", "–", "–"],
    ]


def test_a_program_that_fails_is_shown(tmp_path, programs):
    (tmp_path / "fails.py").write_text("raise ValueError('no digit')")
    program = programs["Program"](tmp_path / "fails.py", takes_steps=False)
    with pytest.raises(subprocess.CalledProcessError) as failed:
        programs["time_program"](program, [sys.executable], "", 1)
    assert "no digit" in failed.value.stderr

"""benchmarks/gpu_report.py: one Markdown file, with a GPU and without; not how fast it is."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import documents
import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "gpu_report.py"
CURVE = "epoch: 000, valid. Acc: 0.9582\nepoch: 001, valid. Acc: 0.97{}\ntest. Acc: 0.9758\n"


@pytest.fixture
def module(monkeypatch):
    """The script's names, with a machine whose GPU halves the CPU's seconds."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    names = runpy.run_path(str(SCRIPT))
    monkeypatch.setitem(names["compose"].__globals__, "run", Commands(names["Finished"]))
    return names


class Commands:
    """In the place of the processes: what they print on a machine with a GPU."""

    def __init__(self, finished):
        self.finished, self.faults = finished, {}

    def __call__(self, *command):
        fault = self.faults.get(command[0])
        if fault is not None:
            return self.finished(1, "before", f"a traceback\n{fault}")
        return self.finished(0, self.printed(*command), "progress")

    def printed(self, name, *options):
        is_gpu = "gpu" in options
        if name == "tf1_dnn.train":
            return CURVE.format(28 if is_gpu else 29).rstrip()
        if name == "tf1_dnn.benchmark":
            seconds = 0.1 if is_gpu else 0.2
            row = {"loop": "epoch", "hidden_units": "300-100", "batch_size": 50}
            row.update(epoch_seconds=seconds, images_per_second=5_000 / seconds)
            return json.dumps({"rows": [row]})
        if name == "pytest":
            return "........\n8 passed in 9.00s"
        findings = [{"status": "ok", "what": "device", "detail": "GPU"}]
        return json.dumps({"findings": findings}) if "--json" in options else "ok   device: GPU"


def test_on_a_gpu_both_devices_stand_side_by_side(module):
    text, missing = module["compose"](quick=False)
    assert missing == []
    assert "```\nok   device: GPU\n```" in documents.section(text, "## The doctor")
    assert "8 passed in 9.00s" in documents.section(text, "## The tests marked gpu")
    assert documents.rows(documents.section(text, "## Digits"))[2:4] == [
        ["batch_norm", "GPU", "0.9582 0.9728", "0.9758"],
        ["batch_norm", "CPU", "0.9582 0.9729", "0.9758"],
    ]
    for heading in ("## Speed by batch", "## Speed by width"):
        header, _, row = documents.rows(documents.section(text, heading))
        assert header[3:] == [
            *("GPU: epoch, s", "GPU: images/s", "CPU: epoch, s", "CPU: images/s", "CPU / GPU")
        ]
        assert row == ["epoch", "300-100", "50", "0.1000", "50,000", "0.2000", "25,000", "2.00"]


def test_what_fails_is_told_in_its_place_and_the_rest_goes_on(module):
    module["compose"].__globals__["run"].faults = {"tf1_dnn.train": "error: no MNIST."}
    text, missing = module["compose"](quick=True)
    assert missing == ["Digits: error: no MNIST."]
    assert documents.section(text, "## Digits").strip() == "**Failed**: error: no MNIST."
    assert "| 2.00 |" in documents.section(text, "## Speed by batch")


@pytest.mark.slow
def test_without_a_gpu_the_cpus_part_is_measured_and_the_gpus_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    done = report("--quick", cwd=tmp_path)
    *commands, missing, written = done.stderr.splitlines()
    assert done.returncode == 1, done.stderr
    assert missing.startswith("no GPU was measured: no GPU can be used: ")
    assert written == "wrote gpu-report.md"
    assert "python -m tf1_dnn.train batch_norm --device cpu --n-epochs 1" in commands
    text = (tmp_path / "gpu-report.md").read_text()
    assert "**No GPU was measured**: no GPU can be used: " in text
    digits = documents.rows(documents.section(text, "## Digits"))[2:]
    assert [row[:2] for row in digits] == [["batch_norm", "CPU"], ["gradient_clipping", "CPU"]]
    assert all(0.5 < float(row[3]) <= 1 for row in digits)
    assert len(documents.rows(documents.section(text, "## Speed by batch"))) == 4


@pytest.mark.parametrize(
    "options, words",
    [
        (["--data", "nowhere.npz"], "there is no nowhere.npz: name MNIST's npz file or folder"),
        (["--output", "nowhere/a.md"], "nowhere/a.md cannot be written: name another file"),
        (["--output", "."], ". cannot be written: name another file with --output"),
    ],
)
def test_mistakes_are_told_before_anything_runs(options, words, tmp_path):
    done = report(*options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {words}") and done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def report(*options, cwd):
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)

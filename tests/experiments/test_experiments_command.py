"""python -m tf1_dnn.experiments: the report, bad input, processes side by side, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys

import pytest
import small_experiment
from processes import wait_until

from tf1_dnn import cli, experiments
from tf1_dnn.errors import RunError
from tf1_dnn.experiments import __main__ as command
from tf1_dnn.experiments import suite

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def in_this_process(monkeypatch):
    """No workers: they would not know an experiment that a test made up."""
    run_all = experiments.run_all

    def run(*arguments, **settings):
        return run_all(*arguments, **{**settings, "workers": 0})

    monkeypatch.setattr(experiments, "run_all", run)
    return run


def test_the_report(npz, tmp_path, capsys, monkeypatch, in_this_process):
    small_experiment.install(monkeypatch)
    argv = ["all", "--seeds", "3", "--data", npz, "--out", str(tmp_path / "claims")]
    assert cli.run(command.main, argv) == 0
    out, err = capsys.readouterr()
    verdict = "| Fast is more. | **holds** | 0.20 [0.20, 0.20] more |"
    assert verdict in out and "small.npz" in err
    text = (tmp_path / "claims" / "report.md").read_text()
    assert verdict in text and "3 seeds" in text and "`python -m tf1_dnn.experiments all" in text
    table = "| accuracy | fast | 0.31 [0.29, 0.33] | slow | 0.11 [0.09, 0.13] |"
    assert table in text
    assert (tmp_path / "claims" / "small.png").read_bytes().startswith(PNG)
    report = json.loads((tmp_path / "claims" / "report.json").read_text())
    (claim,) = report["experiments"]["small"]["claims"]
    assert (claim["rule"], claim["verdict"]) == ("Holds if it is more.", "holds")
    assert report["experiments"]["small"]["rows"][0]["difference"]["mean"] == pytest.approx(0.2)


def test_a_report_is_read_back_and_judged_anew(npz, tmp_path, monkeypatch, in_this_process):
    small_experiment.install(monkeypatch)
    assert cli.run(command.main, ["small", "--data", npz, "--out", str(tmp_path)]) == 0
    result = experiments.read_report(tmp_path / "report.json")["small"]
    assert result.verdicts[0].word == "holds" and result.rows[0].value.n == suite.SEEDS
    report = json.loads((tmp_path / "report.json").read_text())
    report["experiments"]["small"]["values"]["fast"]["accuracy"] = [0.0] * suite.SEEDS
    (tmp_path / "changed.json").write_text(json.dumps(report))
    changed = experiments.read_report(tmp_path / "changed.json")["small"]
    assert changed.verdicts[0].word == "does not hold"


def test_a_quick_run_gives_figures_and_no_verdict(
    npz, tmp_path, capsys, monkeypatch, in_this_process
):
    small_experiment.install(monkeypatch)
    assert cli.run(command.main, ["all", "--quick", "--data", npz, "--out", str(tmp_path)]) == 0
    line = "| Fast is more. | **quick: not a verdict** | 0.10 [0.10, 0.10] more |"
    assert line in capsys.readouterr().out
    text = (tmp_path / "report.md").read_text()
    assert line in text and "***Quick: not a verdict.*** 0.10" in text and "holds" not in text
    kept = experiments.read_report(tmp_path / "report.json")["small"]
    assert [verdict.word for verdict in kept.verdicts] == ["quick: not a verdict"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{}",
        '{"experiments": {"unheard-of": {"values": {}}}}',
        '{"experiments": {"vanishing": {"values": {}}}}',
        '{"experiments": {"momentum": {"values": {"momentum 0.9": {"looks": [1], "moving": []}}}}}',
    ],
)
def test_what_is_not_a_report(tmp_path, text):
    path = tmp_path / "report.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RunError, match="^cannot read the report .* make it with"):
        experiments.read_report(path)


@pytest.mark.parametrize(
    "argv, words",
    [
        (["vanish"], "unknown experiment 'vanish': choose from vanishing, initialization, "),
        (["vanish", "all"], "unknown experiment 'vanish'"),
        ([], "required: NAME"),
        (["all", "--seeds", "0"], "--seeds must be at least 2, not 0"),
        (["all", "--seeds", "many"], "invalid int value: 'many'"),
        (["all", "--workers", "0"], "--workers must be at least 1, not 0"),
        (["all", "--data", "nowhere"], "nowhere"),
    ],
)
def test_bad_input(argv, words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = cli.run(command.main, argv)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1) and words in err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_to(npz, capsys):
    assert cli.run(command.main, ["all", "--data", npz, "--out", "/dev/null/claims"]) == 2
    assert "error: cannot write to /dev/null/claims (" in capsys.readouterr().err


def run_command(npz, out, *argv):
    line = [sys.executable, "-m", "tf1_dnn.experiments", *argv, "--data", npz, "--out", str(out)]
    how = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    return subprocess.Popen(line, preexec_fn=_hear_interrupts, **how)


def _hear_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs ignore them


def is_alive(group):
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_a_stopped_command_leaves_finished_cells_and_no_processes(number, code, npz, tmp_path):
    process = run_command(npz, tmp_path / "out", "initialization", "--quick", "--workers", "1")
    cells = tmp_path / "out" / "cells"
    assert wait_until(lambda: len(list(cells.glob("*.json"))) >= 1, seconds=120)
    os.kill(process.pid, number) if number == signal.SIGKILL else os.killpg(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "") and "Traceback" not in err
    assert number == signal.SIGKILL or err.splitlines()[1:] == ["interrupted"]
    assert wait_until(lambda: not is_alive(process.pid), seconds=20)
    assert 1 <= len(list(cells.glob("*.json"))) < 24
    for path in cells.glob("*.json"):
        assert json.loads(path.read_text())["measured"].keys() == {"accuracy", "is_finite"}

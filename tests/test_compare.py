"""python -m tf1_dnn.compare: the table, its JSON, and what it refuses."""

import json
import re
import subprocess
import sys

import pytest
from conftest import small_splits

from tf1_dnn import cli, compare
from tf1_dnn.config import Config
from tf1_dnn.runs import config_json, directory, typed_json
from tf1_dnn.spec import TrainSpec

SPLITS = small_splits()


def make_run(folder, accuracies, *, test=None, **options):
    """What a run of these validation accuracies leaves, without training one."""
    folder.mkdir()
    description = config_json.describe(TrainSpec(Config(**options)), SPLITS)
    (folder / "config.json").write_text(typed_json.dumps(description))
    lines = [
        dict(epoch=i, valid_accuracy=accuracy, valid_loss=1 - accuracy)
        for i, accuracy in enumerate(accuracies)
    ]
    times = [dict(epoch=i, seconds=1.5) for i in range(len(accuracies))]
    if test is not None:
        lines.append(dict(test_accuracy=test, test_loss=0.5))
    write_lines(folder / directory.METRICS, lines)
    write_lines(folder / directory.TIMES, times)
    return str(folder)


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def run_dirs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "a", [0.5, 0.75, 0.625], test=0.6875)
    make_run(tmp_path / "b", [0.25], learning_rate=0.5, hidden_units=(8, 4), clip_norm=2.0)
    return ["a", "b"]


def run(*argv):
    return cli.run(compare.main, list(argv))


def test_a_row_per_run_with_the_settings_that_differ(run_dirs, capsys):
    assert run(*run_dirs) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [re.split(r"  +", line.strip()) for line in lines] == [
        ["run", "hidden_units", "learning_rate", "clip_norm"]
        + ["best valid.", "final valid.", "test", "epochs", "seconds"],
        ["a", "300 100", "0.01", "-", "0.7500", "0.6250", "0.6875", "3", "4.5"],
        ["b", "8 4", "0.5", "2.0", "0.2500", "0.2500", "-", "1", "1.5"],
    ]
    assert len({len(line) for line in lines}) == 1


def test_equal_settings_take_no_column_and_a_run_named_twice_no_row(run_dirs, capsys):
    assert run("a", "a") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].split()[:2] == ["run", "best"]


def test_other_data_are_told_by_their_hash(run_dirs, tmp_path, capsys):
    description = json.loads((tmp_path / "b" / "config.json").read_text())
    description["data"]["sha256"] = "0123456789abcdef"
    (tmp_path / "b" / "config.json").write_text(json.dumps(description))
    assert run(*run_dirs) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[1] == "data_sha256"
    assert [row.split()[1] for row in rows] == [SPLITS.sha256()[:8], "01234567"]


def test_json_has_all_settings_and_epochs(run_dirs, capsys):
    assert run(*run_dirs, "--json") == 0
    a, b = json.loads(capsys.readouterr().out)
    assert (a["test_accuracy"], b["test_accuracy"]) == (0.6875, None)
    assert (a["best_valid_accuracy"], a["final_valid_accuracy"]) == (0.75, 0.625)
    assert (a["n_epochs"], a["seconds"]) == (3, 4.5)
    assert b["differing"] == {"hidden_units": [8, 4], "learning_rate": 0.5, "clip_norm": 2.0}
    assert b["settings"]["seed"] == 42
    of_before = dict(train_accuracy=None, train_loss=None)
    epoch = dict(epoch=0, valid_accuracy=0.25, valid_loss=0.75, seconds=1.5)
    assert b["epochs"] == [{**epoch, **of_before}]


def test_a_run_without_a_finished_epoch_has_dashes(run_dirs, tmp_path, capsys):
    for name in (directory.METRICS, directory.TIMES):
        (tmp_path / "b" / name).unlink()
    assert run("b") == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.split() == ["b", "-", "-", "-", "0", "0.0"]


def test_plot_draws_the_curves(run_dirs, tmp_path, capsys):
    assert run(*run_dirs, "--plot", "curves.png") == 0
    assert capsys.readouterr().err == "wrote curves.png\n"
    assert (tmp_path / "curves.png").stat().st_size > 1000


EPOCH_LINE = '{"epoch": 0, "valid_accuracy": %s, "valid_loss": %s}'
DAMAGED = [
    "{",
    "[]",
    "1",
    '{"epoch": 0}',
    '"test_accuracy"',
    '{"test_accuracy": null, "test_loss": 1}',
    *(EPOCH_LINE % (bad, 0.5) for bad in ("NaN", "null", '"0.5"', "1e400", "9" * 400, "2", "-0.5")),
    *(EPOCH_LINE % (0.5, bad) for bad in ("null", '"0.5"', "9" * 400, "9" * 5000)),
    "[" * 100_000,
]


@pytest.mark.parametrize("line", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_metrics_are_one_sentence(run_dirs, tmp_path, capsys, line):
    (tmp_path / "b" / directory.METRICS).write_text(line + "\n")
    assert run(*run_dirs) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"error: .*b.* damaged .*\n", err)


def test_bad_directories_and_plots_are_one_sentence(run_dirs, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for bad in (["nowhere"], ["a", "empty"], ["a", "--plot", "nowhere/c.png"]):
        assert run(*bad) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert re.fullmatch(r"error: .*\n", err)


def test_tensorflow_and_matplotlib_are_not_imported(run_dirs):
    command = [sys.executable, "-X", "importtime", "-m", "tf1_dnn.compare", *run_dirs]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert not re.search(r"\b(tensorflow|matplotlib)$", done.stderr, re.MULTILINE)

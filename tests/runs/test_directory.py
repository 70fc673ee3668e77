"""The run directory: what it holds, whom it refuses, and that a refusal loses nothing."""

import dataclasses
import fcntl
import json
import os
import shutil

import pytest
from conftest import small_splits
from run_folders import CONFIG, EXECUTION, contents, describe, make_run

from tf1_dnn import cli, train
from tf1_dnn.config import Execution, Keeping
from tf1_dnn.errors import RunError
from tf1_dnn.runs import config_json, directory, durable
from tf1_dnn.spec import TrainSpec
from tf1_dnn.training import trainer

SMALL = ["--hidden-units", "8", "--n-epochs", "2", "--batch-size", "20", "--loop", "step"]


def run(*argv):
    return cli.run(train.main, list(argv))


def test_a_run_leaves_what_is_documented(tmp_path, splits):
    folder = tmp_path / "deep" / "run"
    history = trainer.train(CONFIG, splits, execution=EXECUTION, run_dir=folder)
    names = {path.name for path in folder.iterdir()} - {".lock"}
    assert names >= {"config.json", "metrics.jsonl", "times.jsonl", "checkpoints"}
    checkpoints = sorted(path.name for path in (folder / "checkpoints").iterdir())
    assert checkpoints == ["epoch-0001", "epoch-0002"]
    metrics = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    times = [json.loads(line) for line in (folder / "times.jsonl").read_text().splitlines()]
    for epoch, line, time in zip(history.epochs, metrics, times):
        assert {**line, **time} == epoch._asdict()
        assert "seconds" not in line
    assert (len(metrics), len(times)) == (3, 2)
    assert metrics[-1] == history.test._asdict()
    with directory.open_run(folder, describe(), overwrite=True):  # knows all of it as a run's own
        assert set(contents(folder)) == {"config.json", "checkpoints"}


def test_another_run_is_refused_resumed_or_overwritten(tmp_path):
    description = make_run(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(RunError, match="--resume goes on with it, --overwrite deletes it"):
        with directory.open_run(tmp_path, description):
            pass
    assert contents(tmp_path) == before
    with directory.open_run(tmp_path, description, resume=True):
        assert contents(tmp_path) == before
    with directory.open_run(tmp_path, describe(seed=7), overwrite=True):
        assert set(contents(tmp_path)) == {"config.json", "checkpoints"}
    assert config_json.read(tmp_path).config.seed == 7


@pytest.mark.parametrize("how", [{}, {"resume": True}, {"overwrite": True}])
def test_foreign_files_and_files_in_the_way_are_refused(tmp_path, how):
    folder, file = tmp_path / "thesis", tmp_path / "file"
    folder.mkdir()
    (folder / "chapter.tex").write_text("years of work")
    file.write_text("more of it")
    before = contents(tmp_path)
    for path, words in [
        (folder, "holds files that are not a run's"),
        (file, "is a file: name a directory"),
        (file / "below", "cannot write the run directory"),
        (tmp_path / ("x" * 300), "cannot write the run directory"),
    ]:
        with pytest.raises(RunError, match=words):
            with directory.open_run(path, describe(), **how):
                pass
    assert contents(tmp_path) == before


def test_overwrite_deletes_the_runs_own_files_alone(tmp_path):
    make_run(tmp_path)
    own = ["times.jsonl", "curves.png", "config.json.partial", "metrics.jsonl.partial"]
    for name in [*own, "notes.txt", "metrics.jsonl.bak"]:
        (tmp_path / name).write_text("here")
    for name in ["train", "valid", "plots"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("here")
    with directory.open_run(tmp_path, describe(), overwrite=True):
        left = set(contents(tmp_path)) - {"config.json", "checkpoints"}
    assert left == {"notes.txt", "metrics.jsonl.bak", "plots", os.path.join("plots", "file")}


def test_a_new_directory_may_be_there_empty(tmp_path):
    with directory.open_run(tmp_path, describe(), resume=True) as folder:
        assert folder == tmp_path
        assert set(contents(tmp_path)) == {"config.json", "checkpoints"}


@pytest.mark.parametrize("step", ["write_text", "replace", "mkdir"])
def test_a_start_that_failed_leaves_nothing_in_the_way(tmp_path, monkeypatch, step):
    """Also one that was killed: nothing may look like another program's folder afterwards."""

    class Killed(BaseException):
        pass

    def die(path, *args, **kwargs):
        if step != "mkdir" or path.name == directory.CHECKPOINTS:
            raise Killed

    owner = os if step == "replace" else directory.Path
    with monkeypatch.context() as patched:
        (tmp_path / "run").mkdir()
        if step == "write_text":  # cut off in the middle
            (tmp_path / "run" / "config.json.partial").write_text('{"conf')
        patched.setattr(owner, step, die)
        with pytest.raises(Killed):
            with directory.open_run(tmp_path / "run", describe()):
                pass
    with directory.open_run(tmp_path / "run", describe(), resume=True):
        pass
    assert config_json.read(tmp_path / "run") == describe()


def test_an_overwrite_cut_off_leaves_a_run(tmp_path, monkeypatch):
    """The files go in any order, config.json last: what is left can be overwritten again."""
    make_run(tmp_path)
    unlinked = []

    def die(path, **kwargs):
        unlinked.append(path.name)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(directory.Path, "unlink", die)
        with pytest.raises(RunError, match="Input/output error"):
            with directory.open_run(tmp_path, describe(), overwrite=True):
                pass
    assert unlinked == ["metrics.jsonl"]
    with directory.open_run(tmp_path, describe(), overwrite=True):
        pass


@pytest.mark.parametrize(
    "execution, keeping, words",
    [
        (Execution(), Keeping(), "loop was 'step', not 'epoch'"),
        (EXECUTION, Keeping(patience=2), "patience was None, not 2"),
    ],
)
def test_resume_refuses_what_would_change_the_digits(tmp_path, execution, keeping, words):
    make_run(tmp_path)
    splits = small_splits()
    with pytest.raises(RunError, match=words):
        with directory.open_run(
            tmp_path,
            config_json.describe(TrainSpec(CONFIG, execution, keeping, run_dir=tmp_path), splits),
            resume=True,
        ):
            pass
    # All differences are named at once, the data's and the starting weights' among them.
    new = config_json.describe(
        TrainSpec(CONFIG.replace(seed=7), EXECUTION, from_checkpoint="w"), small_splits(seed=1)
    )
    with pytest.raises(RunError) as caught:
        directory.check_run(tmp_path, new, resume=True, overwrite=False)
    message = str(caught.value)
    assert "seed was 42, not 7; " in message and "sha256 was '" in message
    assert f"from_checkpoint was None, not {os.path.abspath('w')!r}" in message
    assert message.count(" was ") == 3


def test_resume_accepts_what_leaves_the_digits_alone(tmp_path):
    make_run(tmp_path)
    execution = dataclasses.replace(EXECUTION, max_resident_bytes=1)
    keeping = Keeping(checkpoint_every=5, keep=1)
    description = config_json.describe(TrainSpec(CONFIG, execution, keeping), small_splits())
    with directory.open_run(tmp_path, description, resume=True):
        pass
    assert config_json.read(tmp_path) == description


@pytest.mark.parametrize("name", ["\udcff", "run\ud800"])
def test_a_name_that_tensorflow_cannot_write_to_is_refused(name, npz, tmp_path, capsys):
    assert run("--data", npz, "--run-dir", f"{tmp_path}/{name}") == 2
    assert "error: TensorFlow writes to names in UTF-8 only, not " in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["small.npz"]


def test_the_command_refuses_in_one_sentence_and_keeps_everything(npz, tmp_path, capsys):
    folder = tmp_path / "run"
    run_dir = ["--run-dir", str(folder)]
    assert run(*SMALL, "--data", npz, *run_dir) == 0
    before = contents(tmp_path)
    capsys.readouterr()
    for words, options in [
        ("holds a run already: --resume goes on with it", run_dir),
        ("seed was 42, not 7", [*run_dir, "--resume", "--seed", "7"]),
        ("is a file", ["--run-dir", npz]),
        ("not a run's", ["--run-dir", str(tmp_path), "--overwrite"]),
        ("too long", ["--run-dir", str(tmp_path / ("x" * 300))]),
        ("need --run-dir", ["--resume"]),
    ]:
        assert run(*SMALL, "--data", npz, *options) == 2
        out, err = capsys.readouterr()
        assert out == "" and words in err and err.startswith("error: ") and err.count("\n") == 1
        assert contents(tmp_path) == before
    (folder / "config.json").write_text('{"config": {"seed": ')
    before = contents(tmp_path)
    assert run(*SMALL, "--data", npz, *run_dir, "--resume") == 2
    out, err = capsys.readouterr()
    assert "config.json is damaged" in err and (out, err.count("\n")) == ("", 1)
    assert contents(tmp_path) == before
    assert run(*SMALL, "--data", npz, *run_dir, "--overwrite") == 0


def test_a_directory_in_use_is_refused(npz, tmp_path, capsys):
    description = make_run(tmp_path / "run")
    before = contents(tmp_path)
    with open(tmp_path / "run" / ".lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for how in ["resume", "overwrite"]:
            with pytest.raises(RunError, match="another process is using the run directory"):
                with directory.open_run(tmp_path / "run", description, **{how: True}):
                    pass
        command = [*SMALL, "--data", npz, "--run-dir", str(tmp_path / "run"), "--overwrite"]
        assert run(*command) == 2
        assert "another process is using" in capsys.readouterr().err
        assert contents(tmp_path) == before
    with directory.open_run(tmp_path / "run", description, resume=True):  # control: now it is free
        with pytest.raises(RunError, match="another process"):
            with directory.open_run(tmp_path / "run", description, resume=True):
                pass


def test_a_closed_stdout_is_no_fault_of_the_directory(tmp_path):
    with pytest.raises(BrokenPipeError):
        with directory.open_run(tmp_path, describe()):
            raise BrokenPipeError(32, "Broken pipe")
    with pytest.raises(RunError, match=r"cannot write .* \(No space left on device\)"):
        with directory.open_run(tmp_path, describe(), resume=True):
            raise OSError(28, "No space left on device")


LINKED = [".lock", "config.json", "config.json.partial", "metrics.jsonl", "checkpoints", "train"]


@pytest.mark.parametrize("name", LINKED)
@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_nothing_is_written_through_a_link(name, kind, tmp_path):
    make_run(tmp_path / "run")
    with directory.open_run(tmp_path / "run", describe(), resume=True):  # control
        pass
    (tmp_path / "elsewhere").write_text("precious")
    path = tmp_path / "run" / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(tmp_path / "elsewhere") if kind == "link" else os.mkfifo(path)
    for how in (dict(resume=True), dict(overwrite=True)):
        with pytest.raises(RunError) as caught:
            with directory.open_run(tmp_path / "run", describe(), **how):
                pass
        assert str(caught.value) == f"{path} is no file or folder of a run's own: remove it."
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_a_partial_file_that_became_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "file.partial").symlink_to(tmp_path / "elsewhere")
    durable.write_whole(tmp_path / "file", "new")
    assert (tmp_path / "elsewhere").read_text() == "precious"
    assert (tmp_path / "file").read_text() == "new"

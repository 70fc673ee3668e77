"""python -m tf1_dnn.train --resume and --from-checkpoint: a run's own options stand."""

import shutil

import pytest
from conftest import small_splits
from run_ends import end_of

from tf1_dnn import cli, train
from tf1_dnn.config import PRESETS, Execution, Keeping
from tf1_dnn.data import load
from tf1_dnn.runs import config_json, directory, restore
from tf1_dnn.spec import Task, TrainSpec
from tf1_dnn.training import trainer

pytestmark = pytest.mark.usefixtures("no_plots")

CONFIG = PRESETS["gradient_clipping"].replace(
    hidden_units=(8,), n_epochs=2, batch_size=20, learning_rate=0.1, clip_norm=0.5
)
STEP = Execution(loop="step", device="cpu")
KEEPING = Keeping(checkpoint_every=7, keep=2, patience=4)


def run(*argv):
    return cli.run(train.main, list(map(str, argv)))


def spec_of(*argv, task=None):
    return train.make_spec(vars(train.make_parser().parse_args(list(map(str, argv)))), task)


@pytest.fixture
def begun(npz, tmp_path):
    """A run directory that holds a description, and no checkpoint yet."""
    spec = TrainSpec(CONFIG, STEP, KEEPING, data=str(npz), run_dir=tmp_path / "run", resume=True)
    with directory.open_run(spec.run_dir, config_json.describe(spec, load(path=npz))):
        pass
    return spec


def test_resume_takes_every_option_from_the_run(begun):
    expected = spec_of("--run-dir", begun.run_dir, "--resume")
    assert expected.config == CONFIG and expected.execution == STEP
    assert expected.keeping == KEEPING and expected.data == begun.data and expected.resume


def test_without_resume_or_without_a_run_the_preset_stands(begun, tmp_path):
    new = spec_of("--run-dir", begun.run_dir, "--overwrite")
    assert (new.config, new.keeping, new.data) == (PRESETS["batch_norm"], Keeping(), None)
    assert spec_of("--run-dir", tmp_path / "new", "--resume").config == PRESETS["batch_norm"]


def test_an_option_given_stands_over_the_runs(begun):
    given = ["--n-epochs", 9, "--keep", 1, "--device", "auto", "--data", "other", "--no-clip"]
    found = spec_of("--run-dir", begun.run_dir, "--resume", *given)
    assert found.config == CONFIG.replace(n_epochs=9, clip_norm=None)
    assert found.keeping == Keeping(checkpoint_every=7, keep=1, patience=4)
    assert (found.execution, found.data) == (Execution(loop="step"), "other")


def test_a_preset_given_sets_every_option(begun):
    found = spec_of("batch_norm", "--run-dir", begun.run_dir, "--resume")
    assert found.config == PRESETS["batch_norm"]


@pytest.mark.parametrize("sync", [True, False])
def test_a_cluster_goes_on_as_synchronous_as_it_was(sync, npz, tmp_path):
    task = Task({"worker": ["a:1", "b:1"], "ps": ["c:1"]}, "worker", 0)
    spec = TrainSpec(CONFIG, STEP, run_dir=tmp_path / "run", task=task, sync=sync)
    with directory.open_run(spec.run_dir, config_json.describe(spec, load(path=npz))):
        pass
    assert spec_of("--run-dir", spec.run_dir, "--resume", task=task).sync is sync
    assert spec_of("--run-dir", spec.run_dir, "--resume", "--async", task=task).sync is False


@pytest.mark.parametrize(
    "options, words",
    [
        (["batch_norm"], "clip_norm was 0.5, not None"),
        (["--learning-rate", "0.2"], "learning_rate was 0.1, not 0.2. Leave"),
        (["--patience", "5"], "patience was 4, not 5"),
        (["--loop", "epoch"], "execution.loop was 'step', not 'epoch'"),
        (["--dataset", "synthetic"], "data.sha256 was"),
    ],
)
def test_what_changes_the_digits_is_refused(options, words, begun, capsys):
    before = (begun.run_dir / "config.json").read_bytes()
    assert run(*options, "--run-dir", begun.run_dir, "--resume") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1) and words in err
    assert (begun.run_dir / "config.json").read_bytes() == before


def test_data_that_moved_are_named(begun, npz, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("TF1_DNN_DATA", raising=False)
    moved = str(shutil.move(npz, tmp_path / "moved.npz"))
    assert run("--run-dir", begun.run_dir, "--resume") == 2
    assert "name them with --data PATH" in capsys.readouterr().err
    assert spec_of("--run-dir", begun.run_dir, "--resume", "--data", moved).data == moved


def test_the_command_goes_on_to_more_epochs(begun, capsys):
    assert run("--run-dir", begun.run_dir, "--resume") == 0
    two = capsys.readouterr().out.splitlines()
    assert run("--run-dir", begun.run_dir, "--resume", "--n-epochs", 3) == 0
    three = capsys.readouterr().out.splitlines()
    assert (len(two), len(three)) == (3, 4) and three[:2] == two[:2]
    assert len(end_of(begun.run_dir)[2].splitlines()) == 4
    assert run("--run-dir", begun.run_dir, "--resume", "--n-epochs", 2) == 2
    assert "has 3 epochs already" in capsys.readouterr().err


def test_from_checkpoint_takes_a_run_directory(tmp_path):
    """Of several checkpoints, the one that the run's own test figure came from."""
    folder, splits = tmp_path / "run", small_splits()
    trainer.train(CONFIG, splits, run_dir=folder, execution=STEP)
    last = str(folder / "checkpoints" / "epoch-0002" / "variables")
    assert spec_of("--from-checkpoint", folder).from_checkpoint == last
    assert spec_of("--from-checkpoint", last).from_checkpoint == last
    assert restore.prefix_of("no/such/prefix") == "no/such/prefix"  # said when it is opened


def test_from_checkpoint_refuses_a_folder_that_is_no_run(tmp_path, capsys):
    assert run("--from-checkpoint", tmp_path) == 2
    assert "is not a run directory" in capsys.readouterr().err

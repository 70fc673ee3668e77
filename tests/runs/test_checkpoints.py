"""Checkpoints: which are kept, what they hold, and what happens to damaged ones and full disks."""

import contextlib
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time

import forged_checkpoints
import numpy as np
import pytest
from conftest import GOLDEN, small_splits
from run_ends import variables

from tf1_dnn import evaluate, export
from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, Config, Execution, Keeping
from tf1_dnn.errors import RunError
from tf1_dnn.graph import build_graph
from tf1_dnn.runs import checkpoint_folder, checkpoints, config_json, restore
from tf1_dnn.runs.checkpoint_folder import CheckpointFolder
from tf1_dnn.runs.checkpoints import Checkpoints
from tf1_dnn.runs.history import EpochMetrics
from tf1_dnn.training import evaluation, trainer

TF1 = str(GOLDEN / "checkpoint" / "batch_norm")
CONFIG = Config(hidden_units=(8,), n_epochs=3, batch_size=20, optimizer="adam")
STEP = Execution(loop="step")
pytestmark = pytest.mark.usefixtures("no_plots")


def saved(run_dir):
    """The numbers of epochs of a run's checkpoints."""
    return sorted(int(path.name[6:]) for path in (run_dir / "checkpoints").iterdir())


def assert_one_sentence(error, *words):
    message = str(error)
    assert "\n" not in message and message.endswith(".") and len(message) < 600
    assert ". " not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize(
    "accuracies, keeping, expected",
    [
        ([1, 2, 3, 4, 5, 6], Keeping(), [4, 5, 6]),
        ([9, 2, 3, 4, 5, 6], Keeping(), [1, 4, 5, 6]),
        ([1, 9, 9, 4, 5, 6], Keeping(keep=1), [2, 6]),  # of equals, the first is the best
        ([9, 1, 1, 1, 1, 1], Keeping(keep=9), [1, 2, 3, 4, 5, 6]),
        ([9, 1, 1, 1, 1, 1], Keeping(keep=9, checkpoint_every=4), [1, 4, 6]),
        ([1, 2, 1, 9, 1, 1], Keeping(keep=9, checkpoint_every=3), [1, 2, 3, 4, 6]),
        ([1, 2, 1, 9, 1, 1], Keeping(keep=1, checkpoint_every=100), [4, 6]),
    ],
)
def test_the_newest_and_the_best_are_kept(
    accuracies, keeping, expected, tmp_path, monkeypatch, splits
):
    """Validation accuracies are dictated; the calls after them are the test set's."""
    dictated = iter([(accuracy / 10, 0.5) for accuracy in accuracies])
    monkeypatch.setattr(evaluation, "evaluate", lambda *_: next(dictated, (0.0, 0.0)))
    config = CONFIG.replace(
        n_epochs=len(accuracies), batch_size=100, batch_norm=False, optimizer="sgd"
    )
    trainer.train(config, splits, execution=STEP, run_dir=tmp_path, keeping=keeping)
    assert saved(tmp_path) == expected


@pytest.mark.parametrize(
    "loop, optimizer, slots",
    [
        ("step", "sgd", []),
        ("step", "momentum", ["Momentum"]),
        ("step", "adam", ["Adam", "Adam_1"]),
        ("epoch", "adam", ["Adam", "Adam_1"]),
    ],
)
def test_every_global_variable_is_in_the_checkpoint(optimizer, slots, loop, tmp_path, splits):
    config = CONFIG.replace(optimizer=optimizer, n_epochs=1)
    execution = Execution(loop=loop, xla=False) if loop == "epoch" else STEP
    trainer.train(config, splits, execution=execution, run_dir=tmp_path)
    values = variables(tmp_path, 1)
    trained = ["hidden1/kernel", "hidden1/bias", "outputs/kernel", "outputs/bias"]
    norms = ["batch_normalization", "batch_normalization_1"]
    trained += [f"{norm}/{name}" for norm in norms for name in ("gamma", "beta")]
    moving = [f"{norm}/moving_{name}" for norm in norms for name in ("mean", "variance")]
    powers = ["train/beta1_power", "train/beta2_power"] if optimizer == "adam" else []
    slotted = [f"{name}/{slot}" for name in trained for slot in slots]
    assert set(values) == {"global_step", *trained, *moving, *powers, *slotted}
    assert values["global_step"] == splits.train.n_examples // config.batch_size
    assert all(np.any(values[name]) for name in slotted if "/kernel" in name)
    assert all(np.any(values[name] != name.endswith("variance")) for name in moving)


def train_briefly(folder, **settings):
    settings = dict(execution=STEP, run_dir=folder / "run") | settings
    return trainer.train(CONFIG, small_splits(), **settings)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A finished run of three epochs; to be copied before it is changed."""
    folder = tmp_path_factory.mktemp("kept")
    train_briefly(folder)
    return folder


def garble(path, random_state):
    data = bytearray(path.read_bytes())
    for at in random_state.randint(0, len(data), 20):
        data[at] ^= 0xFF
    path.write_bytes(data)


def truncate(path, random_state):
    path.write_bytes(path.read_bytes()[: random_state.randint(path.stat().st_size)])


def remove(path, random_state):
    path.unlink()


@pytest.fixture(scope="module")
def session():
    """A session on the network of `kept`."""
    model = build_graph(CONFIG, 20, 5)
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        session.model = model
        yield session


@pytest.mark.parametrize("damage", [garble, truncate, remove])
@pytest.mark.parametrize("file", ["variables.index", "variables.data-00000-of-00001"])
def test_a_damaged_checkpoint_is_named_in_one_sentence(file, damage, kept, session, tmp_path):
    shutil.copytree(kept / "run" / "checkpoints", tmp_path / "checkpoints")
    folder = Checkpoints(tmp_path / "checkpoints", session.model)
    damaged, random_state = tmp_path / "checkpoints" / "epoch-0002" / file, np.random.RandomState(0)
    original = damaged.read_bytes()
    for _ in range(20 if damage is not remove else 1):
        damage(damaged, random_state)
        with pytest.raises(RunError) as caught:
            folder.restore(session, 2)
        assert_one_sentence(caught.value, folder.prefix(2), "take another one")
        damaged.write_bytes(original)
    folder.restore(session, 2)  # control
    assert session.run(session.model.global_step) == 20


def empty(path, random_state):
    path.write_bytes(b"")


FILES = ["variables.index", "variables.data-00000-of-00001", "state.json"]


@pytest.mark.parametrize("damage", [garble, truncate, remove, empty])
@pytest.mark.parametrize("file", FILES)
def test_a_run_with_a_damaged_checkpoint_resumes_from_the_one_before(
    file, damage, kept, tmp_path, capsys
):
    shutil.copytree(kept / "run", tmp_path / "run")
    newest = tmp_path / "run" / "checkpoints" / "epoch-0003"
    damage(newest / file, np.random.RandomState(0))
    train_briefly(tmp_path, resume=True)
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"passing over a checkpoint: the checkpoint {newest} is damaged (")
    assert_same_end(tmp_path / "run", kept / "run", n_epochs=3)
    assert newest.with_name("epoch-0003.damaged").is_dir()
    assert CheckpointFolder(newest.parent).all() == [1, 2, 3]


def test_a_run_with_whole_checkpoints_passes_over_none(kept, tmp_path, capsys):
    shutil.copytree(kept / "run", tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "epoch-0003")
    train_briefly(tmp_path, resume=True)
    assert capsys.readouterr().err == ""
    assert_same_end(tmp_path / "run", kept / "run", n_epochs=3)


def test_a_run_without_a_whole_checkpoint_is_refused(kept, tmp_path):
    shutil.copytree(kept / "run", tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").glob("*/variables.index"):
        empty(path, None)
    with pytest.raises(RunError) as caught:
        train_briefly(tmp_path, resume=True)
    assert_one_sentence(caught.value, "holds no whole checkpoint: take another run")


def test_the_checkpoint_asked_for_is_the_best_or_newest_that_is_whole(kept, tmp_path, capsys):
    shutil.copytree(kept / "run", tmp_path / "run")
    folder = CheckpointFolder(tmp_path / "run" / "checkpoints")
    accuracies = [epoch.valid_accuracy for epoch in folder.epochs(3)]
    best_first = sorted([1, 2, 3], key=lambda n: (-accuracies[n - 1], n))
    description = config_json.read(tmp_path / "run")
    for name, order in {"last": [3, 2, 1], "best": best_first}.items():
        shutil.rmtree(tmp_path / "run")
        shutil.copytree(kept / "run", tmp_path / "run")
        for n_epochs, following in zip(order, order[1:]):
            empty(folder.path(n_epochs) / "variables.index", None)
            found = restore.find_checkpoint(tmp_path / "run", description, name)
            assert found == folder.prefix(following)
            assert f"{folder.path(n_epochs)} is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state["epochs"][0].__setitem__(1, 0.25),
        lambda state: state["files"]["variables.index"].__setitem__(0, 7),
        lambda state: state["files"].pop("variables.index"),
        lambda state: state.pop("sha256"),
    ],
)
def test_a_state_that_was_changed_is_damaged(change, kept, tmp_path):
    shutil.copytree(kept / "run" / "checkpoints", tmp_path / "checkpoints")
    folder = CheckpointFolder(tmp_path / "checkpoints")
    path = folder.path(2) / "state.json"
    state = json.loads(path.read_text())
    assert [len(state["epochs"]), sorted(state["files"])] == [2, sorted(FILES)[1:]]
    assert len(folder.newest_whole()) == 3 and len(folder.epochs(2)) == 2  # control
    change(state)
    path.write_text(json.dumps(state))
    with pytest.raises(RunError) as caught:
        folder.epochs(2)
    assert_one_sentence(caught.value, str(folder.path(2)), "take another one")


def test_a_checkpoint_over_which_tensorflow_would_abort_is_told(kept, tmp_path):
    """Its state.json fits, so that it counts as whole."""
    run = tmp_path / "run"
    shutil.copytree(kept / "run", run)
    path = run / "checkpoints" / "epoch-0003"
    evaluate.evaluate(run, splits=small_splits())  # control
    name = forged_checkpoints.misshape(path / "variables.index")
    state = json.loads((path / "state.json").read_text())
    epochs = [EpochMetrics(*each) for each in state["epochs"]]
    (path / "state.json").unlink()
    (path / "state.json").write_text(checkpoint_folder.make_state(path, epochs))
    prefix = str(path / "variables")
    for read in (
        lambda: evaluate.evaluate(run, splits=small_splits()),
        lambda: export.export(run, tmp_path / "exported"),
        lambda: train_briefly(tmp_path, resume=True),
        lambda: train_briefly(tmp_path / "other", from_checkpoint=prefix),
    ):
        with pytest.raises(RunError) as caught:
            read()
        assert_one_sentence(caught.value, prefix, f"of {name!r} it says no shape")
    assert not (tmp_path / "exported").exists()


def test_a_pipe_among_a_checkpoints_files_keeps_nobody_waiting(kept, tmp_path):
    shutil.copytree(kept / "run" / "checkpoints", tmp_path / "checkpoints")
    folder = CheckpointFolder(tmp_path / "checkpoints")
    path = folder.path(2)
    (path / "pipe").touch()
    (path / "state.json").unlink()
    (path / "state.json").write_text(checkpoint_folder.make_state(path, [EPOCH] * 2))
    assert len(folder.epochs(2)) == 2  # control: an empty file
    (path / "pipe").unlink()
    os.mkfifo(path / "pipe")
    with pytest.raises(RunError, match="it is a pipe"):
        folder.epochs(2)


def test_a_checkpoint_of_an_older_version_is_taken_as_it_is(kept, tmp_path):
    """It holds the metrics alone, and no SHA-256."""
    shutil.copytree(kept / "run", tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").glob("*/state.json"):
        path.write_text(json.dumps({"epochs": json.loads(path.read_text())["epochs"]}))
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "epoch-0003")
    train_briefly(tmp_path, resume=True)
    assert_same_end(tmp_path / "run", kept / "run", n_epochs=3)


STATES = ["{}", "[]", "3", '{"epochs": [[0, 0.5, 0.5, 1.0]]}', "{", "[" * 100_000]


@pytest.mark.parametrize("state", STATES, ids=range(len(STATES)))
def test_metrics_that_do_not_fit_the_checkpoint_are_refused(state, kept, tmp_path):
    shutil.copytree(kept / "run" / "checkpoints", tmp_path / "checkpoints")
    folder = CheckpointFolder(tmp_path / "checkpoints")
    (folder.path(3) / "state.json").write_text(state)
    with pytest.raises(RunError) as caught:
        folder.epochs(3)
    assert_one_sentence(caught.value, "epoch-0003", "take another one")


def test_other_names_among_the_checkpoints_do_no_harm(kept, tmp_path):
    shutil.copytree(kept / "run", tmp_path / "run")
    for name in ("epoch-0003.bak", "epoch-best", "epoch-7", "epoch-٠٠٠٩", ".partial", ".deleted"):
        (tmp_path / "run" / "checkpoints" / name).mkdir()
    for path in (tmp_path / "run" / "checkpoints").glob("epoch-000[23]"):
        shutil.rmtree(path)
    train_briefly(tmp_path, resume=True)
    names = {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()}
    assert {f"epoch-000{n}" for n in (1, 2, 3)} | {
        "epoch-0003.bak",
        "epoch-best",
        "epoch-7",
        "epoch-٠٠٠٩",
    } == names


def save(folder, session, n_epochs, keep=9, best=1):
    folder.save(session, [EPOCH] * n_epochs, keep=keep, best=best)
    folder.wait()


EPOCH = EpochMetrics(0, 0.5, 0.5, 1.0)


def test_a_checkpoint_of_before_training_was_told_is_read(tmp_path):
    folder = CheckpointFolder(tmp_path)
    folder.path(1).mkdir()
    (folder.path(1) / "state.json").write_text('{"epochs": [[0, 0.5, 0.25, 1.0]]}')
    assert folder.epochs(1) == [EpochMetrics(0, 0.5, 0.25, 1.0, None, None)]


def test_a_deletion_cut_off_leaves_no_half_checkpoint(session, tmp_path, monkeypatch):
    folder = Checkpoints(tmp_path, session.model)
    for n_epochs in (1, 2):
        save(folder, session, n_epochs)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda path, **_: None)  # killed before it began
        save(folder, session, 3, keep=2, best=3)
    assert folder.all() == [2, 3]
    assert (tmp_path / ".deleted-0001").exists()
    save(folder, session, 4, keep=1, best=4)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0004"]


def test_what_cannot_be_deleted_ends_no_pruning(session, tmp_path, monkeypatch):
    folder, rmtree = Checkpoints(tmp_path, session.model), shutil.rmtree

    def fail_on_the_first(path, ignore_errors):
        if path.name != ".deleted-0001":
            rmtree(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", fail_on_the_first)
    for n_epochs in range(1, 6):
        save(folder, session, n_epochs, keep=2, best=n_epochs)
    assert folder.all() == [4, 5]
    monkeypatch.undo()
    folder.prune(keep=2, best=5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-0004", "epoch-0005"]


@pytest.mark.parametrize("keep, left", [(1, [1, 3]), (2, [1, 2, 3])])
def test_a_resumed_run_prunes_what_a_kill_after_a_save_left(keep, left, kept, tmp_path):
    """All three are left; the first is made the best, so that it stays."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "run" / "checkpoints"
    for path in folder.iterdir():
        state = json.loads((path / "state.json").read_text())
        state["epochs"][0][1] = 1.0  # the validation accuracy of epoch 0
        epochs = [EpochMetrics(*epoch) for epoch in state["epochs"]]
        (path / "state.json").unlink()
        (path / "state.json").write_text(checkpoint_folder.make_state(path, epochs))
    train_briefly(tmp_path, resume=True, keeping=Keeping(keep=keep))
    assert saved(tmp_path / "run") == left


def test_training_goes_on_while_the_disk_is_waited_for(session, tmp_path, monkeypatch):
    """Nothing is called a checkpoint, and no older one deleted, before the disk has it."""
    folder = Checkpoints(tmp_path, session.model)
    save(folder, session, 1)
    disk, fsync = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (disk.wait(60), fsync(fd)))
    folder.save(session, [EPOCH] * 2, keep=1, best=2)
    assert folder.all() == [1]
    disk.set()
    folder.wait()
    assert folder.all() == [2]


def tf1_graph(**changes):
    return build_graph(PRESETS["batch_norm"].replace(**changes), 784, 10)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_start_from_takes_tensorflow_1s_variables(optimizer):
    """Slots the checkpoint does not have keep their initial values."""
    model = tf1_graph(optimizer=optimizer)
    reader = tf.train.load_checkpoint(TF1)
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        values = {v.op.name: v for v in model.graph.get_collection("variables")}
        initial = session.run(values)
        checkpoints.start_from(session, TF1)
        for name, value in session.run(values).items():
            if reader.has_tensor(name):
                expected = reader.get_tensor(name)
                assert not np.array_equal(initial[name], expected)
            else:
                expected = initial[name]
                assert name == "global_step" or optimizer == "adam"
            assert value.tobytes() == expected.tobytes(), name


@pytest.mark.parametrize(
    "changes, words",
    [
        (
            {"hidden_units": (300, 100, 50)},
            ["batch_normalization_2/", "has the shape [10]", "[50]"],
        ),
        ({"hidden_units": (200, 100)}, ["has the shape [300]", "needs [200]"]),
        ({"batch_norm": False}, ["logits/bias is missing", "needs [10]"]),
    ],
)
def test_start_from_names_what_is_missing_or_misshapen(changes, words):
    model = tf1_graph(**changes)
    with tf.Session(graph=model.graph) as session:
        session.run(model.init)
        values = {v.op.name: v for v in model.graph.get_collection("variables")}
        before = session.run(values)
        with pytest.raises(RunError) as caught:
            checkpoints.start_from(session, TF1)
        assert_one_sentence(caught.value, TF1, *words)
        after = session.run(values)
    assert all(np.array_equal(before[name], after[name]) for name in values)


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001", "-2", "/no"])
def test_start_from_explains_what_a_prefix_is(suffix):
    model = tf1_graph(hidden_units=(4,))
    with tf.Session(graph=model.graph) as session:
        with pytest.raises(RunError) as caught:
            checkpoints.start_from(session, TF1 + suffix)
    assert_one_sentence(caught.value, TF1 + suffix, "give the path without .index")


def misdirect(path, random_state):
    """Change the first byte of an index's footer, on which TensorFlow's reader looks elsewhere."""
    content = bytearray(path.read_bytes())
    content[-48] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "suffix, damage",
    [
        *itertools.product([".index", ".data-00000-of-00001"], [garble, truncate]),
        (".index", misdirect),
    ],
)
def test_start_from_a_damaged_checkpoint(suffix, damage, tmp_path):
    prefix = tmp_path / "batch_norm"
    model, random_state = tf1_graph(), np.random.RandomState(0)
    with tf.Session(graph=model.graph) as session:
        for _ in range(4):
            for path in (GOLDEN / "checkpoint").glob("batch_norm.*"):
                shutil.copy(path, tmp_path)
            checkpoints.start_from(session, str(prefix))  # control
            damage(tmp_path / f"batch_norm{suffix}", random_state)
            with pytest.raises(RunError) as caught:
                checkpoints.start_from(session, str(prefix))
            assert_one_sentence(caught.value, str(prefix))


def test_start_from_a_run_goes_on_with_its_weights(kept, tmp_path):
    prefix = str(kept / "run" / "checkpoints" / "epoch-0003" / "variables")
    started = train_briefly(tmp_path, from_checkpoint=prefix)
    assert variables(tmp_path / "run", 3)["global_step"] == 6 * (203 // 20)
    assert started.epochs[0].valid_loss != train_briefly(tmp_path / "2").epochs[0].valid_loss
    with pytest.raises(RunError, match="from_checkpoint was '.*variables', not None"):
        train_briefly(tmp_path, resume=True)  # it would start from other weights


def assert_same_end(first, second, *, n_epochs):
    a, b = variables(first, n_epochs), variables(second, n_epochs)
    assert {name: value.tobytes() for name, value in a.items()} == {
        name: value.tobytes() for name, value in b.items()
    }
    assert (first / "metrics.jsonl").read_bytes() == (second / "metrics.jsonl").read_bytes()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MiB, where mounting one is permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)]
    if (
        not sys.platform.startswith("linux")
        or subprocess.run(mount, capture_output=True).returncode
    ):
        pytest.skip("mounting a small file system takes root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, spare):
    """Fill the file system but for `spare` bytes."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(filler.stat().st_size - spare)
    return filler


@pytest.mark.parametrize(
    "spare, what", [(0, "the run directory"), (8 << 10, "the checkpoint"), (48 << 10, None)]
)
def test_a_full_disk_is_told_and_costs_no_checkpoint(spare, what, kept, small_disk):
    """Full after two epochs; with room again, the run ends as an undisturbed one."""
    run = dict(run_dir=small_disk / "run", execution=STEP)

    def fill_in_time(metrics):
        if metrics.epoch == 2:
            checkpoints = small_disk / "run" / "checkpoints"
            while sorted(os.listdir(checkpoints)) != ["epoch-0001", "epoch-0002"]:
                time.sleep(0.001)  # a thread has yet to settle the last one
            fill(small_disk, spare)

    if what is None:  # control: spare enough for one more checkpoint
        trainer.train(CONFIG, small_splits(), on_epoch=fill_in_time, **run)
    else:
        with pytest.raises(RunError) as caught:
            trainer.train(CONFIG, small_splits(), on_epoch=fill_in_time, **run)
        assert_one_sentence(caught.value, f"cannot write {what}", "No space left on device")
        assert saved(small_disk / "run") == [1, 2]
        assert not list(small_disk.rglob("*.partial"))
        for n_epochs in (1, 2):
            assert variables(small_disk / "run", n_epochs)["global_step"] == 10 * n_epochs
        (small_disk / "filler").unlink()
        trainer.train(CONFIG, small_splits(), resume=True, **run)
    assert_same_end(small_disk / "run", kept / "run", n_epochs=3)


@contextlib.contextmanager
def files_limited(n_bytes):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("n_bytes", [0, 20, 500, 2000])
def test_a_file_size_limit_is_told_and_costs_no_checkpoint(n_bytes, session, tmp_path):
    """Stands for the full disk where nothing can be mounted."""
    folder = Checkpoints(tmp_path, session.model)
    save(folder, session, 1)
    with files_limited(n_bytes), pytest.raises(RunError) as caught:
        save(folder, session, 2)
    assert_one_sentence(caught.value, "cannot write the checkpoint", "File too large", "are intact")
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-0001"]
    folder.restore(session, 1)
    with files_limited(4000):  # control: large enough
        save(folder, session, 2)
    assert folder.all() == [1, 2]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_file_size_limit_ends_a_run_with_one_sentence(kept, tmp_path):
    with contextlib.ExitStack() as stack:

        def limit(metrics):
            if metrics.epoch == 2:
                stack.enter_context(files_limited(4096))

        with pytest.raises(RunError) as caught:
            train_briefly(tmp_path, on_epoch=limit)
        assert_one_sentence(caught.value, "cannot write ", "File too large")
    assert saved(tmp_path / "run") == [1, 2]
    train_briefly(tmp_path, resume=True)
    assert_same_end(tmp_path / "run", kept / "run", n_epochs=3)


def test_a_saver_that_fails_leaves_no_trace(kept, tmp_path, monkeypatch):
    shutil.copytree(kept / "run" / "checkpoints", tmp_path / "checkpoints")
    model = build_graph(CONFIG, 20, 5)
    folder = Checkpoints(tmp_path / "checkpoints", model)
    for error in [OSError(28, "No space left on device"), tf.errors.UnknownError(None, None, "Oh")]:

        def fail(session, prefix, error=error, **_):
            with open(prefix + ".index", "w") as file:
                file.write("half")
            raise error

        monkeypatch.setattr(folder.saver, "save", fail)
        with pytest.raises(RunError) as caught:
            save(folder, None, 3)
        assert_one_sentence(caught.value, "epoch-0003", "earlier checkpoints are intact")
    assert folder.all() == [1, 2, 3]
    assert len(os.listdir(tmp_path / "checkpoints")) == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_told(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(RunError, match=r"\(Permission denied\)"):
        train_briefly(tmp_path / "closed")

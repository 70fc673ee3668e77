"""A run that was interrupted and resumed ends as one that ran through, bit for bit."""

import functools
import os
import shutil
import signal

import pytest
from conftest import small_splits
from run_ends import end_of

from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.errors import Interrupted, RunError
from tf1_dnn.runs import config_json, plots
from tf1_dnn.runs.recorder import RunRecorder
from tf1_dnn.training import evaluation, trainer

pytestmark = pytest.mark.usefixtures("no_plots")


CONFIG = Config(hidden_units=(8,), n_epochs=5, batch_size=20, dropout_rate=0.2, optimizer="adam")
STEP = Execution(loop="step")
slow = functools.partial(pytest.param, marks=pytest.mark.slow)
SPLITS = small_splits(n_train=200)  # batches of one size: one compilation for the epoch loop


class Killed(Exception):
    pass


def kill_in(epoch):
    """An on_epoch that ends the run in `epoch`, before anything of it is written."""

    def on_epoch(metrics):
        if metrics.epoch == epoch:
            raise Killed

    return on_epoch


def run_through(folder, config, execution):
    """How a run ends that is never interrupted."""
    trainer.train(config, SPLITS, run_dir=folder, execution=execution)
    return end_of(folder)


def run_killed(folder, config, execution, *, kills, keeping=Keeping()):
    """How a run ends that dies in each epoch of `kills` and is resumed."""
    settings = dict(run_dir=folder, execution=execution, keeping=keeping, resume=True)
    for epoch in kills:
        with pytest.raises(Killed):
            trainer.train(config, SPLITS, on_epoch=kill_in(epoch), **settings)
    trainer.train(config, SPLITS, **settings)
    return end_of(folder)


@pytest.fixture(scope="module")
def through(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plots, "curves", lambda *_: None)
        return run_through(tmp_path_factory.mktemp("through"), CONFIG, STEP)


@pytest.mark.parametrize(
    "kills, keeping",
    [
        ([0, 3], Keeping()),
        slow([4], Keeping(checkpoint_every=3, keep=1)),  # the third or the best epoch trains on
        slow([1, 1, 2], Keeping(checkpoint_every=100)),
    ],
)
def test_an_interrupted_run_equals_one_never_interrupted(kills, keeping, through, tmp_path):
    assert run_killed(tmp_path, CONFIG, STEP, kills=kills, keeping=keeping) == through
    assert through[0] == "epoch-0005" and through[2].count(b"\n") == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    "execution, changes",
    [
        (Execution(loop="epoch"), {}),
        (
            Execution(loop="epoch"),
            dict(lr_decay="exponential", lr_decay_steps=9, lr_decay_rate=0.9),
        ),
        (STEP, dict(optimizer="sgd", batch_norm=False, clip_norm=0.1, shuffle_offset=0)),
    ],
)
def test_so_do_other_loops_and_optimizers(execution, changes, tmp_path):
    config = CONFIG.replace(**changes)
    expected = run_through(tmp_path, config, execution)
    for n_epochs in (4, 5):  # as if it had been killed in the fourth epoch
        shutil.rmtree(tmp_path / "checkpoints" / f"epoch-000{n_epochs}")
    assert run_killed(tmp_path, config, execution, kills=[]) == expected


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", ["shuffling", "Adam", "global_step", "moving_mean"])
def test_the_comparison_notices_what_a_resume_forgets(forgotten, through, tmp_path, monkeypatch):
    """The negative controls: each of these alone makes another run."""
    shuffle_state, variables = trainer.shuffle_state, tf.global_variables
    if forgotten == "shuffling":
        monkeypatch.setattr(trainer, "shuffle_state", lambda seed, _, n: shuffle_state(seed, 5, n))
    else:

        def global_variables():
            return [v for v in variables() if forgotten not in v.op.name]

        monkeypatch.setattr(tf, "global_variables", global_variables)
    killed = run_killed(tmp_path, CONFIG, STEP, kills=[3])
    assert killed[0] == through[0]
    assert killed[2] != through[2]


def test_a_finished_run_resumed_is_left_as_it_is(tmp_path):
    settings = dict(run_dir=tmp_path, execution=STEP)
    config = CONFIG.replace(n_epochs=2)
    first = trainer.train(config, SPLITS, **settings)
    end, times = end_of(tmp_path), (tmp_path / "times.jsonl").read_bytes()
    reported = []
    again = trainer.train(config, SPLITS, resume=True, on_epoch=reported.append, **settings)
    assert again == first and tuple(reported) == first.epochs
    assert (end_of(tmp_path), (tmp_path / "times.jsonl").read_bytes()) == (end, times)


@pytest.mark.parametrize("n_before", [2, 4])
def test_a_finished_run_goes_on_to_more_epochs_as_one_of_so_many(n_before, through, tmp_path):
    settings = dict(run_dir=tmp_path, execution=STEP)
    trainer.train(CONFIG.replace(n_epochs=n_before), SPLITS, **settings)
    assert end_of(tmp_path) != through
    trainer.train(CONFIG, SPLITS, resume=True, **settings)
    assert end_of(tmp_path) == through
    assert config_json.read(tmp_path).config == CONFIG


def test_it_goes_on_to_fewer_epochs_than_planned_but_not_than_trained(tmp_path):
    settings = dict(run_dir=tmp_path / "run", execution=STEP, resume=True)
    with pytest.raises(Killed):
        trainer.train(CONFIG, SPLITS, on_epoch=kill_in(2), **settings)
    with pytest.raises(RunError, match="has 2 epochs already: give --n-epochs 2 or more"):
        trainer.train(CONFIG.replace(n_epochs=1), SPLITS, **settings)
    trainer.train(CONFIG.replace(n_epochs=3), SPLITS, **settings)
    assert end_of(tmp_path / "run") == run_through(
        tmp_path / "three", CONFIG.replace(n_epochs=3), STEP
    )


def test_what_a_run_started_from_may_be_gone_when_it_is_resumed(tmp_path):
    run_through(tmp_path / "origin", CONFIG.replace(n_epochs=1), STEP)
    prefix = str(tmp_path / "origin" / "checkpoints" / "epoch-0001" / "variables")
    settings = dict(execution=STEP, from_checkpoint=prefix)
    trainer.train(CONFIG, SPLITS, run_dir=tmp_path / "through", **settings)
    settings |= dict(run_dir=tmp_path / "killed", resume=True)
    with pytest.raises(Killed):
        trainer.train(CONFIG, SPLITS, on_epoch=kill_in(1), **settings)
    shutil.rmtree(tmp_path / "origin")
    trainer.train(CONFIG, SPLITS, **settings)
    assert end_of(tmp_path / "killed") == end_of(tmp_path / "through")
    shutil.rmtree(tmp_path / "killed" / "checkpoints")
    with pytest.raises(RunError, match="origin"):
        trainer.train(CONFIG, SPLITS, **settings)


def test_resuming_where_nothing_is_yet_starts_a_run(tmp_path):
    config, folders = CONFIG.replace(n_epochs=1), (tmp_path / "new", tmp_path / "resumed")
    for folder in folders:
        resume = folder.name == "resumed"
        trainer.train(config, SPLITS, run_dir=folder, resume=resume, execution=STEP)
    assert end_of(folders[0]) == end_of(folders[1])


def patient(folder, accuracies, monkeypatch, **settings):
    """Train with dictated validation accuracies; the History, and the test's global step."""
    real, steps = evaluation.evaluate, []
    dictated = iter(accuracies)

    def evaluate(session, model, dataset):
        accuracy, loss = real(session, model, dataset)
        if dataset is SPLITS.test:
            steps.append(session.run(model.global_step))
            return accuracy, loss
        return next(dictated), loss

    monkeypatch.setattr(evaluation, "evaluate", evaluate)
    settings = dict(execution=STEP, run_dir=folder) | settings
    config = CONFIG.replace(n_epochs=9)
    try:
        return trainer.train(config, SPLITS, **settings), steps[0] // 10
    finally:
        monkeypatch.setattr(evaluation, "evaluate", real)


@pytest.mark.parametrize(
    "patience, n_epochs, best",
    [(1, 3, 2), slow(3, 7, 4), slow(6, 9, 9)],
)
def test_patience_stops_the_run_and_restores_the_best(
    patience, n_epochs, best, tmp_path, monkeypatch
):
    accuracies = [0.3, 0.5, 0.4, 0.6, 0.6, 0.1, 0.2, 0.3, 0.7]
    keeping = Keeping(patience=patience, keep=1, checkpoint_every=5)
    history, tested = patient(tmp_path, accuracies, monkeypatch, keeping=keeping)
    assert (len(history.epochs), tested) == (n_epochs, best)
    kept = {int(path.name[6:]) for path in (tmp_path / "checkpoints").iterdir()}
    assert kept == {n_epochs, best}


def test_patience_holds_across_an_interruption(tmp_path, monkeypatch):
    accuracies, keeping = [0.3, 0.6, 0.5, 0.4, 0.3], Keeping(patience=3)
    through = patient(tmp_path / "through", accuracies, monkeypatch, keeping=keeping)
    with pytest.raises(Killed):
        killed = dict(run_dir=tmp_path / "killed", on_epoch=kill_in(3), keeping=keeping)
        patient(None, accuracies, monkeypatch, **killed)
    resumed = patient(
        tmp_path / "killed", accuracies[3:], monkeypatch, keeping=keeping, resume=True
    )
    assert resumed[1] == through[1] == 2
    assert end_of(tmp_path / "killed") == end_of(tmp_path / "through")


def test_a_signal_during_a_save_waits_for_the_next_epoch(tmp_path):
    """It may not end the run with an epoch that was trained but not saved."""
    config, keeping = CONFIG, Keeping(checkpoint_every=100)
    record, n_saved = RunRecorder.record, []

    def record_slowly(self, session, epochs, *args, **kwargs):
        record(self, session, epochs, *args, **kwargs)
        if len(epochs) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
            n_saved.append(max(self.checkpoints.all()))

    with pytest.MonkeyPatch.context() as patched, pytest.raises(Interrupted) as caught:
        patched.setattr(RunRecorder, "record", record_slowly)
        settings = dict(execution=STEP, keeping=keeping)
        trainer.train(config, SPLITS, run_dir=tmp_path, **settings)
    assert caught.value.exit_code == 143
    n_epochs = len((tmp_path / "metrics.jsonl").read_text().splitlines())
    assert n_epochs == 4
    assert (tmp_path / "checkpoints" / f"epoch-{n_epochs:04d}").is_dir()

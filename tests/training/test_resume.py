"""A run that was interrupted and resumed ends as one that ran through, bit for bit.

Real processes are killed here, at random moments and in the middle of saves. Importing TensorFlow
takes seconds, so this file is also a program, which imports it once and forks the processes.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest
from conftest import save_npz, small_splits

from tf1_dnn import cli, train


def serve():
    """For each JSON line `[log, argv]`, fork a process that trains and print its pid.

    It is waited for at the next line, and its exit code printed: until then its pid stays its own.
    """
    import matplotlib.backends.backend_agg  # noqa: F401

    from tf1_dnn.training import trainer  # noqa: F401

    for line in sys.stdin:
        log, argv = json.loads(line)
        pid = os.fork()
        if pid == 0:
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for stream in (1, 2):
                os.dup2(descriptor, stream)
            code = 1
            try:
                code = cli.run(train.main, argv)
            finally:
                os._exit(code)
        print(pid, flush=True)
        sys.stdin.readline()
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
    sys.exit()


from tf1_dnn.compat import tf  # noqa: E402
from tf1_dnn.config import Config, Execution, Keeping  # noqa: E402
from tf1_dnn.errors import Interrupted  # noqa: E402
from tf1_dnn.runs import plots  # noqa: E402
from tf1_dnn.training import evaluation, trainer  # noqa: E402


def last_checkpoint(run_dir):
    """Names and bytes of the variables in a run's newest checkpoint."""
    newest = max((run_dir / "checkpoints").glob("epoch-*"))
    reader = tf.train.load_checkpoint(str(newest / "variables"))
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    return newest.name, {name: value.tobytes() for name, value in values.items()}


def end_of(run_dir):
    """All that must not depend on interruptions."""
    return *last_checkpoint(run_dir), (run_dir / "metrics.jsonl").read_bytes()


CONFIG = Config(hidden_units=(8,), n_epochs=5, batch_size=20, dropout_rate=0.2, optimizer="adam")
STEP = Execution(loop="step")
SPLITS = small_splits(n_train=200)  # batches of one size: one compilation for the epoch loop


class Killed(Exception):
    pass


def kill_in(epoch):
    """An on_epoch that ends the run in `epoch`, before anything of it is written."""

    def on_epoch(metrics):
        if metrics.epoch == epoch:
            raise Killed

    return on_epoch


@pytest.fixture(autouse=True)
def no_plots(monkeypatch):
    """They take longer than the training here."""
    monkeypatch.setattr(plots, "curves", lambda *_: None)


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
        ([4], Keeping(checkpoint_every=3, keep=1)),  # the third or the best epoch trains on
        ([1, 1, 2], Keeping(checkpoint_every=100)),
    ],
)
def test_an_interrupted_run_equals_one_never_interrupted(kills, keeping, through, tmp_path):
    assert run_killed(tmp_path, CONFIG, STEP, kills=kills, keeping=keeping) == through
    assert through[0] == "epoch-0005" and through[2].count(b"\n") == 6


@pytest.mark.parametrize(
    "execution, changes",
    [
        (Execution(loop="epoch"), {}),
        (STEP, dict(optimizer="sgd", batch_norm=False, clip_norm=0.1, shuffle_offset=0)),
    ],
)
def test_so_do_other_loops_and_optimizers(execution, changes, tmp_path):
    config = CONFIG.replace(**changes)
    expected = run_through(tmp_path, config, execution)
    for n_epochs in (4, 5):  # as if it had been killed in the fourth epoch
        shutil.rmtree(tmp_path / "checkpoints" / f"epoch-000{n_epochs}")
    assert run_killed(tmp_path, config, execution, kills=[]) == expected


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


def test_resuming_where_nothing_is_yet_starts_a_run(tmp_path):
    history = trainer.train(
        CONFIG.replace(n_epochs=1),
        SPLITS,
        run_dir=tmp_path / "new",
        resume=True,
        execution=STEP,
    )
    assert len(history.epochs) == 1


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
    [(1, 3, 2), (3, 7, 4), (6, 9, 9)],
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
    from tf1_dnn.runs.recorder import RunRecorder

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


class Trainers:
    """Processes of `python -m tf1_dnn.train`, one at a time, forked by `serve`."""

    def __init__(self, server, folder):
        self.server, self.log = server, folder / "log"
        self.argv = ["--data", save_npz(folder), "--hidden-units", "8", "--loop", "step"]
        self.argv += ["--optimizer", "adam", "--dropout-rate", "0.2"]

    def start(self, run_dir, *options):
        self.log.unlink(missing_ok=True)
        argv = [*self.argv, "--run-dir", str(run_dir), *options]
        print(json.dumps([str(self.log), argv]), file=self.server.stdin, flush=True)
        self.pid = int(self.server.stdout.readline())

    def wait(self):
        """The exit code, or minus the signal that ended the process."""
        print(file=self.server.stdin, flush=True)
        return int(self.server.stdout.readline())

    def run(self, run_dir, *options):
        self.start(run_dir, *options)
        return self.wait()

    def wait_until(self, condition):
        """Poll until the condition holds, or the process is over."""
        while not condition() and self.status("State")[0] != "Z":
            time.sleep(0.0005)

    def stop_while(self, condition):
        """Stop the process (SIGSTOP) at a moment when the condition holds."""
        while self.status("State")[0] != "Z":
            self.wait_until(condition)
            os.kill(self.pid, signal.SIGSTOP)
            self.wait_until(lambda: self.status("State")[0] == "T")
            if condition():
                return
            os.kill(self.pid, signal.SIGCONT)

    def catches(self, number):
        """Whether a handler for the signal is in place."""
        return bool(int(self.status("SigCgt"), 16) >> (number - 1) & 1)

    def status(self, field):
        with open(f"/proc/{self.pid}/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        return lines[field].strip()


@pytest.fixture(scope="module", autouse=True)
def server():
    """Imports TensorFlow while the first tests run."""
    if not os.path.exists("/proc/self/status"):
        yield None
        return
    command = [sys.executable, __file__]
    pipe, environ = subprocess.PIPE, dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def trainers(server, tmp_path):
    if server is None:
        pytest.skip("signals are watched through /proc")
    return Trainers(server, tmp_path)


def n_lines(path):
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes().count(b"\n")
    return 0


def test_a_run_killed_twenty_times_equals_one_never_killed(trainers, tmp_path):
    """SIGKILL, eight times within startup, then between epochs and inside saves in turn."""
    options = ["--n-epochs", "80", "--keep", "2", "--batch-size", "20"]
    run_dir, chance = tmp_path / "killed", random.Random(0)
    partial = run_dir / "checkpoints" / ".partial"
    targets = iter(sorted(chance.sample(range(1, 56), 12)))
    cut_off = set()
    for kill in range(20):
        trainers.start(run_dir, *options, "--resume")
        if kill < 8:
            time.sleep(chance.uniform(0, 0.5))
        else:
            target = next(targets)
            trainers.wait_until(lambda: n_lines(run_dir / "metrics.jsonl") >= target)
            time.sleep(chance.uniform(0, 0.02))
            if kill % 2:
                trainers.stop_while(partial.exists)
        os.kill(trainers.pid, signal.SIGKILL)
        assert trainers.wait() == -signal.SIGKILL
        if partial.exists():
            cut_off.add(partial.stat().st_mtime_ns)
    assert len(cut_off) >= 4  # of 6 saves aimed at
    assert trainers.run(run_dir, *options, "--resume") == 0
    assert trainers.run(tmp_path / "through", *options) == 0
    assert end_of(run_dir) == end_of(tmp_path / "through")
    assert end_of(run_dir)[0] == "epoch-0080"
    assert not list(run_dir.glob("*.partial"))


def test_a_signal_ends_the_run_after_the_epoch_and_saves_it(trainers, tmp_path):
    options = ["--n-epochs", "12", "--checkpoint-every", "1000", "--batch-size", "2"]
    run_dir, through, n_epochs = tmp_path / "stopped", tmp_path / "through", 0
    for number, code in [(signal.SIGTERM, 143), (signal.SIGINT, 130)]:
        trainers.start(run_dir, *options, "--resume")
        trainers.wait_until(lambda: n_lines(run_dir / "metrics.jsonl") > n_epochs)
        os.kill(trainers.pid, number)
        assert trainers.wait() == code
        assert f"stopped by signal {number}; --resume goes on" in trainers.log.read_text()
        assert n_epochs < n_lines(run_dir / "metrics.jsonl") < 12
        n_epochs = n_lines(run_dir / "metrics.jsonl")
        assert last_checkpoint(run_dir)[0] == f"epoch-{n_epochs:04d}"
    assert [trainers.run(run_dir, *options, "--resume"), trainers.run(through, *options)] == [0, 0]
    assert end_of(run_dir) == end_of(through)


def test_a_second_signal_ends_the_run_at_once(trainers, tmp_path):
    options = ["--n-epochs", "2", "--batch-size", "1", "--hidden-units", "500", "500", "500"]
    trainers.start(tmp_path / "run", *options)
    trainers.wait_until(lambda: trainers.catches(signal.SIGTERM))
    os.kill(trainers.pid, signal.SIGTERM)
    trainers.wait_until(lambda: not trainers.catches(signal.SIGTERM))
    os.kill(trainers.pid, signal.SIGTERM)
    assert trainers.wait() == -signal.SIGTERM
    assert n_lines(tmp_path / "run" / "metrics.jsonl") == 0
    assert not list((tmp_path / "run" / "checkpoints").iterdir())
    trainers.start(tmp_path / "run", *options, "--resume")  # control: one signal alone saves
    trainers.wait_until(lambda: trainers.catches(signal.SIGTERM))
    os.kill(trainers.pid, signal.SIGTERM)
    assert trainers.wait() == 143
    assert n_lines(tmp_path / "run" / "metrics.jsonl") == 1

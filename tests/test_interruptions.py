"""Real processes of `python -m tf1_dnn.train`, killed at random moments and at named ones."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import kill_at
import pytest
from conftest import save_npz
from run_ends import end_of, newest

pytestmark = pytest.mark.slow


class Trainers:
    """Processes of the command, one at a time."""

    def __init__(self, server, folder):
        self.server, self.log = server, folder / "log"
        self.argv = ["--data", save_npz(folder), "--hidden-units", "8", "--loop", "step"]
        self.argv += ["--optimizer", "adam", "--dropout-rate", "0.2"]

    def start(self, run_dir, *options, moments=()):
        self.log.unlink(missing_ok=True)
        argv = [*self.argv, "--run-dir", str(run_dir), *options]
        self.pid = self.server.start(self.log, argv, moments=moments)

    def wait(self):
        """The exit code, or minus the signal that ended the process."""
        return self.server.wait(self.pid)

    def run(self, run_dir, *options, moments=()):
        self.start(run_dir, *options, moments=moments)
        return self.wait()

    def run_anew(self, run_dir, *options, moments):
        """As `run`, in a process that still has to import TensorFlow."""
        argv = [kill_at.__file__, json.dumps(moments), *self.argv, "--run-dir", str(run_dir)]
        return subprocess.run([sys.executable, *argv, *options], capture_output=True).returncode

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


@pytest.fixture
def trainers(process_server, tmp_path):
    if not os.path.exists("/proc/self/status"):
        pytest.skip("signals are watched through /proc")
    return Trainers(process_server, tmp_path)


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


# So little is learned that the first epoch remains the best: each prune deletes one checkpoint.
STEADY = ["--n-epochs", "12", "--keep", "2", "--no-batch-norm", "--learning-rate", "1e-8"]
STEADY += ["--hidden-units", "500", "500"]


def moments_of_save(n_epochs):
    """A save of so many epochs: before its own file, its rename, its prune, the end of that."""
    renamed = ["os.rename", ".partial", f"epoch-{n_epochs:04d}"]
    pruned = ["os.rename", f"epoch-{n_epochs - 2:04d}", ".deleted"]
    removed = ["os.remove", "variables"]
    return [["open", ".partial/state.json"], renamed, pruned, removed, removed]


def saved(*epochs):
    return [f"epoch-{n_epochs:04d}" for n_epochs in epochs]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def files(folder):
    """The bytes of all files below a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_same_end(run_dir, through):
    assert end_of(run_dir) == end_of(through)
    assert names(run_dir / "checkpoints") == names(through / "checkpoints")
    assert names(through / "checkpoints") == ["epoch-0001", "epoch-0011", "epoch-0012"]


@pytest.fixture(scope="module")
def through(process_server, tmp_path_factory):
    """The directory of a steady run that is never killed."""
    folder = tmp_path_factory.mktemp("through")
    assert Trainers(process_server, folder).run(folder / "run", *STEADY) == 0
    return folder / "run"


def test_a_run_killed_in_imports_saves_and_prunes_equals_one_never_killed(
    trainers, through, tmp_path
):
    """Each kill is seen to have hit by what it leaves."""
    run_dir = tmp_path / "killed"
    folder = run_dir / "checkpoints"

    def killed_at(*moments, run=trainers.run):
        assert run(run_dir, *STEADY, "--resume", moments=moments) == -signal.SIGKILL
        return names(folder) if folder.exists() else None

    for module in ("tensorflow", "tensorflow.python.ops.nn_ops"):
        assert killed_at(["import", module], run=trainers.run_anew) is None

    assert killed_at(*moments_of_save(1)[:1]) == [".partial"]
    assert names(folder / ".partial") == ["variables.data-00000-of-00001", "variables.index"]
    assert killed_at(*moments_of_save(4)[:2]) == [".partial", *saved(1, 2, 3)]
    assert "state.json" in names(folder / ".partial")
    assert killed_at(*moments_of_save(4)[:3]) == saved(1, 2, 3, 4)
    assert killed_at(*moments_of_save(6)) == [".deleted-0004", *saved(1, 5, 6)]
    assert 0 < len(names(folder / ".deleted-0004")) < 3

    before = files(run_dir)
    killed_at(["import", "tensorflow"], run=trainers.run_anew)
    assert files(run_dir) == before

    assert killed_at(*moments_of_save(12)[:3]) == saved(1, 10, 11, 12)
    assert trainers.run(run_dir, *STEADY, "--resume") == 0
    assert_same_end(run_dir, through)


def test_a_run_killed_while_tensorflow_writes_equals_one_never_killed(trainers, through, tmp_path):
    run_dir = tmp_path / "killed"
    partial = run_dir / "checkpoints" / ".partial"

    def is_writing():
        return any(partial.glob("variables.data-*.tempstate*"))

    for _ in range(3):
        trainers.start(run_dir, *STEADY, "--resume")
        trainers.stop_while(is_writing)
        os.kill(trainers.pid, signal.SIGKILL)
        assert trainers.wait() == -signal.SIGKILL
        assert is_writing() and not (partial / "variables.index").exists()
    assert trainers.run(run_dir, *STEADY, "--resume") == 0
    assert_same_end(run_dir, through)


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
        assert newest(run_dir) == f"epoch-{n_epochs:04d}"
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

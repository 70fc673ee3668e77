"""python -m tf1_dnn.cluster: what it starts, prints, passes on, and leaves behind: nothing."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest
from processes import wait_until

from tf1_dnn import cli
from tf1_dnn.cluster import __main__ as command
from tf1_dnn.cluster import launcher
from tf1_dnn.training.signals import exiting_at_signals

# Stands in for python -m tf1_dnn.train: tells its task and pid, then does as its task is told.
TASK = """
import json, os, signal, sys, time
task = json.loads(os.environ["TF_CONFIG"])["task"]
name = task["type"] + str(task["index"])
print("out of", name, os.getpid(), flush=True)
print("error of", name, file=sys.stderr, flush=True)
deeds = dict(word.split("=") for word in sys.argv[1:])
deed = deeds.get(name, deeds.get("all", "0"))
if deed == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
time.sleep(60 if deed in ("wait", "deaf") else 0.2)
if deed == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(int(deed))
"""


def launch(*deeds):
    """Exit code of a cluster of stand-ins, one parameter server and two workers."""
    environments = launcher.make_environments({"ps": 1, "worker": 2}, evaluator=False)
    return launcher.launch([sys.executable, "-c", TASK, *deeds], environments)


@contextlib.contextmanager
def launched(log, *deeds):
    """A process that does `launch`, once all its tasks are there, and their pids."""
    program = f"""
import sys
sys.path[:0] = {sys.path!r}
import test_launcher
sys.exit(test_launcher.launch(*{deeds!r}))
"""
    with open(log, "w") as out:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=out)
    assert wait_until(lambda: len(pids(log.read_text())) == 3)
    yield process, pids(log.read_text())
    process.kill()
    process.wait()


def pids(out):
    return [int(line.split()[-1]) for line in out.splitlines() if " out of " in line]


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_task_gets_its_tf_config_on_ports_of_its_own():
    environments = launcher.make_environments({"ps": 2, "worker": 3}, evaluator=True)
    specs = {name: json.loads(text) for name, text in environments.items()}
    assert list(specs) == ["ps 0", "ps 1", "worker 0", "worker 1", "worker 2", "evaluator"]
    spec = specs["worker 2"]
    assert spec["task"] == {"type": "worker", "index": 2}
    addresses = [address for job in spec["cluster"].values() for address in job]
    assert len(set(addresses)) == 5
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+", address) for address in addresses)
    assert all(each["cluster"] == spec["cluster"] for each in specs.values())


def test_lines_come_behind_the_name_of_their_task_and_streams_stay_apart(capfd):
    assert launch() == 0
    out, err = capfd.readouterr()
    assert sorted(line.rsplit(" ", 1)[0] for line in out.splitlines()) == [
        "ps 0     | out of ps0",
        "worker 0 | out of worker0",
        "worker 1 | out of worker1",
    ]
    assert "worker 1 | error of worker1\n" in err


def children():
    """The pids of this process's own, among which servers of other tests may be."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent = path.read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.append(path.parent.name)
    return sorted(found)


@pytest.mark.parametrize("stream, code", [("stdout", 2), ("stderr", 0)])
def test_a_stdout_that_is_full_ends_the_cluster_and_a_stderr_does_not(
    stream, code, capfd, monkeypatch
):
    deed, before = "all=0" if code == 0 else "all=wait", children()
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, stream, full)
        assert cli.run(lambda argv: launch(deed)) == code
    captured = capfd.readouterr()
    if stream == "stdout":
        assert "cannot write to standard output (No space left on device)" in captured.err
        assert "out of" not in captured.out
    else:
        assert sorted(line[:9] for line in captured.out.splitlines()) == [
            "ps 0     ",
            "worker 0 ",
            "worker 1 ",
        ]
    assert children() == before


@pytest.mark.parametrize(
    "deeds, code",
    [
        (["worker1=3", "all=wait"], 3),
        (["worker1=kill", "all=wait"], 137),
        (["ps0=kill", "worker0=deaf", "worker1=wait"], 137),
    ],
)
def test_when_a_task_dies_the_others_are_stopped_and_none_is_left(deeds, code, capfd, monkeypatch):
    start, started = launcher._start, []
    monkeypatch.setattr(
        launcher, "_start", lambda *args: started.append(start(*args)) or started[-1]
    )
    monkeypatch.setattr(launcher, "SECONDS_TO_STOP", 1.0)
    assert launch(*deeds) == code
    err = capfd.readouterr().err
    name = "worker 1" if "worker1=wait" not in deeds else "ps 0"
    assert f"stopping the cluster, for the loss of {name} (exit code {code})" in err
    assert len(started) == 3 and not any(is_there(process.pid) for process in started)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_to_every_task(number, tmp_path):
    with launched(tmp_path / "log", "all=wait") as (process, tasks):
        process.send_signal(number)
        assert process.wait(timeout=20) == 128 + number
        assert not any(map(is_there, tasks))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs prctl")
def test_tasks_die_with_a_launcher_that_is_killed(tmp_path):
    with launched(tmp_path / "log", "all=wait") as (process, tasks):
        process.kill()
        process.wait()
        assert wait_until(lambda: not any(map(is_there, tasks)))


@pytest.mark.parametrize("argv", [["--workers", "0"], ["--ps", "x"], ["--worker"], ["batch_norm"]])
def test_bad_options_get_one_sentence_and_exit_code_2(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.run(command.main, argv)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def start(*argv, **settings):
    command = [sys.executable, "-m", "tf1_dnn.cluster", *argv]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return subprocess.Popen(command, **pipes, **settings)


@pytest.mark.slow
def test_a_cluster_trains_and_ends_with_exit_code_0(npz, tmp_path):
    options = ["--data", npz, "--n-epochs", "2", "--batch-size", "10", "--hidden-units", "8"]
    metrics, run_dir = tmp_path / "metrics.jsonl", tmp_path / "run"
    options += ["--metrics", str(metrics), "--run-dir", str(run_dir)]
    process = start("--workers", "2", "--ps", "1", "--evaluator", "--", *options)
    out, err = process.communicate(timeout=80)
    assert process.returncode == 0, err
    lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    curve = [
        f"worker 0  | epoch: {i:03d}, valid. Acc: {lines[i]['valid_accuracy']:.4f}" for i in (0, 1)
    ]
    curve.append(f"worker 0  | test. Acc: {lines[2]['test_accuracy']:.4f}")
    assert [line for line in out.splitlines() if line.startswith("worker")] == curve
    followed = [line for line in out.splitlines() if line.startswith("evaluator |")]
    assert followed[-1].startswith(f"evaluator | epoch: 001, valid. Acc: {curve[1][-6:]}, test.")
    assert json.loads((run_dir / "config.json").read_text())["cluster"] == (
        "2 replicas, synchronous"
    )
    said = [line.partition(" | ")[2].split(" of ")[0] for line in err.splitlines()]
    assert all(re.match(r"data: |TensorFlow 2|\w+ \d listens on port", line) for line in said), err


def test_a_mistake_in_the_options_is_told_and_ends_the_cluster(npz):
    process = start("--", "--data", npz, "--batch-size", "101")
    out, err = process.communicate(timeout=80)
    assert process.returncode == 2 and out == ""
    assert "error: a mini-batch of 202 is larger than the training set of 200" in err


def test_a_tasks_signal_handlers_are_put_back():
    def handlers():
        return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

    before = handlers()
    with exiting_at_signals():
        assert not set(handlers()) & set(before)
    assert handlers() == before
    assert signal.set_wakeup_fd(-1) == -1

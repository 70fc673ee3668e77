"""Tasks of a cluster are killed with SIGKILL and started again; training completes."""

import json
import signal
import time

import numpy as np
import pytest
from processes import Processes, wait_until
from run_ends import variables

from tf1_dnn import data
from tf1_dnn.config import Config, Execution
from tf1_dnn.training import trainer

pytestmark = pytest.mark.slow

CHIEF, WORKER, PS = ("chief", 0), ("worker", 0), ("ps", 0)
N_EPOCHS = 25
CONFIG = Config(hidden_units=(8,), batch_norm=False, optimizer="adam", n_epochs=N_EPOCHS)
OPTIONS = ["--hidden-units", 8, "--no-batch-norm", "--optimizer", "adam", "--n-epochs", N_EPOCHS]
OPTIONS += ["--batch-size", 10, "--keep", N_EPOCHS]


@pytest.fixture
def cluster(process_server, npz, tmp_path):
    """A chief, a worker and a parameter server, all with the same command."""
    options = [*OPTIONS, "--data", npz, "--run-dir", tmp_path / "run", "--resume"]
    processes = Processes(process_server)
    processes.form(tmp_path, options, ps=1, chief=1, worker=1)
    yield processes
    processes.end()


def n_epochs(folder):
    """How many epochs are in the run's metrics.jsonl."""
    path = folder / "run" / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def assert_completed(cluster, folder, n_steps=10, n_inexact=0):
    """All epochs were recorded and done, but for so many steps lost or repeated."""
    assert cluster.wait_for_all() == dict.fromkeys([PS, CHIEF, WORKER], 0), cluster.log(CHIEF)
    lines = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
    assert [line.get("epoch") for line in lines] == [*range(N_EPOCHS), None]
    done = variables(folder / "run")["global_step"]
    assert abs(done - n_steps * N_EPOCHS) <= n_inexact


def assert_equals_one_machine(folder, npz):
    """As if nothing had happened, and there had been one machine, with a batch twice as large."""
    splits, one = data.load(path=npz), folder / "one"
    config = CONFIG.replace(batch_size=20)
    trainer.train(config, splits, run_dir=one, execution=Execution(loop="step"))
    expected, found = variables(one), variables(folder / "run")
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_a_worker_that_never_shows_up_is_named_and_one_that_was_killed_rejoins(cluster, tmp_path):
    cluster.start(PS, CHIEF)
    address = cluster.cluster["worker"][0]
    sentence = f"chief is waiting for worker 0 at {address} (Connection refused): start it"
    assert wait_until(lambda: sentence in cluster.log(CHIEF)), cluster.log(CHIEF)
    assert n_epochs(tmp_path) == 0
    cluster.start(WORKER)
    assert wait_until(lambda: n_epochs(tmp_path) >= 3), cluster.log(CHIEF)
    assert cluster.kill(WORKER) == -9
    stopped_at = n_epochs(tmp_path)
    cluster.start(WORKER)
    assert stopped_at <= N_EPOCHS - 5
    assert_completed(cluster, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("task", [WORKER, PS])
def test_a_signal_ends_a_task_that_waits_for_others(task, number, cluster):
    cluster.start(task)
    assert wait_until(lambda: "listens on port" in cluster.log(task))
    time.sleep(0.3)  # the server starts, and the wait for the others
    assert cluster.kill(task, number) == 128 + number


def test_a_chief_killed_and_restarted_resumes_from_its_checkpoint(cluster, npz, tmp_path):
    cluster.start()
    assert wait_until(lambda: n_epochs(tmp_path) >= 3), cluster.log(CHIEF)
    assert cluster.kill(CHIEF) == -9
    assert 3 <= n_epochs(tmp_path) < N_EPOCHS
    cluster.start(CHIEF)
    assert_completed(cluster, tmp_path)
    assert "lost the cluster" in cluster.log(WORKER)
    assert_equals_one_machine(tmp_path, npz)


def test_a_parameter_server_killed_and_restarted_costs_at_most_one_interval(cluster, npz, tmp_path):
    cluster.start()
    assert wait_until(lambda: n_epochs(tmp_path) >= 3), cluster.log(CHIEF)
    assert cluster.kill(PS) == -9
    before = n_epochs(tmp_path)
    assert before < N_EPOCHS
    cluster.start(PS)
    assert_completed(cluster, tmp_path)
    assert_equals_one_machine(tmp_path, npz)
    printed = [line[:10] for line in cluster.log(CHIEF).splitlines() if line.startswith("epoch")]
    repeated = len(printed) - len(set(printed))
    assert repeated <= 1
    assert "lost the cluster" in cluster.log(CHIEF)


def test_asynchronous_training_survives_all_of_it(cluster, tmp_path):
    cluster.argv.append("--async")
    cluster.start()
    for task, after in [(WORKER, 2), (CHIEF, 6), (PS, 10)]:
        assert wait_until(lambda: n_epochs(tmp_path) >= after), cluster.log(CHIEF)
        assert cluster.kill(task) == -9
        assert n_epochs(tmp_path) < N_EPOCHS
        cluster.start(task)
    assert_completed(cluster, tmp_path, n_steps=20, n_inexact=2)

"""Tasks of a cluster are killed with SIGKILL and started again; training completes."""

import json
import os
import signal
import time

import numpy as np
import pytest
from conftest import save_npz
from processes import Processes, wait_until
from run_ends import variables

from tf1_dnn import data
from tf1_dnn.config import Config, Execution
from tf1_dnn.training import trainer

pytestmark = pytest.mark.slow

CHIEF, WORKER, PS, SECOND_PS, EVALUATOR = (
    ("chief", 0),
    ("worker", 0),
    ("ps", 0),
    ("ps", 1),
    ("evaluator", 0),
)
N_EPOCHS = 25
CONFIG = Config(hidden_units=(8,), batch_norm=False, optimizer="adam", n_epochs=N_EPOCHS)
OPTIONS = ["--hidden-units", 8, "--no-batch-norm", "--optimizer", "adam", "--n-epochs", N_EPOCHS]
OPTIONS += ["--batch-size", 10, "--keep", N_EPOCHS]


@pytest.fixture
def cluster(process_server, npz, tmp_path):
    """A chief, a worker and two parameter servers, all with the same command."""
    processes = form(process_server, npz, tmp_path)
    yield processes
    processes.end()


def form(process_server, npz, folder, **sizes):
    options = [*OPTIONS, "--data", npz, "--run-dir", folder / "run", "--resume"]
    processes = Processes(process_server)
    processes.form(folder, options, ps=2, chief=1, worker=1, **sizes)
    return processes


@pytest.fixture(scope="module")
def undisturbed(process_server, tmp_path_factory):
    """The variables of a run during which nothing happened."""
    folder = tmp_path_factory.mktemp("undisturbed")
    npz = save_npz(folder)
    cluster = form(process_server, npz, folder)
    cluster.start()
    assert_completed(cluster, folder)
    return variables(folder / "run")


def n_epochs(folder):
    """How many epochs are in the run's metrics.jsonl."""
    path = folder / "run" / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def wait_for_epoch(number, cluster, folder):
    assert wait_until(lambda: n_epochs(folder) >= number), cluster.log(CHIEF)
    assert n_epochs(folder) < N_EPOCHS


def assert_completed(cluster, folder, n_steps=10, n_inexact=0):
    """All epochs were recorded and done, but for so many steps lost or repeated."""
    assert cluster.wait_for_all() == dict.fromkeys(cluster.names, 0), cluster.log(CHIEF)
    lines = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
    assert [line.get("epoch") for line in lines] == [*range(N_EPOCHS), None]
    done = variables(folder / "run")["global_step"]
    assert abs(done - n_steps * N_EPOCHS) <= n_inexact


def assert_as_if_nothing_happened(folder, undisturbed):
    found = variables(folder / "run")
    assert set(found) == set(undisturbed)
    for name, value in undisturbed.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_undisturbed_the_cluster_is_one_machine_with_a_batch_twice_as_large(
    undisturbed, npz, tmp_path
):
    config, one = CONFIG.replace(batch_size=20), tmp_path / "one"
    trainer.train(config, data.load(path=npz), run_dir=one, execution=Execution(loop="step"))
    expected = variables(one)
    assert set(undisturbed) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(undisturbed[name], value, rtol=0, atol=1e-5, err_msg=name)


def test_a_worker_that_never_shows_up_is_named_and_one_that_was_killed_rejoins(
    cluster, undisturbed, tmp_path
):
    cluster.start(PS, SECOND_PS, CHIEF)
    address = cluster.cluster["worker"][0]
    sentence = f"chief is waiting for worker 0 at {address} (Connection refused): start it"
    assert wait_until(lambda: sentence in cluster.log(CHIEF)), cluster.log(CHIEF)
    assert n_epochs(tmp_path) == 0
    cluster.start(WORKER)
    for after in (3, 7, 11):
        wait_for_epoch(after, cluster, tmp_path)
        assert cluster.kill(WORKER) == -9
        cluster.start(WORKER)
    assert_completed(cluster, tmp_path)
    assert_as_if_nothing_happened(tmp_path, undisturbed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("task", [WORKER, PS])
def test_a_signal_ends_a_task_that_waits_for_others(task, number, cluster):
    cluster.start(task)
    assert wait_until(lambda: "listens on port" in cluster.log(task))
    time.sleep(0.3)  # the server starts, and the wait for the others
    assert cluster.kill(task, number) == 128 + number


def test_a_chief_killed_and_restarted_resumes_from_its_checkpoint(cluster, undisturbed, tmp_path):
    cluster.start()
    wait_for_epoch(3, cluster, tmp_path)
    assert cluster.kill(CHIEF) == -9
    cluster.start(CHIEF)
    assert_completed(cluster, tmp_path)
    assert "lost the cluster" in cluster.log(WORKER)
    assert_as_if_nothing_happened(tmp_path, undisturbed)


def test_a_parameter_server_killed_and_restarted_costs_at_most_one_interval(
    cluster, undisturbed, tmp_path
):
    cluster.start()
    wait_for_epoch(3, cluster, tmp_path)
    assert cluster.kill(SECOND_PS) == -9
    cluster.start(SECOND_PS)
    assert_completed(cluster, tmp_path)
    assert_as_if_nothing_happened(tmp_path, undisturbed)
    printed = [line[:10] for line in cluster.log(CHIEF).splitlines() if line.startswith("epoch")]
    repeated = len(printed) - len(set(printed))
    assert repeated <= 1
    assert "lost the cluster" in cluster.log(CHIEF)


def test_a_parameter_server_that_is_stopped_is_named_and_the_evaluator_sees_it_go_on(
    process_server, npz, undisturbed, tmp_path
):
    cluster = form(process_server, npz, tmp_path, evaluator=1)
    cluster.argv += ["--checkpoint-every", "5"]
    cluster.start()
    wait_for_epoch(6, cluster, tmp_path)
    os.kill(cluster.pids[SECOND_PS], signal.SIGSTOP)
    sentence = f"is waiting for ps 1 at {cluster.cluster['ps'][1]} (timed out): start it"
    for task in (CHIEF, WORKER):
        assert wait_until(lambda: sentence in cluster.log(task)), cluster.log(task)
    before = n_epochs(tmp_path)
    assert cluster.kill(EVALUATOR) == -9
    time.sleep(0.5)
    assert n_epochs(tmp_path) == before < N_EPOCHS
    os.kill(cluster.pids[SECOND_PS], signal.SIGCONT)
    cluster.start(EVALUATOR)
    assert_completed(cluster, tmp_path)
    assert_as_if_nothing_happened(tmp_path, undisturbed)
    curve = [line for line in cluster.log(CHIEF).splitlines() if line.startswith("epoch: ")]
    seen = {line.partition(", test.")[0] for line in cluster.log(EVALUATOR).splitlines()}
    assert set(curve[4::5]) <= seen, cluster.log(EVALUATOR)


def test_asynchronous_training_survives_all_of_it(cluster, tmp_path):
    cluster.argv.append("--async")
    cluster.start()
    for task, after in [(WORKER, 2), (CHIEF, 6), (SECOND_PS, 10)]:
        wait_for_epoch(after, cluster, tmp_path)
        assert cluster.kill(task) == -9
        assert n_epochs(tmp_path) < N_EPOCHS
        cluster.start(task)
    assert_completed(cluster, tmp_path, n_steps=20, n_inexact=2)

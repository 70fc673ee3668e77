"""Clusters on loopback: TensorFlow's own servers, all in this process, a thread for each task."""

import threading

from conftest import small_splits
from processes import free_address

from tf1_dnn import network_source
from tf1_dnn.cluster import chief, membership, worker
from tf1_dnn.config import Config, Execution
from tf1_dnn.spec import Task, TrainSpec

STEP = Execution(loop="step")
SPLITS = small_splits()  # 203 examples: batches of 32 are two of 34 and four of 33
SMALL = Config(hidden_units=(8,), batch_size=16, n_epochs=2, batch_norm=False)


def make_tasks(n_replicas, n_servers):
    addresses = {"worker": n_replicas, "ps": n_servers}
    cluster = {job: [free_address() for _ in range(n)] for job, n in addresses.items()}
    return [Task(cluster, job, i) for job, n in addresses.items() for i in range(n)]


def train(config, splits=SPLITS, *, n_replicas=2, n_servers=1, sync=True, network=None, **settings):
    """Train on a cluster; what the chief returns or raises, once every other task has left."""
    own = network and network_source.of(network)
    on_epoch = settings.pop("on_epoch", lambda metrics: None)
    tasks, answers = make_tasks(n_replicas, n_servers), {}

    def run(task):
        try:
            if task.type == "ps":
                answers[str(task)] = membership.serve(task)
            elif task.is_chief:
                spec = TrainSpec(config, STEP, network=own, task=task, sync=sync, **settings)
                answers[str(task)] = chief.train(spec, splits, on_epoch)
            else:
                spec = TrainSpec(config, STEP, network=own, task=task, sync=sync)
                answers[str(task)] = worker.work(spec, splits)
        except Exception as error:
            answers[str(task)] = error

    threads = [threading.Thread(target=run, args=[task], daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    chiefs = answers.pop("worker 0", None)
    assert answers == {str(task): None for task in tasks if not task.is_chief}
    if isinstance(chiefs, Exception):
        raise chiefs
    return chiefs

"""A task of a cluster as TF_CONFIG says: parameter server, worker, and what the chief shares.

The parameter servers hold the variables; workers compute gradients, and so does the chief, which
keeps the run as well (`chief.train`).
"""

from __future__ import annotations

import time
from typing import Any

from tf1_dnn import devices
from tf1_dnn.cluster_spec import Task
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution
from tf1_dnn.data import Splits
from tf1_dnn.membership import (
    absent_named,
    leave,
    retry,
    serve_until_all_left,
    start_server,
    worker_session,
)
from tf1_dnn.pace import Progress, feed, make_pace
from tf1_dnn.replicas import build_replica
from tf1_dnn.schedule import Schedule

_POLL_SECONDS = 0.1


def serve(task: Task) -> None:
    """Be a parameter server until every replica has left."""
    server = start_server(task, devices.choose("cpu"))
    serve_until_all_left(task, server)


class Trainee:
    """What chief and workers have in common: a schedule, a replica's graph, a server."""

    def __init__(
        self, config: Config, splits: Splits, *, task: Task, sync: bool, execution: Execution
    ) -> None:
        self.task, self.splits, replicas = task, splits, task.replicas
        self.schedule = Schedule(
            config,
            splits.train.n_examples,
            n_replicas=len(replicas),
            rank=replicas.index(str(task)),
            sync=sync,
        )
        self.replica = build_replica(task, config, splits.n_inputs, splits.n_outputs, sync=sync)
        self.pace = make_pace(self.replica)
        self.server = start_server(task, devices.choose(execution.device))

    def step(self, session: Any, step: int, fetches: Any) -> Progress:
        """Do this replica's part of a step."""
        feed_dict = feed(self.replica, self.schedule, self.splits.train, step)
        return self.pace.step(session, step, fetches, feed_dict)


def work(
    config: Config, splits: Splits, *, task: Task, sync: bool = True, execution: Execution
) -> None:
    """Be a worker: compute gradients until the chief says that the run is over."""
    trainee = Trainee(config, splits, task=task, sync=sync, execution=execution)
    with devices.tf32_allowed(execution.tf32), absent_named(task) as all_there:

        def attempt() -> None:
            with worker_session(task, trainee.server, trainee.replica) as session:
                _work(trainee, session)
                all_there.set()
                while not session.run(trainee.replica.is_over):
                    time.sleep(_POLL_SECONDS)

        retry(attempt)
    leave(task, trainee.server)


def _work(trainee: Trainee, session: Any) -> None:
    """Do this replica's part of all steps that are left, unless the run is over."""
    generation, is_over = session.run([trainee.replica.generation, trainee.replica.is_over])
    step = trainee.pace.start(session).next
    if session.run(trainee.replica.generation) != generation:
        raise tf.errors.AbortedError(None, None, "meanwhile another chief has set up everything")
    while step < trainee.schedule.total and not is_over:
        step = trainee.step(session, step, []).next

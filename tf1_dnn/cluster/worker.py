"""The tasks of a cluster that compute: a parameter server, a worker, and what the chief shares.

The parameter servers hold the variables; workers compute gradients, and so does the chief, which
keeps the run as well (`chief.train`).
"""

import time
from typing import Any

from tf1_dnn.cluster.membership import (
    absent_named,
    leave,
    retry,
    serve_until_all_left,
    start_server,
    worker_session,
)
from tf1_dnn.cluster.replicas import build_replica
from tf1_dnn.cluster.schedule import Schedule
from tf1_dnn.cluster.steps import Progress, make_steps
from tf1_dnn.compat import tf
from tf1_dnn.data import Splits
from tf1_dnn.devices import sessions
from tf1_dnn.spec import Task, TrainSpec

_POLL_SECONDS = 0.1


def serve(task: Task) -> None:
    """Be a parameter server until every replica has left."""
    server = start_server(task, sessions.choose_device("cpu"))
    serve_until_all_left(task, server)


class Trainee:
    """What chief and workers have in common: a schedule, a replica's graph, a server."""

    def __init__(self, spec: TrainSpec, splits: Splits) -> None:
        assert spec.task is not None
        self.task, self.train, replicas = spec.task, splits.train, spec.task.replicas
        self.schedule = Schedule(
            spec.config,
            splits.train.n_examples,
            n_replicas=len(replicas),
            rank=replicas.index(str(spec.task)),
            sync=spec.sync,
        )
        self.replica = build_replica(
            spec.task, spec.config, splits.n_inputs, splits.n_outputs, sync=spec.sync
        )
        self.steps = make_steps(self.replica)
        self.server = start_server(spec.task, sessions.choose_device(spec.execution.device))

    def step(self, session: Any, step: int, fetches: Any) -> Progress:
        """Do this replica's part of a step."""
        indices, share = self.schedule.part(step)
        feed_dict = self.replica.feed_dict(self.train.examples(indices), share)
        return self.steps.step(session, step, fetches, feed_dict)


def work(spec: TrainSpec, splits: Splits) -> None:
    """Be a worker: compute gradients until the chief says that the run is over."""
    trainee = Trainee(spec, splits)
    task = trainee.task
    with sessions.tf32_allowed(spec.execution.tf32), absent_named(task) as all_there:

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
    step = trainee.steps.start(session).next
    if session.run(trainee.replica.generation) != generation:
        raise tf.errors.AbortedError(None, None, "meanwhile another chief has set up everything")
    while step < trainee.schedule.total and not is_over:
        step = trainee.step(session, step, []).next

"""A worker of a cluster, which computes gradients, and what it shares with the chief."""

import threading
import time
from typing import Any

from tf1_dnn import network_source
from tf1_dnn.cluster import membership
from tf1_dnn.cluster.replicas import build_replica
from tf1_dnn.cluster.schedule import Schedule
from tf1_dnn.cluster.steps import Progress, another_chief, make_steps
from tf1_dnn.compat import tf
from tf1_dnn.data import Splits
from tf1_dnn.devices import sessions
from tf1_dnn.spec import TrainSpec

_POLL_SECONDS = 0.1


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
            spec.task,
            spec.config,
            splits.n_inputs,
            splits.n_outputs,
            sync=spec.sync,
            image_shape=splits.image_shape,
            own=network_source.load(spec.network),
        )
        self.steps = make_steps(self.replica)
        self.server = membership.start_server(spec.task, spec.execution.device)

    def step(self, session: Any, step: int, fetches: Any) -> Progress:
        """Do this replica's part of a step."""
        indices, share = self.schedule.part(step)
        feed_dict = self.replica.feed_dict(self.train.examples(indices), share)
        return self.steps.step(session, step, fetches, feed_dict)


def work(spec: TrainSpec, splits: Splits) -> None:
    """Be a worker: compute gradients until the chief says that the run is over."""
    trainee = Trainee(spec, splits)
    with sessions.tf32_allowed(spec.execution.tf32):
        with membership.absent_named(trainee.task) as all_there:
            membership.retry(lambda: _work(trainee, all_there))
    membership.leave(trainee.task, trainee.server)


def _work(trainee: Trainee, all_there: threading.Event) -> None:
    """In one session, do this replica's part of all steps that are left, unless the run is over.

    TensorFlow's MonitoredTrainingSession is made of the same SessionManager, but it repeats the
    step that a lost server interrupted, with the batch it had, and looks for the chief every 30
    seconds.
    """
    replica, target = trainee.replica, trainee.server.target
    manager = tf.train.SessionManager(
        graph=replica.model.graph,
        ready_op=replica.is_missing,  # until the chief has set up everything
        recovery_wait_secs=membership.RETRY_SECONDS,
    )
    config = membership.task_session_config(trainee.task)
    with manager.wait_for_session(target, config=config) as session:
        generation, is_over = session.run([replica.generation, replica.is_over])
        step = trainee.steps.start(session, generation).next
        if session.run(replica.generation) != generation:
            raise another_chief()
        while step < trainee.schedule.total and not is_over:
            step = trainee.step(session, step, []).next
        all_there.set()
        while not session.run(replica.is_over):
            time.sleep(_POLL_SECONDS)

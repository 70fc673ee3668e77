"""The chief of a cluster: trains a replica like every worker, and keeps the run."""

import contextlib
import dataclasses
import threading
import time
from typing import Any, Iterator

import numpy as np

from tf1_dnn import cli
from tf1_dnn.cluster import membership
from tf1_dnn.cluster.membership import LOST, SERVER_GONE
from tf1_dnn.cluster.worker import Trainee
from tf1_dnn.compat import tf
from tf1_dnn.data import Splits
from tf1_dnn.devices import sessions
from tf1_dnn.errors import Error
from tf1_dnn.graph import CHEAP_METRICS, step_metric
from tf1_dnn.runs import checkpoints
from tf1_dnn.runs.history import History, StepMetrics
from tf1_dnn.runs.recorder import open_recorder
from tf1_dnn.spec import TrainSpec
from tf1_dnn.training.trainer import OnEpoch, TrainedEpoch, Trainer


def train(spec: TrainSpec, splits: Splits, on_epoch: OnEpoch = lambda metrics: None) -> History:
    """Be the chief: trainer.train, with the steps shared among all replicas of the cluster.

    Result and errors are trainer.train's; a signal ends the process at once. Whenever a parameter
    server is lost, training resumes from the last checkpoint in the run directory.
    """
    trainee = Trainee(spec, splits)
    model = trainee.replica.model
    whole = model._replace(config=spec.config.replace(batch_size=trainee.schedule.batch_size))
    with contextlib.ExitStack() as stack:
        with model.graph.as_default(), tf.device(trainee.replica.device):
            recorder = stack.enter_context(open_recorder(spec, whole, splits))
            metrics = {name: step_metric(name, trainee.replica.tower) for name in CHEAP_METRICS}
        trainer = Trainer(spec, model, splits, recorder, on_epoch)
        stack.enter_context(sessions.tf32_allowed(spec.execution.tf32))
        all_there = stack.enter_context(membership.absent_named(trainee.task))
        return membership.retry(Chief(trainee, trainer, metrics, all_there).attempt)


class ClusterSteps:
    """Every epoch through all replicas: this one does its part, and waits for the others'."""

    def __init__(self, session: Any, trainee: Trainee, metrics: Any) -> None:
        self.session, self.trainee, self.metrics = session, trainee, metrics
        generation = session.run(trainee.replica.generation)
        self.step = trainee.steps.start(session, generation).next

    def run_epoch(self, epoch: int) -> TrainedEpoch:
        trainee, begin = self.trainee, time.perf_counter()
        n_steps = trainee.schedule.n_steps
        end, done, rows = (epoch + 1) * n_steps, -1, []
        while done < end and self.step < trainee.schedule.total:
            self.step, done, values = trainee.step(self.session, self.step, self.metrics)
            rows.append(values)
        trainee.steps.wait_for(self.session, end)
        return TrainedEpoch(stretched(rows, n_steps), time.perf_counter() - begin)

    def stop(self) -> None:
        self.trainee.steps.stop(self.session)


@dataclasses.dataclass
class Chief:
    """Trains in one session after another, until one of them lasts to the end."""

    trainee: Trainee
    trainer: Trainer
    metrics: dict[str, Any]  # float32 scalars of a step
    all_there: threading.Event  # set when others may leave

    def attempt(self) -> History:
        """One session, from the last checkpoint to the end; raises LOST where it breaks."""
        with self.session() as session:
            try:
                source = ClusterSteps(session, self.trainee, self.metrics)
                history = self.trainer.run(session, source)
            except Error as error:
                if isinstance(error.__cause__, SERVER_GONE):  # the disk is well
                    raise error.__cause__
                self.dismiss(session)
                raise
            self.dismiss(session)
            return history

    @contextlib.contextmanager
    def session(self) -> Iterator[Any]:
        """A session in which everything has been set up: whoever worked for an earlier chief is
        lost and joins again."""
        trainee, replica = self.trainee, self.trainee.replica
        config = membership.task_session_config(trainee.task)
        coordinator = tf.train.Coordinator(clean_stop_exception_types=())
        with tf.Session(trainee.server.target, replica.model.graph, config) as session:
            try:
                session.run(replica.withdraw)
                session.run([replica.model.init, replica.is_over.initializer])
                self.restore(session)
                generation = session.run(replica.now)
                trainee.steps.set_up(session, coordinator, generation)
                session.run(replica.generation.initializer, {replica.now: generation})
                yield session
            except LOST:
                coordinator.raise_requested_exception()  # what happened first, in the queue runner
                raise
            finally:
                coordinator.request_stop()

    def restore(self, session: Any) -> None:
        """Variables and epochs of the last checkpoint; initial weights where there is none."""
        trainer = self.trainer
        with trainer.model.graph.as_default(), tf.device(self.trainee.replica.device):
            checkpoints.start(session, trainer.spec)
        n_known = len(trainer.epochs)
        trainer.resume(session)
        if n_known > len(trainer.epochs):
            cli.say(f"going on from the checkpoint of {len(trainer.epochs)} epochs")

    def dismiss(self, session: Any) -> None:
        """Let every other task leave."""
        self.all_there.set()
        with contextlib.suppress(*LOST):
            session.run(self.trainee.replica.is_over.assign(True))
            self.trainee.steps.stop(session)
        membership.leave(self.trainee.task, self.trainee.server)


def stretched(rows: list[dict[str, Any]], n_steps: int) -> StepMetrics:
    """The chief's own steps as curves over all `n_steps` of an epoch; {} if it did none."""
    if not rows:
        return {}
    chosen = [rows[i * len(rows) // n_steps] for i in range(n_steps)]
    return {name: np.array([row[name] for row in chosen], np.float32) for name in rows[0]}

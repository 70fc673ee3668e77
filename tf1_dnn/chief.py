"""The chief of a cluster: trains a replica like every worker, and keeps the run."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Any, Callable

import numpy as np

from tf1_dnn import checkpoints, cli, devices, loops, runs
from tf1_dnn.cluster_spec import Task
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.data import Splits
from tf1_dnn.distributed import Trainee
from tf1_dnn.errors import Error, RunError
from tf1_dnn.graph import step_metric
from tf1_dnn.history import EpochMetrics, History, TestMetrics
from tf1_dnn.membership import LOST, absent_named, chief_session, leave, retry
from tf1_dnn.recorder import Recorder
from tf1_dnn.trainer import is_over, require_finite


def train(
    config: Config,
    splits: Splits,
    *,
    task: Task,
    sync: bool = True,
    execution: Execution = Execution(loop="step"),
    run_dir: str | os.PathLike[str] | None = None,
    resume: bool = False,
    overwrite: bool = False,
    keeping: Keeping = Keeping(),
    from_checkpoint: str | None = None,
    on_epoch: Callable[[EpochMetrics], None] = lambda metrics: None,
) -> History:
    """Be the chief: trainer.train, with the steps shared among all replicas of the cluster.

    Arguments, result and errors are trainer.train's; a signal ends the process at once. Whenever
    a parameter server is lost, training resumes from the last checkpoint in `run_dir`.
    """
    trainee = Trainee(config, splits, task=task, sync=sync, execution=execution)
    with contextlib.ExitStack() as stack:
        recorder = None
        if run_dir is not None:
            description = runs.describe(
                config, splits, execution, keeping, from_checkpoint, cluster=task.describe(sync)
            )
            opened = runs.open_run(run_dir, description, resume=resume, overwrite=overwrite)
            whole = config.replace(batch_size=trainee.schedule.batch_size)
            model = trainee.replica.model._replace(config=whole)
            with model.graph.as_default(), tf.device(trainee.replica.device):
                recorder = Recorder(stack.enter_context(opened), model, keeping, splits)
        chief = Chief(trainee, keeping, recorder, from_checkpoint, on_epoch)
        stack.enter_context(devices.tf32_allowed(execution.tf32))
        with absent_named(task) as chief.all_there:
            return retry(chief.attempt)


class Chief:
    """Trains in one session after another, until one of them lasts to the end."""

    def __init__(
        self,
        trainee: Trainee,
        keeping: Keeping,
        recorder: Recorder | None,
        from_checkpoint: str | None,
        on_epoch: Callable[[EpochMetrics], None],
    ) -> None:
        self.trainee, self.keeping, self.recorder = trainee, keeping, recorder
        self.from_checkpoint, self.on_epoch = from_checkpoint, on_epoch
        self.epochs: list[EpochMetrics] = []
        self.all_there = threading.Event()  # set when others may leave
        model = trainee.replica.model
        with model.graph.as_default(), tf.device(trainee.replica.device):
            names = ("loss", "accuracy")
            self.metrics = {name: step_metric(name, model.tower, model.config) for name in names}

    def attempt(self) -> History:
        """One session, from the last checkpoint to the end; raises LOST where it breaks."""
        trainee = self.trainee
        session_of = chief_session(
            trainee.task, trainee.server, trainee.replica, trainee.pace, self.restore
        )
        with session_of as session:
            try:
                history = self.run(session)
            except RunError as error:
                if isinstance(error.__cause__, LOST[:2]):  # the disk is well, a server is gone
                    raise error.__cause__
                self.dismiss(session)
                raise
            except Error:
                self.dismiss(session)
                raise
            self.dismiss(session)
            return history

    def restore(self, session: Any) -> None:
        """Variables and epochs of the last checkpoint; initial weights where there is none."""
        model = self.trainee.replica.model
        if self.from_checkpoint is not None:
            with model.graph.as_default(), tf.device(self.trainee.replica.device):
                checkpoints.start_from(session, model, self.from_checkpoint)
        known = len(self.epochs)
        self.epochs = self.recorder.resume(session) if self.recorder else []
        if known > len(self.epochs):
            cli.say(f"going on from the checkpoint of {len(self.epochs)} epochs")
        for metrics in self.epochs[known:]:
            self.on_epoch(metrics)

    def run(self, session: Any) -> History:
        """All epochs still to be done, and the test."""
        trainee, config = self.trainee, self.trainee.replica.model.config
        step = trainee.pace.start(session).next
        while not is_over(self.epochs, config, self.keeping):
            step = self.run_epoch(session, step)
        trainee.pace.stop(session)
        if self.recorder and self.keeping.patience:
            self.recorder.restore_best(session, self.epochs)
        test = TestMetrics(*loops.evaluate(session, trainee.replica.model, trainee.splits.test))
        history = History(tuple(self.epochs), test)
        if self.recorder:
            self.recorder.finish(history)
        return history

    def run_epoch(self, session: Any, step: int) -> int:
        """Do this replica's steps until the epoch is done by all; then validate and record."""
        trainee, epoch, begin = self.trainee, len(self.epochs), time.perf_counter()
        end, done, rows = (epoch + 1) * trainee.schedule.n_steps, -1, []
        while done < end and step < trainee.schedule.total:
            step, done, values = trainee.step(session, step, self.metrics)
            rows.append(values)
        trainee.pace.wait_for(session, end)
        seconds = time.perf_counter() - begin
        steps = stretched(rows, trainee.schedule.n_steps)
        require_finite(steps.get("loss", np.zeros(0)), epoch)
        valid = loops.evaluate(session, trainee.replica.model, trainee.splits.valid)
        self.epochs.append(EpochMetrics(epoch, *valid, seconds))
        self.on_epoch(self.epochs[-1])
        if self.recorder:
            last = is_over(self.epochs, trainee.replica.model.config, self.keeping)
            self.recorder.record(session, self.epochs, steps, is_last=last)
        return step

    def dismiss(self, session: Any) -> None:
        """Let every other task leave."""
        self.all_there.set()
        with contextlib.suppress(*LOST):
            session.run(self.trainee.replica.is_over.assign(True))
            self.trainee.pace.stop(session)
        leave(self.trainee.task, self.trainee.server)


def stretched(rows: list[dict[str, Any]], n_steps: int) -> loops.Metrics:
    """The chief's own steps as curves over all `n_steps` of an epoch; {} if it did none."""
    if not rows:
        return {}
    chosen = [rows[i * len(rows) // n_steps] for i in range(n_steps)]
    return {name: np.array([row[name] for row in chosen], np.float32) for name in rows[0]}

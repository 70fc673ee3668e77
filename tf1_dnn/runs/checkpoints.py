"""Checkpoints: whole or absent, the newest and the best kept, from any TensorFlow 1 program."""

import contextlib
import os
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator, Sequence

from tf1_dnn import checkpoint_index
from tf1_dnn.compat import tf
from tf1_dnn.errors import RunError, told
from tf1_dnn.graph import ModelSpec
from tf1_dnn.runs import directory, durable
from tf1_dnn.runs.checkpoint_folder import STATE, VARIABLES, CheckpointFolder, make_state
from tf1_dnn.runs.history import EpochMetrics
from tf1_dnn.spec import TrainSpec

_DELETED = ".deleted"
_FAULTS = (OSError, ValueError, tf.errors.OpError)  # what reading and writing them may raise


class Checkpoints(CheckpointFolder):
    """Writes and restores checkpoints of a model's graph.

    Each holds all global variables (moving averages and optimizer slots included) and the metrics
    so far. It is written beside, brought to the disk and renamed into place, so that a process
    killed in the middle, or a power cut, leaves nothing that looks like a checkpoint and is none.
    A thread waits for the disk while training goes on.
    """

    def __init__(self, folder: Path, model: ModelSpec) -> None:
        super().__init__(folder)
        with model.graph.as_default():
            self.saver = tf.train.Saver(tf.global_variables(), max_to_keep=None)
        self._thread = ThreadPoolExecutor(1, "checkpoints")
        self._settled: list[Future[None]] = []

    def save(self, session: Any, epochs: Sequence[EpochMetrics], *, keep: int, best: int) -> None:
        """Save all variables and metrics; once they are on the disk, delete older checkpoints.

        The `keep` newest stay, and the one after `best` epochs. Raises RunError if the disk is full
        or not writable: here, or from the next `save` or `wait`.
        """
        self.wait()
        partial = self.folder / durable.PARTIAL
        with self._told(len(epochs)):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            prefix = str(partial / VARIABLES)
            self.saver.save(session, prefix, write_meta_graph=False, write_state=False)
        self._settled.append(self._thread.submit(self._settle, list(epochs), keep, best))

    def wait(self) -> None:
        """Until what was saved is on the disk; RunError if it cannot be."""
        while self._settled:
            self._settled.pop().result()

    def restore(self, session: Any, n_epochs: int) -> None:
        """Load a checkpoint's variables; RunError if it is damaged."""
        self.wait()
        restore_variables(session, self.saver, self.prefix(n_epochs))

    def set_aside(self, n_epochs: int) -> None:
        """Rename a damaged checkpoint, so that it is no longer taken for one."""
        path = self.path(n_epochs)
        aside = path.with_name(f"{path.name}.damaged")
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(path, aside)

    def prune(self, *, keep: int, best: int) -> None:
        """Delete all but the `keep` newest and the one after `best` epochs."""
        for old in sorted({*self.all()[:-keep]} - {best}):
            self._delete(old)
        for half_deleted in self.folder.glob(f"{_DELETED}*"):
            shutil.rmtree(half_deleted, ignore_errors=True)

    def _settle(self, epochs: list[EpochMetrics], keep: int, best: int) -> None:
        partial, n_epochs = self.folder / durable.PARTIAL, len(epochs)
        with self._told(n_epochs):
            (partial / STATE).write_text(make_state(partial, epochs), encoding="utf-8")
            self._delete(n_epochs)
            durable.move_folder(partial, self.path(n_epochs))
        self.prune(keep=keep, best=best)

    @contextlib.contextmanager
    def _told(self, n_epochs: int) -> Iterator[None]:
        """What went wrong in a sentence; nothing half written is left."""
        fault = f"cannot write the checkpoint {self.path(n_epochs)}"
        remedy = "make room or permit it and --resume; earlier checkpoints are intact"
        try:
            with told(RunError, fault, remedy, *_FAULTS):
                yield
        except BaseException:
            shutil.rmtree(self.folder / durable.PARTIAL, ignore_errors=True)
            raise

    def _delete(self, n_epochs: int) -> None:
        """Out of sight first: what is half deleted must not look like a checkpoint."""
        doomed = self.folder / f"{_DELETED}-{n_epochs:04d}"
        shutil.rmtree(doomed, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.replace(self.path(n_epochs), doomed)
        shutil.rmtree(doomed, ignore_errors=True)


def restore_variables(session: Any, saver: Any, prefix: str) -> None:
    """saver.restore; RunError, naming the checkpoint, if it is damaged."""
    with told(RunError, f"cannot restore the checkpoint {prefix}", "take another one", Exception):
        checkpoint_index.shapes(prefix)  # TensorFlow's reader would end the process
        saver.restore(session, prefix)


def start(session: Any, spec: TrainSpec) -> None:
    """Load the checkpoint that a run is to start from, unless it goes on from one of its own."""
    if spec.from_checkpoint is None:
        return
    goes_on = spec.resume and spec.run_dir is not None and directory.n_epochs_kept(spec.run_dir)
    if not goes_on:
        start_from(session, spec.from_checkpoint)


def start_from(session: Any, prefix: str) -> None:
    """Start from any checkpoint with the post's variable names, such as TensorFlow 1.15.5's.

    The network's variables must all be there, in the right shapes; global_step and optimizer
    slots are taken where they are. Raises RunError that names what is missing or misshapen.
    """
    remedy = "give the path without .index or .data-00000-of-00001"
    fault = f"{prefix} is not a checkpoint that can be read"
    with told(RunError, fault, remedy, OSError, ValueError):
        shapes = checkpoint_index.shapes(prefix)
    with session.graph.as_default():
        variables = {v.op.name: v for v in tf.global_variables()}
        for name in sorted(variable.op.name for variable in tf.model_variables()):
            expected, found = variables[name].shape.as_list(), shapes.get(name)
            if found != expected:
                fault = "is missing" if found is None else f"has the shape {found}"
                raise RunError(
                    f"in the checkpoint {prefix} the variable {name} {fault}, but this network "
                    f"needs {expected}: give the options it was trained with."
                )
        found_here = [v for n, v in variables.items() if shapes.get(n) == v.shape.as_list()]
        restore_variables(session, tf.train.Saver(found_here), prefix)

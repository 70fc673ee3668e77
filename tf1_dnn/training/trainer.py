"""Training: epochs of mini-batches, validation after each, a test at the end."""

import contextlib
import dataclasses
import time
from typing import Any, Callable, NamedTuple, Protocol, Sequence

import numpy as np

from tf1_dnn import cli, network_source
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.data import Splits, batch_indices, shuffle_state
from tf1_dnn.devices import sessions
from tf1_dnn.errors import NetworkError, NonFiniteLossError, told
from tf1_dnn.graph import ModelSpec, build_graph
from tf1_dnn.graph.op_types import drawing_op
from tf1_dnn.runs import checkpoints
from tf1_dnn.runs.history import (
    EpochMetrics,
    History,
    StepMetrics,
    TestMetrics,
    best_epoch,
    training_means,
)
from tf1_dnn.runs.recorder import Recorder, open_recorder
from tf1_dnn.spec import PathLike, TrainSpec
from tf1_dnn.training import evaluation, loops
from tf1_dnn.training.signals import raise_if_noted, signals_noted

OnEpoch = Callable[[EpochMetrics], None]


def train(
    config: Config,
    splits: Splits,
    *,
    execution: Execution = Execution(),
    run_dir: PathLike | None = None,
    resume: bool = False,
    overwrite: bool = False,
    keeping: Keeping = Keeping(),
    network: Callable[..., Any] | None = None,
    from_checkpoint: str | None = None,
    on_epoch: OnEpoch = lambda metrics: None,
) -> History:
    """Train the config's network, or one of your own, as the post's sections 1.4 and 2.1 do.

    Args:
      config: network, loss, optimizer and schedule.
      splits: training, validation and test examples; inputs and outputs follow their shapes.
      execution: which loop runs the steps, and how.
      run_dir: where to keep configuration, metrics and checkpoints; nothing is kept without.
      resume: go on with the run in `run_dir` from its last checkpoint, if there is one, up to
        `config.n_epochs`, which may be another number than before.
      overwrite: delete the run in `run_dir` first.
      keeping: which checkpoints to keep, and when to stop early.
      network: a function that builds another network, as `graph.own_network` takes it.
      from_checkpoint: prefix of a checkpoint to start from, instead of initial weights.
      on_epoch: called with each epoch's metrics, also with those of epochs resumed.

    Returns:
      Accuracy and mean loss of each epoch, in validation and training, and of the test: after the
      best epoch, if there is patience.

    Raises:
      ConfigError: the network cannot be built, or has no text to keep in `run_dir`.
      NetworkError: the function raised an exception.
      NonFiniteLossError: the loss of a step is NaN or infinite.
      DataError: the training set is smaller than one mini-batch.
      DeviceError: `execution.device` is "gpu", and TensorFlow can use none.
      RunError: the run directory or a checkpoint cannot be used, or written to.
      Interrupted: SIGTERM or SIGINT came; the epoch was finished and saved (run_dir only).
    """
    spec = TrainSpec(
        config,
        execution,
        keeping,
        network=network and network_source.of(network),
        run_dir=run_dir,
        resume=resume,
        overwrite=overwrite,
        from_checkpoint=from_checkpoint,
    )
    return train_here(spec, splits, on_epoch)


def train_here(spec: TrainSpec, splits: Splits, on_epoch: OnEpoch) -> History:
    """`train` on this machine as the spec says."""
    model = build_graph(
        spec.config,
        splits.n_inputs,
        splits.n_outputs,
        image_shape=splits.image_shape,
        own=network_source.load(spec.network),
    )
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(sessions.start(model.graph, spec.execution))
        session.run(model.init)
        checkpoints.start(session, spec)
        recorder = stack.enter_context(open_recorder(spec, model, splits))
        trainer = Trainer(spec, model, splits, recorder, on_epoch)
        trainer.resume(session)
        signals = stack.enter_context(signals_noted()) if spec.run_dir is not None else []
        if spec.network is not None:  # what its graph cannot compute is no fault of ours
            fault = f"the network {spec.network.name} failed in a session"
            stack.enter_context(told(NetworkError, fault, "mend it", tf.errors.OpError))
        return trainer.run(session, LocalSteps(session, trainer), signals)


class TrainedEpoch(NamedTuple):
    """The steps of an epoch that were run."""

    metrics: StepMetrics  # of each, taken before its update; {} if this process ran none
    seconds: float


class StepSource(Protocol):
    """Where an epoch's steps are run: on this machine, or by the replicas of a cluster."""

    def run_epoch(self, epoch: int) -> TrainedEpoch:
        """Run all steps of the epoch, which is the first or follows the last one run."""

    def stop(self) -> None:
        """The run is over: let nobody begin another step."""


@dataclasses.dataclass
class Trainer:
    """A run in progress: the epochs so far, and what follows the steps of each."""

    spec: TrainSpec
    model: ModelSpec
    splits: Splits
    recorder: Recorder
    on_epoch: OnEpoch
    epochs: list[EpochMetrics] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        drawing = self.spec.network and drawing_op(self.model.tower.network.logits)
        if drawing:
            cli.say(
                f"warning: the network draws by {drawing}, whose state no checkpoint keeps: a "
                "resumed run draws otherwise, and so may the other loop. tf1_dnn.graph.layers."
                "dropout draws by the step."
            )

    def resume(self, session: Any) -> None:
        """Go on from the recorder's last checkpoint, if it has any."""
        n_known = len(self.epochs)
        self.epochs = self.recorder.resume(session)
        for metrics in self.epochs[n_known:]:
            self.on_epoch(metrics)

    def run(self, session: Any, source: StepSource, signals: Sequence[int] = ()) -> History:
        """All epochs still to be trained, and the test; Interrupted once `signals` holds one."""
        while not self.is_over:
            steps = self.train_epoch(session, source)
            noted = list(signals)  # a signal during the save waits for the next epoch
            is_last = self.is_over or bool(noted)
            self.recorder.record(session, self.epochs, steps, is_last=is_last)
            raise_if_noted(noted)
        source.stop()
        if self.spec.keeping.patience is not None:
            self.recorder.restore_best(session, self.epochs)
        test = TestMetrics(*evaluation.evaluate(session, self.model, self.splits.test))
        history = History(tuple(self.epochs), test)
        self.recorder.finish(history)
        return history

    def train_epoch(self, session: Any, source: StepSource) -> StepMetrics:
        """The next epoch's steps and validation; the metrics of its steps."""
        epoch = len(self.epochs)
        steps, seconds = source.run_epoch(epoch)
        require_finite(steps.get("loss", np.zeros(0)), epoch)
        valid = evaluation.evaluate(session, self.model, self.splits.valid)
        self.epochs.append(EpochMetrics(epoch, *valid, seconds, **training_means(steps)))
        self.on_epoch(self.epochs[-1])
        return steps

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or `patience` of them went by without a new best."""
        n_epochs, patience = len(self.epochs), self.spec.keeping.patience
        if not n_epochs or n_epochs >= self.spec.config.n_epochs:
            return n_epochs >= self.spec.config.n_epochs
        return patience is not None and n_epochs - 1 - best_epoch(self.epochs) >= patience


class LocalSteps:
    """Every epoch through a loop of this process; nothing is built before the first."""

    def __init__(self, session: Any, trainer: Trainer) -> None:
        self.session, self.trainer = session, trainer
        self.loop: loops.Loop | None = None

    def run_epoch(self, epoch: int) -> TrainedEpoch:
        trainer = self.trainer
        config, train, recorder = trainer.spec.config, trainer.splits.train, trainer.recorder
        if self.loop is None:
            self.loop = loops.make_loop(
                self.session,
                trainer.model,
                train,
                trainer.spec.execution,
                metrics=recorder.metrics,
                metrics_every=recorder.metrics_every,
            )
            offset = config.shuffle_offset + epoch
            self.random_state = shuffle_state(config.seed, offset, train.n_examples)
        batches = batch_indices(train.n_examples, config.batch_size, self.random_state)
        start = time.perf_counter()
        metrics = self.loop.run_epoch(batches)
        return TrainedEpoch(metrics, time.perf_counter() - start)

    def stop(self) -> None:
        """Nobody else runs steps of this run."""


def require_finite(losses: np.ndarray, epoch: int) -> None:
    """Raise NonFiniteLossError that names the first step whose loss is NaN or infinite."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if bad.size:
        raise NonFiniteLossError(
            f"the loss became {losses[bad[0]]} in epoch {epoch} at step {bad[0]}: lower the "
            "learning rate, clip the gradients (--clip-global-norm 1), or turn batch norm on."
        )

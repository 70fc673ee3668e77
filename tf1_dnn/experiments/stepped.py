"""A network in training, some steps at a time, in one thread: what the experiments look into.

TensorFlow is imported by the first run.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any, Iterator, Mapping

import numpy as np

from tf1_dnn.config import Config, Execution
from tf1_dnn.data import Dataset, Splits, batch_indices

if TYPE_CHECKING:
    from tf1_dnn.graph import ModelSpec
    from tf1_dnn.training.loops import Loop

Settings = Mapping[str, Any]  # n_train (images drawn by the seed), and what a measure needs
Measured = dict[str, Any]  # what one cell gave: quantity → number, or list of numbers
_ONE_THREAD = dict(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


class SteppedRun:
    """A session on the package's graph, initialized, and where its training has got to."""

    def __init__(self, session: Any, model: ModelSpec, splits: Splits, loop: Loop) -> None:
        self.session, self.model, self.splits, self.loop = session, model, splits, loop
        self.is_finite = True  # no step's loss was NaN or infinite
        self._batches = _endless_batches(splits.train.n_examples, model.config)

    def run_steps(self, n_steps: int) -> None:
        """Run the next steps."""
        metrics = self.loop.run_epoch(list(itertools.islice(self._batches, n_steps)))
        self.is_finite &= bool(np.isfinite(metrics["loss"]).all())

    def accuracy(self, dataset: Dataset) -> float:
        """With the moving averages; that of guessing if training went to NaN or infinity."""
        from tf1_dnn.training.evaluation import evaluate

        accuracy, loss = evaluate(self.session, self.model, dataset)
        is_finite = self.is_finite and np.isfinite(loss)
        return accuracy if is_finite else 1 / self.splits.n_outputs

    def population_accuracy(self, dataset: Dataset) -> float:
        """With mini-batch statistics averaged over the training set (section 1.2).

        Afterwards the moving averages are as before.
        """
        from tf1_dnn.training import population

        session, model = self.session, self.model
        before = session.run(population.moving_averages(model))
        averages = population.population_statistics(session, model, self.splits.train)
        population.load_statistics(session, model, averages)
        accuracy = self.accuracy(dataset)
        population.load_statistics(session, model, before)
        return accuracy

    def mean_over_batches(self, tensors: Any, n_batches: int) -> np.ndarray:
        """The mean of tensors over the first mini-batches of the training set, in training mode.

        Changes no variable.
        """
        size = self.model.config.batch_size
        total: Any = 0.0
        for start in range(0, n_batches * size, size):
            part = self.splits.train.examples(slice(start, start + size))
            feed_dict = self.model.placeholders.feed_dict(part, training=True)
            total = total + np.asarray(self.session.run(tensors, feed_dict), np.float64)
        return total / n_batches


@contextlib.contextmanager
def started(config: Config, splits: Splits) -> Iterator[SteppedRun]:
    """A run at its first step; the session is closed at the end.

    It is stepped by the post's loop: a cell is over before compiling the other would pay.
    """
    from tf1_dnn.compat import tf
    from tf1_dnn.graph import build_graph
    from tf1_dnn.training.loops import make_loop

    model = build_graph(config, splits.n_inputs, splits.n_outputs, image_shape=splits.image_shape)
    with tf.Session(graph=model.graph, config=tf.ConfigProto(**_ONE_THREAD)) as session:
        session.run(model.init)
        loop = make_loop(session, model, splits.train, Execution(loop="step"))
        yield SteppedRun(session, model, splits, loop)


def final_accuracy(run: SteppedRun, settings: Settings) -> Measured:
    """Validation accuracy after `n_steps`: the measure where nothing else is compared."""
    run.run_steps(settings["n_steps"])
    return {"accuracy": run.accuracy(run.splits.valid), "is_finite": run.is_finite}


def _endless_batches(n_examples: int, config: Config) -> Iterator[np.ndarray]:
    random_state = np.random.RandomState(config.seed)
    while True:
        yield from batch_indices(n_examples, config.batch_size, random_state)

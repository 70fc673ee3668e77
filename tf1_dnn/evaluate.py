"""python -m tf1_dnn.evaluate: how good a trained run is, class by class."""

import json
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from tf1_dnn import cli, data, network_source, options
from tf1_dnn.config import require_choice
from tf1_dnn.data import Dataset, Splits
from tf1_dnn.errors import ConfigError
from tf1_dnn.network_source import NetworkSource
from tf1_dnn.runs import config_json, plots, restore
from tf1_dnn.runs.config_json import Description
from tf1_dnn.spec import PathLike

SPLITS = ("valid", "test")
STATISTICS = ("moving", "population")


class Evaluation(NamedTuple):
    """How a network did on a data set; class c is row and column c, and entry c."""

    accuracy: float
    loss: float  # mean over the examples
    confusion: np.ndarray  # int64 [n_outputs, n_outputs]: labels down, predictions across
    examples: np.ndarray  # int64 [n_outputs], of each class; the others are float64 [n_outputs]:
    precision: np.ndarray  # right among those predicted to be of the class, NaN if there are none
    recall: np.ndarray  # right among those of the class, NaN if there are none
    f1: np.ndarray  # harmonic mean of the two, NaN where the class is in neither


def evaluate(
    run_dir: PathLike,
    splits: Splits | None = None,
    *,
    split: str = "test",
    statistics: str = "moving",
    checkpoint: str | None = None,
    network: Callable[..., Any] | NetworkSource | None = None,
    trust_code: bool = False,
) -> Evaluation:
    """Evaluate a trained run; changes nothing in its directory.

    Args:
      run_dir: made by `trainer.train` or `python -m tf1_dnn.train --run-dir`.
      splits: images [n, ...] of the run's shape and as many classes; by default the run's data,
        from where they were found in training.
      split: "valid" or "test".
      statistics: what batch norm normalizes by: "moving", the averages kept while training, or
        "population", mini-batch statistics averaged over the training set (the post's section
        1.2 has both).
      checkpoint: "last", "best", a checkpoint's prefix, or None for the one that the run's own
        test figure came from.
      network: the run's, if it is one of the user's own.
      trust_code: run the text of it that the run keeps, in the place of `network`.

    Raises:
      ConfigError: an unknown split or statistics, or a run without batch norm for "population".
      DataError: data that cannot be found, or with images or classes other than the run's.
      RunError: no run, or its configuration or checkpoint is missing or damaged.
    """
    description = config_json.read(run_dir)
    _check_choices(description, split, statistics)
    splits = restore.load_data(description) if splits is None else splits
    restore.check_data(description, splits)
    dataset: Dataset = getattr(splits, split)
    source = network_source.as_source(network)
    with restore.restored(run_dir, checkpoint, network=source, trust_code=trust_code) as run:
        from tf1_dnn.training import evaluation, population

        if statistics == "population":
            averages = population.population_statistics(run.session, run.model, splits.train)
            population.load_statistics(run.session, run.model, averages)
        (accuracy, loss), classes = evaluation.classify(run.session, run.model, dataset)
    confusion = confusion_matrix(dataset.labels, classes, splits.n_outputs)
    return Evaluation(accuracy, loss, confusion, *per_class(confusion))


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, n_outputs: int) -> np.ndarray:
    """Counts, int64 `[n_outputs, n_outputs]`, of labels (rows) and predictions, each int `[n]`."""
    cells = labels.astype(np.int64) * n_outputs + predictions
    return np.bincount(cells, minlength=n_outputs**2).reshape(n_outputs, n_outputs)


def per_class(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Examples, precision, recall and F1 of each class, as in Evaluation."""
    right, examples, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return examples, right / predicted, right / examples, 2 * right / (predicted + examples)


def _check_choices(description: Description, split: str, statistics: str) -> None:
    require_choice("split", split, SPLITS)
    require_choice("statistics", statistics, STATISTICS)
    has_none = description.network is None and not description.config.batch_norm
    if statistics == "population" and has_none:
        raise ConfigError(
            "the run has no batch norm, so there are no statistics to choose: leave out population."
        )


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.evaluate",
        description="Evaluate a trained run: accuracy, loss, every class, the confusion matrix.",
    )
    add = parser.add_argument
    add("run_dir", metavar="RUN_DIR", help="made by train --run-dir")
    add("--dataset", choices=data.DATASETS, help="default: the data of the run")
    add("--data", metavar="PATH", help="as in train (default: the data of the run)")
    add("--split", choices=SPLITS, default="test", help="default: test")
    add(
        "--statistics",
        choices=STATISTICS,
        default="moving",
        help="of batch norm: moving averages (default), or averages over the training set",
    )
    add(
        "--checkpoint",
        metavar="last|best|PREFIX",
        help="default: best if the run had --patience, else last",
    )
    add("--plot", metavar="FILE.png", help="plot the confusion matrix")
    add("--json", action="store_true", help="print JSON")
    options.add_network_of_run(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = make_parser().parse_args(argv)
    if given.plot is not None:
        plots.check_path(given.plot)
    splits = restore.load_data(config_json.read(given.run_dir), given.dataset, given.data)
    evaluation = evaluate(
        given.run_dir,
        splits,
        split=given.split,
        statistics=given.statistics,
        checkpoint=given.checkpoint,
        network=options.find_network(given.network),
        trust_code=given.trust_code,
    )
    cli.put(as_json(evaluation) if given.json else as_text(evaluation, given.split))
    if given.plot is not None:
        plots.confusion_matrix(evaluation.confusion, given.plot)
        cli.say_written(given.plot)
    return 0


def as_text(evaluation: Evaluation, split: str) -> str:
    """Accuracy and loss, a line per class, and the confusion matrix, to be read."""
    classes = [["class", "examples", "precision", "recall", "    F1"]]
    for index, (examples, *shares) in enumerate(zip(*evaluation[3:])):
        words = ["-" if np.isnan(share) else f"{share:.4f}" for share in shares]
        classes.append([str(index), str(examples), *words])
    confusion = evaluation.confusion
    width = max(len(str(confusion.max())), len(str(len(confusion)))) + 1
    head = "".join(f"{index:{width}d}" for index in range(len(confusion)))
    cells = ["".join(f"{count:{width}d}" for count in row) for row in confusion]
    return "\n".join(
        [
            f"{split}. Acc: {evaluation.accuracy:.4f}",
            f"{split}. loss: {evaluation.loss:.4f}\n",
            cli.table(classes) + "\n",
            "labels down, predictions across",
            " " * 5 + head,
            *(f"{index:5d}{row}" for index, row in enumerate(cells)),
        ]
    )


def as_json(evaluation: Evaluation) -> str:
    """The evaluation's fields; null where a share is of nothing."""
    values = {name: np.asarray(value).tolist() for name, value in evaluation._asdict().items()}
    for name in ("precision", "recall", "f1"):
        values[name] = [None if np.isnan(share) else share for share in values[name]]
    return json.dumps(values, indent=1)


if __name__ == "__main__":
    cli.end(main)

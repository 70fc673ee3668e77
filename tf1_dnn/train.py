"""python -m tf1_dnn.train: arguments → Config → trainer."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from typing import IO, TYPE_CHECKING, Any, Iterator, Sequence

from tf1_dnn import cli, cluster_options, options
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, Config
from tf1_dnn.errors import DeviceError, Error
from tf1_dnn.signals import exiting_at_signals

if TYPE_CHECKING:
    from tf1_dnn.data import Splits
    from tf1_dnn.history import EpochMetrics, History


def make_parser() -> cli.Parser:
    """The command's options; those that make a Config have no default, so the preset's stands."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.train",
        description="Train the post's network and print its validation curve.",
        epilog="A preset sets every option, and an option given overrides it; in brackets, the "
        "values of the presets: batch_norm | gradient_clipping.",
        argument_default=argparse.SUPPRESS,
    )
    options.add_preset(parser)
    options.add_config_options(parser)
    options.add_execution_options(parser)
    options.add_data_options(parser)
    options.add_run_options(parser)
    cluster_options.add_cluster_options(parser)
    parser.add_argument(
        "--metrics", default=None, metavar="FILE", help="write one JSON line per epoch to FILE"
    )
    return parser


@contextlib.contextmanager
def metrics_file(path: str | None) -> Iterator[IO[str]]:
    """The file of --metrics, line-buffered; nowhere when there is none."""
    try:
        file = open(path if path is not None else os.devnull, "w", buffering=1, encoding="utf-8")
    except OSError as error:
        raise Error(f"cannot write the metrics file {path}: {error.strerror}.") from None
    with file:
        yield file


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = vars(make_parser().parse_args(argv))
    preset = given["preset"]
    config = options.make_config(given)
    kept = options.make_run_options(given)
    kept |= cluster_options.make_cluster_options(given, kept["execution"])
    task = kept.get("task")
    # A cluster's task may end at any moment: checkpoints are whole, and others take up its work.
    with exiting_at_signals() if task is not None else contextlib.nullcontext():
        if task is None or task.is_chief:
            keep_run(config, preset, given, **kept)
        else:
            from tf1_dnn import assist

            assist.assist(config, given["dataset"], given["data"], **kept)
    return 0


def keep_run(config: Config, preset: str, given: dict[str, Any], **kept: Any) -> None:
    """Train on this machine, or as a cluster's chief, and say what came out."""
    from tf1_dnn import data

    task = kept.get("task")
    splits = data.load(given["dataset"], given["data"])
    together = config.batch_size * (task.n_together(kept["sync"]) if task else 1)
    data.n_batches(splits.train.n_examples, together)
    if kept["run_dir"] is not None:
        check_run_dir(config, splits, **kept)
    check_device(kept["execution"].device)
    with metrics_file(given["metrics"]) as metrics:
        history = run(config, splits, metrics, **kept)
    if config == PRESETS[preset] and splits.is_mnist and not (kept["from_checkpoint"] or task):
        compare_with_post(preset, history)


def check_run_dir(config: Config, splits: Splits, **kept: Any) -> None:
    """Refuse a run directory before TensorFlow is imported and anything is written."""
    from tf1_dnn import runs

    names = ("execution", "keeping", "from_checkpoint")
    settings = {name: kept[name] for name in names}
    if "task" in kept:
        settings["cluster"] = kept["task"].describe(kept["sync"])
    description = runs.describe(config, splits, **settings)
    runs.check_run(kept["run_dir"], description, resume=kept["resume"], overwrite=kept["overwrite"])


def check_device(device: str) -> None:
    """Refuse "gpu" where none can be used, before TensorFlow is imported and anything written."""
    from tf1_dnn import cuda

    fault = cuda.fault() if device == "gpu" else None
    if fault is not None:
        raise DeviceError(f"no GPU can be used: {fault}.")


def run(config: Config, splits: Splits, metrics_out: IO[str], **settings: Any) -> History:
    """Train, with the curve on stdout and one JSON line per epoch on `metrics_out`."""
    cli.say(
        f"data: {splits.name} ({splits.train.n_examples:,} training, {splits.valid.n_examples:,} "
        f"validation, {splits.test.n_examples:,} test examples) from {splits.source}"
    )
    from tf1_dnn import devices

    device = devices.choose(settings["execution"].device)
    if device.warning:
        cli.say(f"warning: {device.warning}")
    cli.say(f"TensorFlow {devices.tf.__version__} on {device.description}")

    def report(epoch: EpochMetrics) -> None:
        print(f"epoch: {epoch.epoch:03d}, valid. Acc: {epoch.valid_accuracy:.4f}", flush=True)
        metrics_out.write(json.dumps(epoch._asdict()) + "\n")

    history = trainer_of(settings).train(config, splits, on_epoch=report, **settings)
    print(f"test. Acc: {history.test.test_accuracy:.4f}", flush=True)
    metrics_out.write(json.dumps(history.test._asdict()) + "\n")
    return history


def trainer_of(settings: dict[str, Any]) -> Any:
    """The module whose train() takes these settings."""
    if "task" in settings:
        from tf1_dnn import chief

        return chief
    from tf1_dnn import trainer

    return trainer


def compare_with_post(preset: str, history: History) -> None:
    """Set the curve beside the post's."""
    published = PUBLISHED_CURVES[preset]
    curve = [epoch.valid_accuracy for epoch in history.epochs]
    cli.say("the post's curve: " + " ".join(f"{value:.4f}" for value in published))
    cli.say("this run's curve: " + " ".join(f"{value:.4f}" for value in curve))
    difference = max(abs(round(a, 4) - b) for a, b in zip(curve, published))
    cli.say(f"largest difference: {difference:.4f}")


if __name__ == "__main__":
    sys.exit(cli.run(main))

"""python -m tf1_dnn.train: options → TrainSpec → trainer."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

from tf1_dnn import cli, options
from tf1_dnn.cluster import tf_config
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, gpu_number
from tf1_dnn.errors import DeviceError, Error, told
from tf1_dnn.spec import Task, TrainSpec
from tf1_dnn.training.signals import exiting_at_signals

if TYPE_CHECKING:
    from tf1_dnn.data import Splits
    from tf1_dnn.runs.history import EpochMetrics, History, TestMetrics

    Metrics = EpochMetrics | TestMetrics


def make_parser() -> cli.Parser:
    """The command's options; those that make a Config have no default, so the preset's stands."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.train",
        description="Train the post's network and print its validation curve.",
        epilog="A preset sets every option, and an option given overrides it; in brackets, the "
        "values of the presets: batch_norm | gradient_clipping | convolution.",
        argument_default=argparse.SUPPRESS,
    )
    options.add_preset(parser)
    options.add_config_options(parser)
    options.add_execution_options(parser)
    options.add_data_options(parser)
    options.add_run_options(parser)
    options.add_cluster_options(parser)
    parser.add_argument(
        "--metrics", default=None, metavar="FILE", help="write one JSON line per epoch to FILE"
    )
    return parser


@contextlib.contextmanager
def metrics_file(path: str | None) -> Iterator[Callable[[Metrics], None]]:
    """What writes metrics to the file of --metrics, a line of JSON at once; or nowhere."""
    remedy = "make room or permit it, or name another file"
    writing = functools.partial(told, Error, f"cannot write the metrics file {path}", remedy)
    with writing(OSError):
        file = open(path if path is not None else os.devnull, "wb", buffering=0)

    def write(metrics: Metrics) -> None:
        with writing(OSError):
            file.write(json.dumps(metrics._asdict()).encode() + b"\n")

    with file:
        yield write


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = vars(make_parser().parse_args(argv))
    task = tf_config.from_environment()
    spec = make_spec(given, task)
    if task is None:
        return train(spec, given["metrics"])
    if task.type != "evaluator":
        tf_config.require_port_free(task)
    # A cluster's task may end at any moment: checkpoints are whole, and others take up its work.
    with exiting_at_signals():
        if task.is_chief:
            return train(spec, given["metrics"])
        from tf1_dnn.cluster import tasks

        tasks.take_part(spec)
        return 0


def make_spec(given: dict[str, Any], task: Task | None) -> TrainSpec:
    """The TrainSpec of the given options, over those of the run to resume where there is one."""
    from tf1_dnn.runs import directory, restore

    if given.get("from_checkpoint") is not None:
        given["from_checkpoint"] = restore.prefix_of(given["from_checkpoint"])
    if "network" in given:
        given["network"] = options.find_network(given["network"])
    run_dir = given["run_dir"]
    if not given["resume"] or run_dir is None or not directory.holds_run(run_dir):
        return options.make_train_spec(given, task)
    recorded = restore.recorded_spec(
        run_dir,
        given.get("dataset"),
        given.get("data"),
        network=given.get("network"),
        trust_code=given["trust_code"],
    )
    return options.make_train_spec(given, task, recorded)


def train(spec: TrainSpec, metrics: str | None) -> int:
    """Train on this machine, or as a cluster's chief, and say what came out."""
    from tf1_dnn import data

    splits = data.load(spec.dataset, spec.data)
    data.n_batches(splits.train.n_examples, spec.config.batch_size * spec.n_together)
    check_before_tensorflow(spec, splits)
    with metrics_file(metrics) as write:
        history = train_and_print(spec, splits, write)
    preset = next((name for name in PUBLISHED_CURVES if PRESETS[name] == spec.config), None)
    is_plain = spec.from_checkpoint is None and spec.task is None and spec.network is None
    if preset is not None and is_plain and splits.is_mnist:
        compare_with_post(preset, history)
    return 0


def check_before_tensorflow(spec: TrainSpec, splits: Splits) -> None:
    """Refuse a run directory or a device before TensorFlow is imported and anything written."""
    from tf1_dnn.devices import cuda, driver
    from tf1_dnn.runs import config_json, directory

    if spec.run_dir is not None:
        description = config_json.describe(spec, splits)
        directory.check_run(spec.run_dir, description, resume=spec.resume, overwrite=spec.overwrite)
    if not spec.execution.device.startswith("gpu"):
        return
    fault = cuda.fault()
    if fault is not None:
        raise DeviceError(f"no GPU can be used: {fault}.")
    driver.require_gpu(gpu_number(spec.execution.device), driver.n_gpus())


def train_and_print(spec: TrainSpec, splits: Splits, write: Callable[[Metrics], None]) -> History:
    """Train, with the curve on stdout and the metrics of each epoch given to `write`."""
    cli.say(f"data: {splits.name} ({splits.sizes}) from {splits.source}")
    from tf1_dnn.devices import sessions

    if spec.task is None:
        from tf1_dnn.training.trainer import train_here as train_all
    else:
        from tf1_dnn.cluster.chief import train as train_all
    device = sessions.choose_device(spec.execution.device)
    if device.warning:
        cli.say(f"warning: {device.warning}")
    cli.say(f"TensorFlow {sessions.tf.__version__} on {device.description}")

    def print_epoch(epoch: EpochMetrics) -> None:
        cli.put(f"epoch: {epoch.epoch:03d}, valid. Acc: {epoch.valid_accuracy:.4f}")
        write(epoch)

    history = train_all(spec, splits, print_epoch)
    cli.put(f"test. Acc: {history.test.test_accuracy:.4f}")
    write(history.test)
    return history


def compare_with_post(preset: str, history: History) -> None:
    """Set the curve beside the post's."""
    published = PUBLISHED_CURVES[preset]
    curve = [epoch.valid_accuracy for epoch in history.epochs]
    cli.say("the post's curve: " + " ".join(f"{value:.4f}" for value in published))
    cli.say("this run's curve: " + " ".join(f"{value:.4f}" for value in curve))
    difference = max(abs(round(a, 4) - b) for a, b in zip(curve, published))
    cli.say(f"largest difference: {difference:.4f}")


if __name__ == "__main__":
    cli.end(main)

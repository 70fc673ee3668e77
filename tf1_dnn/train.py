"""python -m tf1_dnn.train: arguments → Config → trainer."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import sys
from typing import IO, TYPE_CHECKING, Any, Iterator, Sequence

from tf1_dnn import cli
from tf1_dnn import config as cfg
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, Config
from tf1_dnn.errors import Error

if TYPE_CHECKING:
    from tf1_dnn.data import Splits
    from tf1_dnn.trainer import EpochMetrics, History


def make_parser() -> cli.Parser:
    """The command's options; those that make a Config have no default, so the preset's stands."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.train",
        description="Train the post's network and print its validation curve.",
        epilog="A preset sets every option, and an option given overrides it; in brackets, the "
        "values of the presets: batch_norm | gradient_clipping.",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "preset",
        nargs="?",
        choices=PRESETS,
        default="batch_norm",
        help="which of the post's two cells to start from (default: batch_norm)",
    )
    add_config_options(parser)
    parser.add_argument(
        "--dataset",
        choices=["auto", "mnist", "synthetic"],
        default="auto",
        help="auto: MNIST where it can be had, else the built-in synthetic digits (default)",
    )
    parser.add_argument(
        "--data",
        default=None,
        metavar="PATH",
        help="folder of IDX files or of mnist.npz, or an npz file (default: $TF1_DNN_DATA)",
    )
    parser.add_argument(
        "--metrics", default=None, metavar="FILE", help="write one JSON line per epoch to FILE"
    )
    return parser


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """One option per field of Config."""
    network = parser.add_argument_group("network")
    add = functools.partial(_add_config_option, network)
    add("--hidden-units", type=int, nargs="+", metavar="N")
    add("--activation", choices=cfg.ACTIVATIONS)
    add("--batch-norm", action=argparse.BooleanOptionalAction)
    add("--batch-norm-momentum", type=float, metavar="ALPHA")
    add("--dropout-rate", type=float, metavar="RATE")
    initializers = f"{', '.join(cfg.KERNEL_INITIALIZERS)} or normal:STDDEV"
    add("--kernel-initializer", metavar="NAME", help=initializers)
    training = parser.add_argument_group("training")
    add = functools.partial(_add_config_option, training)
    add("--loss-reduction", choices=cfg.LOSS_REDUCTIONS, help="over the mini-batch")
    add("--optimizer", choices=cfg.OPTIMIZERS)
    add("--learning-rate", type=float, metavar="RATE")
    add("--n-epochs", type=int, metavar="N")
    add("--batch-size", type=int, metavar="N")
    add("--seed", type=int, metavar="N", help="of initial weights, shuffling and dropout")
    add("--shuffle-offset", type=int, metavar="N", help="permutations drawn before epoch 0")
    clipping = parser.add_argument_group("gradient clipping").add_mutually_exclusive_group()
    add = functools.partial(_add_config_option, clipping)
    add("--clip-value", type=float, metavar="T", help="each entry into [-T, T]")
    add("--clip-norm", type=float, metavar="T", help="each gradient to an L2 norm of T")
    add("--clip-global-norm", type=float, metavar="T", help="all gradients together")
    clipping.add_argument("--no-clip", action="store_true", help="none, whatever the preset")


def _add_config_option(group: Any, option: str, *, help: str = "", **settings: Any) -> None:
    """Add the option with the presets' values in its help."""
    name = option.strip("-").replace("-", "_")
    values = [_spelled(getattr(preset, name)) for preset in PRESETS.values()]
    presets = values[0] if values[0] == values[1] else " | ".join(values)
    group.add_argument(option, help=f"{help} [{presets}]".strip(), **settings)


def _spelled(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def make_config(options: dict[str, Any]) -> Config:
    """The preset's Config with the given options over it; takes them out of `options`."""
    preset = PRESETS[options.pop("preset")]
    if options.pop("no_clip", False):
        preset = preset.replace(**dict.fromkeys(cfg.CLIP_KINDS))
    names = set(options) & set(Config.__dataclass_fields__)
    return preset.replace(**{name: options.pop(name) for name in names})


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
    options = vars(make_parser().parse_args(argv))
    preset = options["preset"]
    config = make_config(options)

    from tf1_dnn import data

    splits = data.load(options["dataset"], options["data"])
    data.n_batches(splits.train.n_examples, config.batch_size)
    with metrics_file(options["metrics"]) as metrics:
        history = run(config, splits, metrics)
    if config == PRESETS[preset] and splits.is_mnist:
        compare_with_post(preset, history)
    return 0


def run(config: Config, splits: Splits, metrics_out: IO[str]) -> History:
    """Train, with the curve on stdout and one JSON line per epoch on `metrics_out`."""
    cli.say(
        f"data: {splits.name} ({splits.train.n_examples:,} training, {splits.valid.n_examples:,} "
        f"validation, {splits.test.n_examples:,} test examples) from {splits.source}"
    )
    from tf1_dnn import trainer

    cli.say(f"TensorFlow {trainer.tf.__version__} on {trainer.device_name()}")

    def report(epoch: EpochMetrics) -> None:
        print(f"epoch: {epoch.epoch:03d}, valid. Acc: {epoch.valid_accuracy:.4f}", flush=True)
        metrics_out.write(json.dumps(epoch._asdict()) + "\n")

    history = trainer.train(config, splits, on_epoch=report)
    print(f"test. Acc: {history.test.test_accuracy:.4f}", flush=True)
    metrics_out.write(json.dumps(history.test._asdict()) + "\n")
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
    sys.exit(cli.run(main))

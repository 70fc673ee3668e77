"""python -m tf1_dnn.benchmark: how fast both loops train here, against what the machine can do."""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import resource
import statistics
import time
from typing import TYPE_CHECKING, Any, Iterator, Sequence

import numpy as np

from tf1_dnn import cli, options
from tf1_dnn.config import LOOPS, Config, Execution
from tf1_dnn.errors import ConfigError
from tf1_dnn.kernels import kernels

if TYPE_CHECKING:
    from tf1_dnn.data import Splits

QUIET = 0.8  # of the best rate of sgemm: what a quiet machine never falls below
COLUMNS = {  # JSON key: (heading, format)
    "loop": ("loop", "{}"),
    "hidden_units": ("hidden units", "{}"),
    "batch_size": ("batch", "{}"),
    "n_examples": ("examples", "{:,}"),
    "compile_seconds": ("compile s", "{:.2f}"),
    "epoch_seconds": ("epoch s", "{:.3f}"),
    "steps_per_second": ("steps/s", "{:,.0f}"),
    "images_per_second": ("images/s", "{:,.0f}"),
    "gflops": ("GFLOP/s", "{:.0f}"),
    "share_of_sgemm": ("of sgemm", "{:.0%}"),
    "valid_accuracy": ("valid. Acc", "{:.4f}"),
}


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.benchmark",
        description="Time training with both loops. Lists of batch sizes, widths or numbers of "
        "examples are swept.",
        argument_default=argparse.SUPPRESS,
    )
    options.add_preset(parser)
    sweep = parser.add_argument_group("what to vary")
    vary = functools.partial(sweep.add_argument, nargs="+")
    vary("--batch-size", type=int, metavar="N")
    words = "layers joined by commas, as in: --hidden-units 300,100 1024,1024"
    vary("--hidden-units", type=layers, metavar="N,N", help=words)
    vary("--n-examples", type=int, metavar="N", help="training examples")
    vary("--loops", choices=LOOPS, default=list(LOOPS))
    parser.add_argument("--n-epochs", type=int, default=5, metavar="N", help="timed each [5]")
    parser.add_argument("--no-xla", dest="xla", action="store_false", default=True)
    options.add_device_options(parser)
    parser.add_argument("--json", action="store_true", default=False, help="print JSON, no table")
    options.add_data_options(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    given = vars(make_parser().parse_args(argv))
    wanted = list(make_cases(given))

    from tf1_dnn import data

    splits = data.load(given.get("dataset", "auto"), given.get("data"))
    cases = [(config, execution, take(splits, n)) for config, execution, n in wanted]
    for config, _, part in cases:
        data.n_batches(part.train.n_examples, config.batch_size)
    rates, rows = [sgemm_gflops()], []
    for case in cases:
        row = measure(*case)
        rates.append(sgemm_gflops())
        rows.append({**row, "share_of_sgemm": row["gflops"] / max(rates[-2:])})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report = {"sgemm_gflops": max(rates), "peak_memory_mib": peak, "rows": rows}
    cli.put(json.dumps(report, indent=1) if given["json"] else table(report))
    if min(rates) < QUIET * max(rates):
        cli.say(busy(rates))
    return 0


def busy(rates: Sequence[float]) -> str:
    """What to say of a machine whose sgemm ran at rates too far apart."""
    return (
        f"warning: the machine was busy: sgemm ran at {min(rates):.0f} to {max(rates):.0f} "
        "GFLOP/s; close other programs and measure again"
    )


def make_cases(given: dict[str, Any]) -> Iterator[tuple[Config, Execution, int | None]]:
    """Every combination asked for: (Config, Execution, number of training examples or None)."""
    if given["n_epochs"] < 2:
        raise ConfigError("--n-epochs must be at least 2: the first epoch is told apart")
    base = options.make_config({name: given[name] for name in ("preset", "n_epochs")})
    for units, size, n, loop in itertools.product(
        given.get("hidden_units", [base.hidden_units]),
        given.get("batch_size", [base.batch_size]),
        given.get("n_examples", [None]),
        given["loops"],
    ):
        where = {name: given[name] for name in ("device", "tf32") if name in given}
        execution = Execution(loop=loop, xla=given["xla"] or loop == "step", **where)
        yield base.replace(hidden_units=units, batch_size=size), execution, n


def measure(config: Config, execution: Execution, splits: Splits) -> dict[str, Any]:
    """Train once; the median of the epochs after the first is the steady epoch.

    What the first took beyond that is compilation, or TensorFlow's own warming up.
    """
    from tf1_dnn.training import trainer

    history = trainer.train(config, splits, execution=execution)
    first, *steady = [epoch.seconds for epoch in history.epochs]
    seconds, n = statistics.median(steady), splits.train.n_examples
    gflops = flops_per_example(config, splits.image_shape, splits.n_outputs) * n / seconds / 1e9
    return {
        "loop": execution.loop if execution.xla else f"{execution.loop}, no XLA",
        "hidden_units": "-".join(map(str, config.hidden_units)),
        "batch_size": config.batch_size,
        "n_examples": n,
        "compile_seconds": first - seconds,
        "epoch_seconds": seconds,
        "steps_per_second": n // config.batch_size / seconds,
        "images_per_second": n / seconds,
        "gflops": gflops,
        "valid_accuracy": history.epochs[-1].valid_accuracy,
    }


def flops_per_example(config: Config, image_shape: Sequence[int], n_outputs: int) -> int:
    """Floating-point operations of the matrix products of one training step, per example.

    Each layer of m inputs and n outputs takes 2·m·n for its outputs, as many for its weights'
    gradient, and, but for the first layer, as many for its inputs' gradient; a convolution that at
    every pixel.
    """
    layers = kernels(config, image_shape, n_outputs)
    products = [2 * layer.n_weights * layer.n_places for layer in layers]
    return 3 * sum(products) - products[0]


def sgemm_gflops(size: int = 2048, repeats: int = 7) -> float:
    """The machine's rate of float32 matrix products in GFLOP/s: NumPy's, best of `repeats`."""
    a = np.random.RandomState(0).standard_normal((size, size)).astype(np.float32)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds) / 1e9


def take(splits: Splits, n_examples: int | None) -> Splits:
    """The splits with the first training examples only."""
    if n_examples is None:
        return splits
    if not 0 < n_examples <= splits.train.n_examples:
        raise ConfigError(f"--n-examples must be from 1 to {splits.train.n_examples}")
    return splits._replace(train=splits.train.first(n_examples))


def table(report: dict[str, Any]) -> str:
    """The report as aligned columns."""
    cells = [[heading for heading, _ in COLUMNS.values()]]
    for row in report["rows"]:
        cells.append([form.format(row[key]) for key, (_, form) in COLUMNS.items()])
    memory = f"peak memory {report['peak_memory_mib']:,.0f} MiB"
    return f"{cli.table(cells)}\nsgemm {report['sgemm_gflops']:.0f} GFLOP/s, {memory}"


def layers(text: str) -> tuple[int, ...]:
    """The sizes in "300,100"; argparse names this function in its error."""
    return tuple(int(units) for units in text.split(","))


if __name__ == "__main__":
    cli.end(main)

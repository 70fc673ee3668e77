"""Steps per second and bytes per step of a cluster on loopback, and when a second machine pays.

    python benchmarks/cluster.py [--workers 1 2 4] [--data PATH]

prints two Markdown tables. Let nothing else run meanwhile: the bytes are those that
/proc/net/dev counts on the loopback interface.

The model. A step of n replicas with batch b in all, on a network of P parameters, takes

    t = c·n + 6·P·b / R + 8·P·n / W

seconds on loopback: c for a replica's calls, messages and waiting; 6 operations per parameter and
example, 2 forward and 4 backward, at R operations a second; and 4 bytes per parameter down to and
up from every replica, at W bytes a second through the parameter server. The replicas share the
cores of one machine, so nothing is done side by side. Between machines c and the operations are:
n machines save (1 - 1/n)·6·P·b / R, and cost 8·P·n / W + l, where l is c and the network's round
trips, neither of which one machine alone has. They pay from b = (8·n/W + l/P)·R / (6·(1 - 1/n))
on. W is the wire's then, at most the loopback's.
"""

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

import numpy as np

from tf1_dnn import data

N_INPUTS, N_OUTPUTS = 784, 10
EVALUATION_BATCH = 1_000  # tf1_dnn.training.evaluation's
ROUND_TRIP = 0.5e-3  # seconds of a message and its answer in a data center
ROUND_TRIPS = 3  # variables, gradients, token
Case = namedtuple("Case", "workers hidden_units batch_size")  # batch_size of each replica
Result = namedtuple("Result", "steps_per_second bytes_per_step")


def n_parameters(hidden_units):
    """Trainable numbers: kernels, biases, and batch norm's gamma and beta."""
    sizes = [N_INPUTS, *hidden_units, N_OUTPUTS]
    return sum(n * m + 3 * m for n, m in zip(sizes, sizes[1:]))


def computed_bytes(case):
    """Down and up for every replica; the moving averages' updates (0.2 %) are left out."""
    return 8 * n_parameters(case.hidden_units) * case.workers


def loopback_bytes():
    """What the loopback interface has transmitted so far."""
    for line in pathlib.Path("/proc/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            return int(counters.split()[8])
    raise SystemExit("no loopback interface in /proc/net/dev")


def measure(case, splits, n_epochs):
    """Run a cluster for some epochs; the first one, with its start, does not count."""
    options = ["--hidden-units", *map(str, case.hidden_units)]
    options += ["--batch-size", str(case.batch_size), "--n-epochs", str(n_epochs)]
    options += ["--data", splits.source, "--learning-rate", "0.001"]
    command = [sys.executable, "-m", "tf1_dnn.cluster", "--workers", str(case.workers), "--"]
    with tempfile.TemporaryDirectory() as folder:
        metrics = pathlib.Path(folder, "metrics.jsonl")
        process = subprocess.Popen(
            [*command, *options, "--metrics", str(metrics)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            counted = [counter_at_line(n, metrics, process) for n in (1, n_epochs)]
            _, errors = process.communicate()
        finally:
            process.terminate()  # it passes that on
        if process.returncode:
            raise SystemExit(errors)
        lines = [json.loads(line) for line in metrics.read_text().splitlines()]
    steps = splits.train.n_examples // (case.workers * case.batch_size)
    seconds = min(line["seconds"] for line in lines[1:n_epochs])
    validation = 4 * n_parameters(case.hidden_units) * n_evaluations(splits.valid.n_examples)
    moved = (counted[1] - counted[0]) / (n_epochs - 1) - validation
    return Result(steps / seconds, moved / steps)


def n_evaluations(n_examples):
    """How often the chief fetches all variables to evaluate so many examples."""
    return -(-n_examples // EVALUATION_BATCH)


def counter_at_line(n, metrics, process):
    """loopback_bytes() at the moment when the file gets its n-th line."""
    while process.poll() is None:
        with contextlib.suppress(FileNotFoundError):
            if metrics.read_bytes().count(b"\n") >= n:
                return loopback_bytes()
        time.sleep(0.002)
    return loopback_bytes()


def terms(case):
    """What c, 1/R and 1/W are multiplied by in the model."""
    parameters = n_parameters(case.hidden_units)
    operations = 6 * parameters * case.batch_size * case.workers
    return [case.workers, operations, computed_bytes(case)]


def fit(results):
    """c, 1/R and 1/W from the measurements of one replica; relative errors count."""
    rows = [(terms(case), 1 / result.steps_per_second) for case, result in results.items()]
    matrix = np.array([np.divide(row, seconds) for row, seconds in rows])
    scale = matrix.max(axis=0)
    factors, *_ = np.linalg.lstsq(matrix / scale, np.ones(len(rows)), rcond=None)
    return factors / scale


def pays_from(rate, width, waiting, parameters, n=2):
    """The batch, of all n machines together, from which they take less time than one alone."""
    return (8 * n / width + waiting / parameters) * rate / (6 * (1 - 1 / n))


def print_measurements(results, factors):
    heads = "replicas, hidden units, batch each, steps/s, model, images/s, MB a step, computed"
    print(f"| {heads.replace(', ', ' | ')} |")
    print("| --- " * len(heads.split(", ")) + "|")
    for case, result in results.items():
        units = "-".join(map(str, case.hidden_units))
        speed, model = result.steps_per_second, 1 / np.dot(factors, terms(case))
        images = speed * case.workers * case.batch_size
        megabytes = result.bytes_per_step / 1e6, computed_bytes(case) / 1e6
        print(
            f"| {case.workers} | {units} | {case.batch_size} | {speed:.0f} | {model:.0f} "
            f"| {images:,.0f} | {megabytes[0]:.2f} | {megabytes[1]:.2f} |"
        )


def print_model(factors, networks=((300, 100), (1024, 1024), (4096, 4096))):
    constant, rate, width = factors[0], 1 / factors[1], 1 / factors[2]
    print(
        f"\nFitted to one replica: c = {1e3 * constant:.2f} ms, R = {rate / 1e9:.0f} GFLOP/s, "
        f"W = {width / 1e9:.2f} GB/s ({os.cpu_count()} cores).\n"
    )
    waiting = constant + ROUND_TRIPS * ROUND_TRIP
    machines = [(f"{each / 1e9:,.0f} GFLOP/s", each) for each in (rate, 1e13)]
    columns = [(name, each, gigabits) for name, each in machines for gigabits in (1, 10)]
    heads = [f"{name} each, {gigabits} Gbit/s" for name, _, gigabits in columns]
    print(f"| hidden units | {' | '.join(heads)} |")
    print("| --- " * (1 + len(heads)) + "|")
    for hidden_units in networks:
        parameters, cells = n_parameters(hidden_units), []
        for _, each, gigabits in columns:
            bytes_per_second = min(gigabits * 1e9 / 8, width)
            cells.append(f"{pays_from(each, bytes_per_second, waiting, parameters):,.0f}")
        print(f"| {'-'.join(map(str, hidden_units))} | {' | '.join(cells)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4], metavar="N")
    parser.add_argument("--data", default=os.environ.get("TF1_DNN_DATA"), metavar="PATH")
    parser.add_argument("--epochs", type=int, default=3, metavar="N", help="at least 2 [3]")
    given = parser.parse_args()
    if given.data is None:
        parser.error("name MNIST with --data or TF1_DNN_DATA")
    splits = data.load(path=given.data)
    small, large = (300, 100), (1024, 1024)
    cases = [Case(1, small, 50), Case(1, small, 400), Case(1, large, 50), Case(1, large, 400)]
    cases += [Case(n, small, size) for n in given.workers if n > 1 for size in (50, 400)]
    results = {}
    for case in cases:
        print(f"measuring {case}", file=sys.stderr, flush=True)
        results[case] = measure(case, splits, given.epochs)
    factors = fit({case: result for case, result in results.items() if case.workers == 1})
    print_measurements(results, factors)
    print_model(factors)


if __name__ == "__main__":
    main()

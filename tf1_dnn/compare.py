"""python -m tf1_dnn.compare: what differs among runs, and what came of it."""

import dataclasses
import json
from pathlib import Path
from typing import Any, NamedTuple, Sequence

from tf1_dnn import cli
from tf1_dnn.errors import RunError, told
from tf1_dnn.runs import config_json, directory, plots, typed_json
from tf1_dnn.runs.config_json import Description
from tf1_dnn.runs.history import EpochMetrics, TestMetrics


class Run(NamedTuple):
    """One row of the table; None where the run has not come that far."""

    name: str
    settings: dict[str, Any]  # of config.json, each under its last name
    epochs: tuple[EpochMetrics, ...]
    test_accuracy: float | None
    seconds: float  # spent on training steps

    @property
    def best_accuracy(self) -> float | None:
        return max((epoch.valid_accuracy for epoch in self.epochs), default=None)

    @property
    def final_accuracy(self) -> float | None:
        return self.epochs[-1].valid_accuracy if self.epochs else None


def make_parser() -> cli.Parser:
    """The command's options."""
    parser = cli.Parser(
        prog="python -m tf1_dnn.compare",
        description="Set runs side by side: the settings that differ and what came of them.",
    )
    parser.add_argument("run_dirs", nargs="+", metavar="RUN_DIR", help="made by train --run-dir")
    parser.add_argument("--plot", metavar="FILE.png", help="plot the validation curves")
    parser.add_argument("--json", action="store_true", help="print JSON, with all the settings")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    arguments = make_parser().parse_args(argv)
    if arguments.plot is not None:
        plots.check_path(arguments.plot)
    compared = [read_run(run_dir) for run_dir in dict.fromkeys(arguments.run_dirs)]
    cli.put(json.dumps(as_json(compared), indent=1) if arguments.json else table(compared))
    if arguments.plot is not None:
        plots.curves({run.name: run.epochs for run in compared}, arguments.plot)
        cli.say_written(arguments.plot)
    return 0


def read_run(run_dir: str) -> Run:
    """A run from its directory; RunError if that holds none, or damaged files."""
    folder = Path(run_dir)
    settings = _settings(config_json.read(folder))
    fault = f"the metrics in {folder} are damaged"
    with told(RunError, fault, "leave this run out", *typed_json.FAULTS):
        epochs, test_accuracy = _read_metrics(folder)
    return Run(run_dir, settings, epochs, test_accuracy, sum(epoch.seconds for epoch in epochs))


def _read_metrics(folder: Path) -> tuple[tuple[EpochMetrics, ...], float | None]:
    """The epochs, and the test accuracy of a run that is over; raises typed_json.FAULTS."""
    lines, times = (_read_lines(folder / name) for name in (directory.METRICS, directory.TIMES))
    is_over = bool(lines) and "test_accuracy" in lines[-1]
    test = typed_json.convert(list(lines.pop().values()), TestMetrics) if is_over else None
    rows = [{**line, **time} for line, time in zip(lines, times)]
    known = EpochMetrics._field_defaults  # what runs of before 0.2 do not tell
    epochs = [[{**known, **row}[name] for name in EpochMetrics._fields] for row in rows]
    return typed_json.convert(epochs, tuple[EpochMetrics, ...]), test and test.test_accuracy


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file; [] where a run has not written it yet."""
    if not path.exists():
        return []
    lines = typed_json.text(path, most_bytes=directory.MOST_METRICS).splitlines()
    return typed_json.convert([json.loads(line) for line in lines], list[dict[str, Any]])


def _settings(description: Description) -> dict[str, Any]:
    """What config.json says, flat; of the data the name and what tells the bytes apart."""
    data = description.data
    settings: dict[str, Any] = {"data": data.name, "data_sha256": data.sha256[:8]}
    for part in (description.config, description.execution, description.keeping):
        settings.update(dataclasses.asdict(part))
    if description.network is not None:
        settings["network"] = str(description.network)
    return {**settings, **description.versions}


def differing(compared: Sequence[Run]) -> list[str]:
    """The settings that not all runs share, in config.json's order."""
    names = dict.fromkeys(name for run in compared for name in run.settings)
    first = compared[0].settings.get
    return [name for name in names if any(r.settings.get(name) != first(name) for r in compared)]


def table(compared: Sequence[Run]) -> str:
    """A line per run, the settings that differ between its name and its figures."""
    names = differing(compared)
    rows = [["run", *names, "best valid.", "final valid.", "test", "epochs", "seconds"]]
    for run in compared:
        accuracies = (run.best_accuracy, run.final_accuracy, run.test_accuracy)
        figures = ["-" if value is None else f"{value:.4f}" for value in accuracies]
        settings = [_spelled(run.settings.get(name)) for name in names]
        rows.append([run.name, *settings, *figures, str(len(run.epochs)), f"{run.seconds:.1f}"])
    return cli.table(rows, left=1)


def as_json(compared: Sequence[Run]) -> list[dict[str, Any]]:
    """The table's content, with all settings and every epoch."""
    return [
        {
            "run": run.name,
            "settings": run.settings,
            "differing": {name: run.settings.get(name) for name in differing(compared)},
            "best_valid_accuracy": run.best_accuracy,
            "final_valid_accuracy": run.final_accuracy,
            "test_accuracy": run.test_accuracy,
            "n_epochs": len(run.epochs),
            "seconds": run.seconds,
            "epochs": [epoch._asdict() for epoch in run.epochs],
        }
        for run in compared
    ]


def _spelled(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return "-" if value is None else str(value)


if __name__ == "__main__":
    cli.end(main)

"""Plots of runs in one style, readable in black and white; no display and no global state."""

import contextlib
import logging
import os
from typing import Any, Iterator, Mapping, Sequence

import numpy as np

from tf1_dnn.errors import Error, told
from tf1_dnn.runs.history import EpochMetrics
from tf1_dnn.spec import PathLike

_SUFFIXES = (".png", ".pdf", ".svg")
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9")
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v")
_MOST_NUMBERED = 20  # classes: beyond, the cells of a confusion matrix are too small for numbers


def check_path(path: PathLike) -> None:
    """Raise Error, before any work is done, if no plot can be written to `path`."""
    folder, name = os.path.split(path)
    if os.path.splitext(name)[1].lower() not in _SUFFIXES:
        raise Error(f"cannot plot to {path}: give a name that ends in {', '.join(_SUFFIXES)}.")
    if not os.path.isdir(folder or "."):
        raise Error(f"cannot plot to {path}: there is no folder {folder}.")


def curves(named_curves: Mapping[str, Sequence[EpochMetrics]], path: PathLike) -> None:
    """Plot validation accuracy and mean loss over the epochs, one line per run.

    Of a single run the accuracy and loss of training stand beside them.

    Args:
      named_curves: from a run's name to its epochs' metrics.
      path: a .png, .pdf or .svg file, replaced if it is there.

    Raises:
      Error: the file cannot be written.
    """
    figure = make_figure(width=9.0, height=3.8)
    axes = figure.subplots(1, 2)
    lines, prefix = _lines(named_curves)
    for index, (name, points) in enumerate(lines.items()):
        x, accuracies, losses = zip(*points) if points else ((), (), ())
        axes[0].plot(x, accuracies, label=name, **line_style(index))
        axes[1].plot(x, losses, **line_style(index))
    for panel, label in zip(axes, ("accuracy", "loss (mean)")):
        label_axes(panel, x="epoch", y=prefix + label)
    if len(lines) > 1:
        figure.legend(loc="outside lower center", ncols=min(len(lines), 3), frameon=False)
    save(figure, path)


def _lines(
    named_curves: Mapping[str, Sequence[EpochMetrics]],
) -> tuple[dict[str, list[tuple]], str]:
    """The points (epoch, accuracy, loss) of every line, and what the axes' labels begin with."""
    valid = {
        _plain(name): [(each.epoch, each.valid_accuracy, each.valid_loss) for each in epochs]
        for name, epochs in named_curves.items()
    }
    train = [
        (each.epoch, each.train_accuracy, each.train_loss)
        for epochs in named_curves.values()
        for each in epochs
        if each.train_loss is not None
    ]
    if len(valid) > 1 or not train:
        return valid, "validation "
    return {"validation": next(iter(valid.values())), "training": train}, ""


def confusion_matrix(matrix: np.ndarray, path: PathLike) -> None:
    """Plot how often each class was taken for which.

    Args:
      matrix: counts, integers `[n_outputs, n_outputs]`, a row per label and a column per
        prediction. A cell's shade is its share of the row.
      path: a .png, .pdf or .svg file, replaced if it is there.

    Raises:
      Error: the file cannot be written.
    """
    from matplotlib.colors import PowerNorm

    shares = matrix / matrix.sum(axis=1, keepdims=True).clip(1)
    figure = make_figure(width=6.4, height=5.6)
    axes = figure.subplots()
    # The root brings out the few errors beside the many right answers.
    image = axes.imshow(shares, cmap="Greys", norm=PowerNorm(0.5, vmin=0, vmax=1))
    figure.colorbar(image, label="share of the label's examples", ticks=[0, 0.01, 0.1, 0.5, 1])
    label_axes(axes, x="prediction", y="label")
    axes.grid(False)
    if len(matrix) <= _MOST_NUMBERED:
        axes.set_xticks(range(len(matrix)))
        axes.set_yticks(range(len(matrix)))
        _number_cells(axes, matrix, shares)
    save(figure, path)


def _number_cells(axes: Any, matrix: np.ndarray, shares: np.ndarray) -> None:
    size = min(9.0, 90 / len(matrix))
    for row, column in zip(*matrix.nonzero()):
        colour = "white" if shares[row, column] > 0.3 else "black"
        count = int(matrix[row, column])
        axes.text(column, row, count, ha="center", va="center", color=colour, fontsize=size)


def make_figure(*, width: float, height: float) -> Any:
    """A figure in inches; unlike pyplot's it needs no display and is freed with its last name."""
    with _advice_silenced():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


@contextlib.contextmanager
def _advice_silenced() -> Iterator[None]:
    """Silence what matplotlib says when first imported, of its font cache and where to keep it."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _plain(name: str) -> str:
    """A name as a legend shows it to the letter: no formula, and not hidden for its first `_`."""
    return (" " if name.startswith("_") else "") + name.replace("$", r"\$")


def line_style(index: int) -> dict[str, Any]:
    """Colour, dashes and marker of the line `index`; 140 differ before they repeat."""
    return dict(
        color=_COLOURS[index % len(_COLOURS)],
        linestyle=_LINES[index % len(_LINES)],
        marker=_MARKERS[index % len(_MARKERS)],
        markersize=4,
        linewidth=1.5,
    )


def label_axes(axes: Any, *, x: str, y: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(True, color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def save(figure: Any, path: PathLike) -> None:
    check_path(path)
    with told(Error, f"cannot plot to {path}", "name another file", OSError):
        figure.savefig(path, dpi=150)

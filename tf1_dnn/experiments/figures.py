"""The style of tf1_dnn.plots for figures of experiments: estimates with their intervals."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

import numpy as np

from tf1_dnn.experiments.estimates import Estimate
from tf1_dnn.runs import plots

_THIN: dict[str, Any] = dict(color="0.4", linewidth=0.8, linestyle=(0, (1, 3)))


def figure(*, width: float, height: float) -> Any:
    """An empty figure in inches."""
    return plots.make_figure(width=width, height=height)


def line(axes: Any, index: int, name: str, x: Iterable[float], y: Sequence[Estimate]) -> None:
    """Means with their 95% intervals as bars; `index` chooses colour, dashes and marker."""
    axes.errorbar(
        list(x), _means(y), yerr=_bars(y), label=name, capsize=2, **plots.line_style(index)
    )


def points(axes: Any, index: int, name: str, x: Iterable[float], y: Sequence[Estimate]) -> None:
    """As `line`, for an axis of names: no line between them."""
    style = {**plots.line_style(index), "linestyle": "none", "markersize": 6}
    axes.errorbar(list(x), _means(y), yerr=_bars(y), label=name, capsize=3, **style)


def level(axes: Any, y: float, name: str) -> None:
    """A thin line across, with its name on it."""
    axes.axhline(y, **_THIN)
    place = ("axes fraction", "data")
    axes.annotate(name, (0.01, y), xycoords=place, ha="left", va="bottom", fontsize=8)


def mark(axes: Any, x: float, name: str) -> None:
    """A thin line upwards, with its name on it."""
    axes.axvline(x, **_THIN)
    place = ("data", "axes fraction")
    axes.annotate(name, (x, 0.02), xycoords=place, ha="right", va="bottom", fontsize=8, rotation=90)


def label(axes: Any, *, x: str, y: str, title: str = "", log: str = "") -> None:
    """Name the axes; those in `log`, of "x" and "y", become logarithmic."""
    plots.label_axes(axes, x=x, y=y)
    axes.set_title(title, fontsize=10)
    if "x" in log:
        axes.set_xscale("log")
    if "y" in log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.yaxis.set_minor_formatter("{x:,g}")


def categories(axes: Any, names: Sequence[str]) -> None:
    """Names along the x axis, at 0, 1, …"""
    axes.set_xticks(range(len(names)), names)
    axes.tick_params(axis="x", labelsize=8 if len(names) > 3 else 10)
    axes.set_xlim(-0.6, len(names) - 0.4)


def legend(figure: Any, axes: Any, *, columns: int) -> None:
    """One legend under all panels, for the lines of one of them."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)


def _means(y: Sequence[Estimate]) -> list[float]:
    return [each.mean for each in y]


def _bars(y: Sequence[Estimate]) -> np.ndarray:
    return np.array([[e.mean - e.low for e in y], [e.high - e.mean for e in y]])

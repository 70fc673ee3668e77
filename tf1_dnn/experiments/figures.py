"""The style of runs.plots for figures of experiments: means over seeds with their intervals."""

from typing import Any, Iterable, Mapping, Sequence

from tf1_dnn.experiments.estimates import Numbers, estimate
from tf1_dnn.runs import plots

_THIN: dict[str, Any] = dict(color="0.4", linewidth=0.8, linestyle=(0, (1, 3)))


def panels(n: int, *, width: float, height: float, sharey: bool = False) -> tuple[Any, list[Any]]:
    """An empty figure in inches, and its axes side by side."""
    figure = plots.make_figure(width=width, height=height)
    return figure, list(figure.subplots(1, n, sharey=sharey, squeeze=False)[0])


def lines(
    axes: Any, x: Iterable[float], named: Mapping[str, Iterable[Numbers]], *, wide: Any = ()
) -> None:
    """A line per name: its numbers at each x, one per seed.

    The names in `wide` are drawn so broad and pale that a line on top of them leaves them visible.
    """
    for index, (name, y) in enumerate(named.items()):
        style: dict[str, Any] = dict(linewidth=6, markersize=9, alpha=0.35) if name in wide else {}
        line(axes, index, name, x, y, **style)


def line(
    axes: Any, index: int, name: str, x: Iterable[float], y: Iterable[Numbers], **style: Any
) -> None:
    """Means with their 95% intervals as bars; `index` chooses colour, dashes and marker."""
    means = [estimate(each) for each in y]
    bars = [[e.mean - e.low for e in means], [e.high - e.mean for e in means]]
    style = {**plots.line_style(index), "capsize": 2, **style}
    axes.errorbar(list(x), [each.mean for each in means], yerr=bars, label=name, **style)


def points(axes: Any, index: int, name: str, x: Iterable[float], y: Iterable[Numbers]) -> None:
    """As `line`, for an axis of names: no line between them."""
    line(axes, index, name, x, y, linestyle="none", markersize=6, capsize=3)


def level(axes: Any, y: float, name: str) -> None:
    """A thin line across, with its name below it."""
    axes.axhline(y, **_THIN)
    place = ("axes fraction", "data")
    axes.annotate(name, (0.01, y), xycoords=place, ha="left", va="top", fontsize=8)


def mark(axes: Any, x: float, name: str) -> None:
    """A thin line upwards, with its name on it."""
    axes.axvline(x, **_THIN)
    place = ("data", "axes fraction")
    axes.annotate(name, (x, 0.02), xycoords=place, ha="right", va="bottom", fontsize=8, rotation=90)


def name_axes(axes: Any, *, x: str, y: str, title: str = "", log: str = "") -> None:
    """Say what the axes are; those in `log`, of "x" and "y", become logarithmic."""
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
    slanted: dict[str, Any] = dict(rotation=25, ha="right", rotation_mode="anchor")
    axes.set_xticks(range(len(names)), names, **(slanted if len(names) > 3 else {}))
    axes.set_xlim(-0.6, len(names) - 0.4)


def legend(figure: Any, axes: Any, *, columns: int) -> None:
    """One legend under all panels, for the lines of one of them."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)

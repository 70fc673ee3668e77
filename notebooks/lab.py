"""What the notebooks share: the data, one style for the figures, the package's own source.

`make test` sets TF1_DNN_NOTEBOOK_QUICK=1 for fewer steps, and where there is no MNIST
TF1_DNN_NOTEBOOK_DATASET=synthetic for the built-in digits.
"""

from __future__ import annotations

import ast
import inspect
import io
import os
import textwrap
import warnings
from pathlib import Path
from typing import Any, Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, display

from tf1_dnn import data
from tf1_dnn.data import Splits

QUICK = os.environ.get("TF1_DNN_NOTEBOOK_QUICK") == "1"

warnings.filterwarnings("ignore", message="IProgress not found")  # tqdm's, on a missing ornament
plt.style.use(Path(__file__).with_name("tf1_dnn.mplstyle"))


def load() -> Splits:
    """MNIST where it can be had, else the built-in digits; says which."""
    splits = data.load(os.environ.get("TF1_DNN_NOTEBOOK_DATASET", "auto"))
    print(
        f"{'MNIST' if splits.is_mnist else splits.name}: {splits.train.n_examples:,} training, "
        f"{splits.valid.n_examples:,} validation, {splits.test.n_examples:,} test examples"
    )
    return splits


class Source:
    """The source of a function or class as it stands, without its docstring.

    `start` and `stop` choose a part: from the first line that begins with `start` up to, not
    including, the next that begins with `stop`. Raises ValueError if there is no such line.
    """

    def __init__(self, code: Any, start: str = "", stop: str | None = None) -> None:
        lines = _without_docstring(textwrap.dedent(inspect.getsource(code))).splitlines()
        begin = _find(lines, start, 0)
        end = len(lines) if stop is None else _find(lines, stop, begin + 1)
        self.text = textwrap.dedent("\n".join(lines[begin:end])).rstrip()

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"


def _find(lines: Sequence[str], start: str, begin: int) -> int:
    for index in range(begin, len(lines)):
        if lines[index].strip().startswith(start):
            return index
    raise ValueError(f"no line begins with {start!r}: the code has changed, so must the text")


def _without_docstring(source: str) -> str:
    (definition,) = ast.parse(source).body
    if not ast.get_docstring(definition):
        return source
    docstring, lines = definition.body[0], source.splitlines()
    return "\n".join(lines[: docstring.lineno - 1] + lines[docstring.end_lineno :])


def plot_beside_published(published: Sequence[float], reproduced: Sequence[float]) -> None:
    """The post's validation curve and ours, and by how many of 5,000 images they differ."""
    figure, (left, right) = plt.subplots(1, 2, width_ratios=[3, 2])
    epochs = np.arange(len(reproduced))
    left.plot(np.arange(len(published)), published, "o-", markersize=11, markerfacecolor="none")
    left.plot(epochs, reproduced, "x--")
    left.legend(["published, 2018", "reproduced here"])
    left.set(xlabel="epoch", ylabel="validation accuracy (share)", xticks=epochs)
    left.set_title("the post's curve")
    difference = np.rint((np.array(reproduced) - published[: len(reproduced)]) * 5_000)
    right.bar(epochs, difference, color="0.6", edgecolor="black")
    right.axhline(0, color="black", linestyle="-", linewidth=1)
    right.set(xlabel="epoch", ylabel="reproduced − published\n(images of 5,000)", xticks=epochs)
    limit = max(5, np.abs(difference).max() * 1.2)
    right.set_ylim(-limit, limit)
    right.set_title("difference")
    plt.show()


def show_figure(figure: Any) -> None:
    """Display a figure that pyplot does not know of, such as an experiment's."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=80)
    display(Image(picture.getvalue()))

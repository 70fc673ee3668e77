"""diff: both graphs read, set side by side, run with the same numbers, and one sentence of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

import numpy as np

from tf1_dnn.check import load_graph
from tf1_dnn.check.graph import Graph
from tf1_dnn.diff.alignment import Aligned, align
from tf1_dnn.diff.matching import Matched, match
from tf1_dnn.diff.statics import Difference, differences

if TYPE_CHECKING:
    from tf1_dnn.diff.stages import Ran, Stage

RTOL = 1e-4


class Comparison(NamedTuple):
    """What came of setting two graphs side by side."""

    sources: tuple[str, str]
    variables: list[tuple[str, str]]  # old and new names of those matched
    only_old: list[str]
    only_new: list[str]
    differences: list[Difference]  # what changes digits first
    stages: list[Stage]  # in the order of computing; [] where nothing was run
    open_ends: list[str]  # forward ops of the old graph that were compared with nothing
    n_steps: int  # training steps that were run
    notes: list[str]  # what was held off, or could not be run
    rtol: float
    gone: list[str] = []  # types of ops that cannot be run: beyond them, structure decides

    @property
    def parting(self) -> Stage | None:
        """The first stage at which they part by more than rtol."""
        return next((each for each in self.stages if not each.difference <= self.rtol), None)

    @property
    def deciding(self) -> list[Difference]:
        """The differences that change digits."""
        return [each for each in self.differences if each.changes_digits]

    @property
    def is_same(self) -> bool:
        """Whether nothing was found that changes digits: by running, where they were run."""
        if not self.stages:
            return not self.deciding
        is_whole = not (self.only_old or self.only_new or self.open_ends)
        is_told = not (self.gone and self.deciding)
        return self.parting is None and is_whole and is_told

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.parting is not None:
            return self._parted(self.parting)
        if self.stages and self.is_same:
            rest = f", though they differ in {self.deciding[0].what}" if self.deciding else ""
            return f"the same to {self._extent()}{rest}"
        if self.stages and self.gone and self.deciding:
            worst = _digits(max(each.difference for each in self.stages))
            without = " and ".join(self.gone)
            return (
                f"they differ in {self.deciding[0].what}; what runs without {without} "
                f"agrees to {worst}"
            )
        if self.stages:
            lone = [*self.only_old, *self.only_new, *self.open_ends][0]
            return f"{lone} has no like in the other; all that has agrees to {self._extent()}"
        if self.deciding:
            count = len(self.deciding)
            are = "is 1 difference that changes" if count == 1 else f"are {count} that change"
            return f"there {are} digits, first {self.deciding[0].what}; nothing was run"
        return "the same by structure; nothing was run"

    def _extent(self) -> str:
        """To how many digits they agree, and over what."""
        worst = max(each.difference for each in self.stages)
        over = f"over {self.n_steps} step{'s' * (self.n_steps > 1)}"
        if self.gone:
            without = " and ".join(self.gone)
            over = f"as far as it runs without {without}, and beyond that by structure"
        elif not self.n_steps:
            over = "in all that is computed forward"
        return f"{_digits(worst)}{', ' * (not worst)}{' ' * bool(worst)}{over}"

    def _parted(self, parting: Stage) -> str:
        index = self.stages.index(parting)
        worst = max((each.difference for each in self.stages[:index]), default=None)
        before = "" if worst is None else f"; everything before agrees to {_digits(worst)}"
        gap = f"{parting.difference:.2g} relative"
        if not np.isfinite(parting.difference):
            gap = "not the same shape, or not finite"
        where = f"they part at {parting.name} ({parting.when}, {parting.op})"
        return f"{where}: {gap}{before}{self._hint(parting)}"

    def _hint(self, parting: Stage) -> str:
        """Where to look, once values part."""
        is_forward = parting.when == "inference"
        known = [each.what for each in self.deciding if not is_forward or _is_forward(each)]
        if known:
            return f"; look at {known[0]}"
        return "; the variables and inputs agree, so look at this op" if is_forward else ""


def _is_forward(difference: Difference) -> bool:
    """Whether it shows in inference, with the same variables."""
    return difference.what.startswith(("the epsilon", "the mode", "the axes", "ops of type"))


def _digits(difference: float) -> str:
    return f"{difference:.0e}" if difference else "the last bit"


def diff(
    old: Any,
    new: Any,
    *,
    checkpoint: str | None = None,
    new_checkpoint: str | None = None,
    mapping: Mapping[str, str] = {},
    feed: Mapping[str, np.ndarray] = {},
    train_op: str | None = None,
    n_steps: int = 10,
    rtol: float = RTOL,
    static: bool = False,
) -> Comparison:
    """Whether two graphs compute the same, and where they part.

    Args:
      old, new: what `check.check` takes: paths, tf.Graphs, MetaGraphDefs.
      checkpoint: prefix of one whose values both get; without any, values are drawn.
      new_checkpoint: of the new graph, where its variables have other names.
      mapping: names of variables, old → new, where matching goes wrong.
      feed: arrays by placeholders' names; what is not given is drawn to fit.
      train_op: what a step of either fetches; by default it is looked for.
      n_steps: training steps to run.
      rtol: how far values may be apart, relative to the largest of a tensor.
      static: set them side by side only; nothing is run.

    Raises:
      GraphError: a graph that cannot be read.
      Error: names that fit nothing, a checkpoint or arrays that do not, what cannot be run.
    """
    loaded = [load_graph(each) for each in (old, new)]
    train_ops = [train_op] if train_op else []
    graphs = [Graph(each.meta, train_ops) for each in loaded]
    matched = match(graphs[0], graphs[1], mapping)
    aligned = align(graphs[0], graphs[1], matched)
    numbers = (checkpoint, new_checkpoint, feed, n_steps)
    ran = None if static else _run(graphs, matched, aligned, numbers)
    return Comparison(
        (loaded[0].source, loaded[1].source),
        [(pair.old.name, pair.new.name) for pair in matched.pairs],
        [each.name for each in matched.only_old],
        [each.name for each in matched.only_new],
        differences(graphs[0], graphs[1], matched),
        ran.stages if ran else [],
        [each.name for each in aligned.open_ends],
        ran.n_steps if ran else 0,
        ran.notes if ran else [],
        rtol,
        ran.gone if ran else [],
    )


def _run(graphs: list[Graph], matched: Matched, aligned: Aligned, given: tuple[Any, ...]) -> Ran:
    from tf1_dnn.diff import stages

    return stages.run_both(graphs, matched, aligned, stages.Numbers(*given))

"""Both graphs run with the same numbers, stage by stage, and how far apart they are at each."""

from typing import Any, Collection, Mapping, NamedTuple, Sequence

import numpy as np

from tf1_dnn.check.facts.losses import losses
from tf1_dnn.check.facts.routes import routes
from tf1_dnn.check.facts.steps import training
from tf1_dnn.check.graph import Graph, Output
from tf1_dnn.diff import numbers
from tf1_dnn.diff.alignment import Aligned
from tf1_dnn.diff.draws import Draws
from tf1_dnn.diff.matching import Matched, Pair
from tf1_dnn.diff.running import Runnable, tensor_name
from tf1_dnn.diff.statics import SAME_OPS

_FLOOR = 1e-3  # of a stage's largest number: what smaller tensors' differences are relative to
_ROUNDING = 1e-5  # of the largest gradient: one that is smaller throughout is rounding alone
_TRAINED_SHARE = 0.5  # fed for dropout's probability in training
_RESHAPING = {"Reshape", "Squeeze", "ExpandDims", "Transpose"}


class Stage(NamedTuple):
    """One place where the two were compared."""

    when: str  # "inference", "training", "loss", "gradient", "after 1 step", ...
    name: str  # of the old graph's op or variable
    op: str  # its type, and that of its like where it is another
    difference: float  # the largest, relative to the largest number of the old; inf: shapes differ
    scale: float  # that number


class Ran(NamedTuple):
    """What came of running both."""

    stages: list[Stage]  # in the order of computing
    n_steps: int  # training steps that were run; 0 without a step in both
    notes: list[str]
    gone: list[str] = []  # types of ops that are not there any more


class Numbers(NamedTuple):
    """What the user gives for both to be run with."""

    checkpoint: str | None = None
    new_checkpoint: str | None = None
    feed: Mapping[str, Any] = {}
    n_steps: int = 10


class Both:
    """The two graphs in their sessions, with the same values and fed the same.

    Raises Error for a graph that cannot be run, and for numbers that do not fit.
    """

    def __init__(
        self,
        runs: tuple[Runnable, Runnable],
        matched: Matched,
        aligned: Aligned,
        given: Numbers,
    ) -> None:
        self.runs, self._matched, self._aligned = runs, matched, aligned
        old, new = (run.graph for run in runs)
        self._values = (
            numbers.drawn_values(old, matched)
            if given.checkpoint is None
            else numbers.restored_values(matched, given.checkpoint, given.new_checkpoint)
        )
        self.feeds = numbers.feeds(old, new, aligned, given.feed)
        self.reset()

    def reset(self) -> None:
        """Give all variables the values that both begin with."""
        for run, values in zip(self.runs, self._values):
            run.set(values)

    def switch_to_training(self, given: Mapping[str, Any]) -> bool:
        """Feed switches and dropout's probabilities for training; whether there are any."""
        found = False
        for nodes in self._aligned.placeholders:
            names = [f"{node.name}:0" for node in nodes]
            fed = self.feeds[0].get(names[0])
            if fed is None or any(node.name in given for node in nodes):
                continue
            is_switch = fed.dtype == np.bool_ and fed.ndim == 0
            if is_switch or numbers.kept_share(nodes[0]) is not None:
                value = True if is_switch else _TRAINED_SHARE
                for values, name in zip(self.feeds, names):
                    values[name] = np.asarray(value, values[name].dtype)
                found = True
        return found

    def ops(
        self, when: str, pairs: Sequence[tuple[Output, Output]], names: Sequence[str] = ()
    ) -> list[Stage]:
        """Stages of pairs of outputs; those that cannot be had are left out."""
        values = [
            run.run([tensor_name(pair[side]) for pair in pairs], self.feeds[side])
            for side, run in enumerate(self.runs)
        ]
        names = names or [each.node.name for each, _ in pairs]
        kinds = [[SAME_OPS.get(each.node.op, each.node.op) for each in pair] for pair in pairs]
        ops = [" against ".join(dict.fromkeys(each)) for each in kinds]
        return _stages(when, names, ops, *values)

    def variables(self, when: str, pairs: Sequence[Pair]) -> list[Stage]:
        """Stages of variables' values."""
        values = [run.values([pair[side] for pair in pairs]) for side, run in enumerate(self.runs)]
        names = [pair.old.name for pair in pairs]
        return _on_one_scale(_stages(when, names, ["variable"] * len(pairs), *values))

    def step(self) -> None:
        """One training step of each."""
        for run, feed in zip(self.runs, self.feeds):
            run.step(feed)


def run_both(graphs: Sequence[Graph], matched: Matched, aligned: Aligned, given: Numbers) -> Ran:
    """Run both graphs forward, in inference and in training, backward, and for some steps.

    Raises Error for a graph that cannot be run, and for numbers that do not fit.
    """
    draws = [[pair[side] for pair in aligned.draws.pairs] for side in (0, 1)]
    runs = Runnable(graphs[0], draws[0]), Runnable(graphs[1], draws[1])
    both = Both(runs, matched, aligned, given)
    pairs = [(Output(a, 0), Output(b, 0)) for a, b in aligned.ops]
    stages = both.ops("inference", pairs)
    if both.switch_to_training(given.feed):
        stages += both.ops("training", pairs)
    notes = _notes_on_draws(aligned.draws)
    gone = sorted({*runs[0].gone, *runs[1].gone})
    found, rounding = _backward(both, matched)
    stages += found
    can_step = all(run.can_step for run in runs)
    if can_step:
        stages += _after_steps(both, matched, rounding, given.n_steps)
        notes += _notes_on_steps(graphs, rounding)
    elif gone:
        notes.append(f"gone: {', '.join(gone)}; what depends on it is compared by structure alone")
    else:
        notes.append("there is no training step in both: only what is computed forward")
    if aligned.new_ends:
        notes.append(f"{aligned.new_ends[0].name} of the new graph was compared with nothing")
    faults = [run.fault for run in runs if run.fault]
    if not stages and faults:
        notes.append(f"nothing could be computed in both: {faults[0]}")
    for run in runs:
        run.close()
    return Ran(stages, given.n_steps if can_step else 0, notes, gone)


def _backward(both: Both, matched: Matched) -> tuple[list[Stage], set[str]]:
    """Stages of losses and gradients; the variables whose gradients are rounding alone."""
    old, new = (run.graph for run in both.runs)
    stages = both.ops("loss", [(a.output, b.output) for a, b in zip(losses(old), losses(new))])
    found = gradients(old, new, matched)
    raw = [(each.name, each.raw) for each in found if each.raw is not None]
    computed = both.ops("gradient", [pair for _, pair in raw], [name for name, _ in raw])
    names = [each.name for each in found]
    applied = both.ops("gradient applied", [each.applied for each in found], names)
    known = {each.name for each in computed}
    rounding = _rounding(computed) | _rounding([each for each in applied if each.name not in known])
    scaled = _on_one_scale(computed, rounding) + _on_one_scale(applied, rounding)
    return stages + scaled, rounding


def _rounding(gradients: Sequence[Stage]) -> set[str]:
    """The variables whose gradients are so small beside the largest that they are rounding."""
    largest = max((each.scale for each in gradients), default=0.0)
    return {each.name for each in gradients if 0 < each.scale < _ROUNDING * largest}


def _after_steps(both: Both, matched: Matched, rounding: set[str], n_steps: int) -> list[Stage]:
    """Stages of all variables after the first step and the last."""
    both.reset()  # gradients may have run update ops with them
    pairs = [pair for pair in matched.pairs if pair.old.name not in rounding]
    stages = []
    for number in range(1, n_steps + 1):
        both.step()
        if number in (1, n_steps):
            stages += both.variables(f"after {number} step{'s' * (number > 1)}", pairs)
    return stages


def _notes_on_draws(draws: Draws) -> list[str]:
    notes = []
    if draws.pairs:
        notes.append(f"random ops that draw the same numbers in both: {len(draws.pairs)}")
    if draws.n_lone:
        notes.append(f"random ops that differ by chance: {draws.n_lone}")
    return notes


def _notes_on_steps(graphs: Sequence[Graph], rounding: set[str]) -> list[str]:
    notes = []
    if rounding:
        named = ", ".join(sorted(rounding)[:3]) + (", …" if len(rounding) > 3 else "")
        notes.append(
            f"{named}: the gradient cancels but for rounding, as a bias's does before batch norm; "
            "not compared after steps"
        )
    for which, graph in zip(("old", "new"), graphs):
        steps = training(graph).steps
        if len(steps) > 1:
            first = ", ".join(each.name for each in steps[0].fetches)
            notes.append(
                f"the {which} graph has {len(steps)} kinds of steps; {first} was run "
                "(another by --train-op)"
            )
    return notes


class Gradient(NamedTuple):
    """The gradients of a pair of variables."""

    name: str  # the old variable's
    raw: tuple[Output, Output] | None  # as computed; None where several were added up
    applied: tuple[Output, Output]


def gradients(old: Graph, new: Graph, matched: Matched) -> list[Gradient]:
    """Of each pair of variables that both graphs train."""
    by_variable = [{each.apply.variable: each for each in routes(graph)} for graph in (old, new)]
    found = []
    for pair in matched.pairs:
        a, b = by_variable[0].get(pair.old), by_variable[1].get(pair.new)
        if a is None or b is None:
            continue
        is_one = len(a.raws) == len(b.raws) == 1
        raw = (Output(min(a.raws, key=id), 0), Output(min(b.raws, key=id), 0)) if is_one else None
        found.append(Gradient(pair.old.name, raw, (a.apply.gradient, b.apply.gradient)))
    return found


def _stages(
    when: str, names: Sequence[str], ops: Sequence[str], olds: Sequence[Any], news: Sequence[Any]
) -> list[Stage]:
    gaps = [apart(a, b, is_form=op in _RESHAPING) for a, b, op in zip(olds, news, ops)]
    return [
        Stage(when, name, op, *gap) for name, op, gap in zip(names, ops, gaps) if gap is not None
    ]


def apart(old: Any, new: Any, *, is_form: bool = False) -> tuple[float, float] | None:
    """The largest difference, relative to the largest finite one of the old; and that number.

    None for what cannot be compared: no numbers, or (`is_form`) a shape that is a matter of form.
    """
    if old is None or new is None:
        return None
    a, b = (np.asarray(each) for each in (old, new))
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub" or (a.size == b.size == 0):
        return None
    if a.shape != b.shape:
        return None if is_form and a.size == b.size else (float("inf"), float(a.size))
    a, b = a.astype(np.float64), b.astype(np.float64)
    scale = float(np.abs(a[np.isfinite(a)]).max(initial=0.0))
    differing = (a != b) & ~(np.isnan(a) & np.isnan(b))
    gap = float(np.abs(a[differing] - b[differing]).max(initial=0.0))
    if not np.isfinite(gap):
        return float("inf"), scale
    return gap / scale if scale > 1e-12 else gap, scale


def _on_one_scale(stages: list[Stage], rounding: Collection[str] = ()) -> list[Stage]:
    """Differences of tensors that are small beside the largest are relative to a share of it.

    Of gradients that are `rounding` alone, they are relative to the largest itself.
    """
    largest = max((each.scale for each in stages if np.isfinite(each.scale)), default=0.0)
    floors = [largest * (1.0 if each.name in rounding else _FLOOR) for each in stages]
    return [
        (
            each._replace(difference=each.difference * each.scale / floor)
            if 1e-12 < each.scale < floor and np.isfinite(each.difference)
            else each
        )
        for each, floor in zip(stages, floors)
    ]

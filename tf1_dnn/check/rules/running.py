"""Rules on how a program runs its graph, where it was watched: RN001."""

import itertools
from typing import Callable, Iterator, Sequence

from tf1_dnn.check.facts.steps import watched_steps
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, Watched
from tf1_dnn.check.rules.registry import Rule, rule, some

_MOST_GAPS = 100  # that are looked into for the places
_FEW_PLACES = 3
_MOST_OPS = 20
Gap = tuple[int, int]  # the graph's sizes at two runs of a step, between which it grew


@rule(
    "RN001", "warning", "a graph that grows while it trains", needs_train_op=True, basis="session"
)
def rn001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    if graph.watched is None:
        return
    gaps, ops = _gaps(graph), [node.name for node in graph.meta.graph_def.node]
    places = _repeated(graph.watched, ops, gaps[:_MOST_GAPS])
    if not places:
        return
    steps = sum(run.times for _, runs in watched_steps(graph) for run in runs)
    n_added = sum(after - before for before, after in gaps)
    places = dict(sorted(places.items(), key=lambda place: -len(place[1]))[:_FEW_PLACES])
    made = "; ".join(f"{place} made {some(names)}" for place, names in places.items())
    yield rule.finding(
        graph.named(itertools.islice(itertools.chain(*places.values()), _MOST_OPS)),
        f"ops were added {len(gaps)} times between {steps} steps, {n_added / len(gaps):.3g} each "
        f"time: {gaps[0][0]} became {gaps[-1][1]}. {made}.",
    )


def _gaps(graph: Graph) -> list[Gap]:
    """Where a step was run before and after, or steps were that are made anew for each run."""
    spans, made_anew = [], []
    for _, runs in watched_steps(graph):
        sizes = [size for run in runs for size in run.sizes]
        if sum(run.times for run in runs) > 1:
            spans.append(sizes)
        else:
            made_anew += sizes
    spans.append(made_anew)
    sizes = sorted(set(itertools.chain(*spans)))
    ends = [(min(span), max(span)) for span in spans if span]
    return [gap for gap in itertools.pairwise(sizes) if any(map(_within(gap), ends))]


def _within(gap: Gap) -> Callable[[Gap], bool]:
    return lambda span: span[0] <= gap[0] and gap[1] <= span[1]


def _repeated(watched: Watched, ops: Sequence[str], gaps: list[Gap]) -> dict[str, list[str]]:
    """The places in the program that made ops in two gaps or more, with those ops.

    A part of the graph that is built after the first session is made once.
    """
    made: dict[str, dict[Gap, list[str]]] = {}
    for gap in gaps:
        for name in ops[slice(*gap)]:
            made.setdefault(watched.made_at(name), {}).setdefault(gap, []).append(name)
    return {
        place: list(itertools.chain(*in_gaps.values()))
        for place, in_gaps in made.items()
        if len(in_gaps) > 1
    }

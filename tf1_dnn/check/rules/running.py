"""Rules on how a program runs its graph, where it was watched: RN001."""

import itertools
from typing import Iterable, Iterator

from tf1_dnn.check.facts.steps import watched_steps
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph, fact
from tf1_dnn.check.rules.registry import Rule, rule, some

_MOST_GAPS = 100  # that are looked into for the places
_FEW_PLACES = 3
Gap = tuple[int, int]  # the graph's sizes at two runs of a step, between which it grew


@rule("RN001", "warning", "a graph that grows while it trains", needs_train_op=True)
def rn001(rule: Rule, graph: Graph) -> Iterator[Finding]:
    gaps = _gaps(graph)
    places = _repeated(graph, gaps[:_MOST_GAPS])
    if not places:
        return
    steps = sum(run.times for _, runs in watched_steps(graph) for run in runs)
    n_added = sum(after - before for before, after in gaps)
    places = dict(sorted(places.items(), key=lambda place: -len(place[1]))[:_FEW_PLACES])
    made = "; ".join(f"{place} made {some(names)}" for place, names in places.items())
    yield rule.finding(
        graph.named(itertools.chain(*places.values())),
        f"ops were added {len(gaps)} times between {steps} steps, {n_added / len(gaps):.3g} each "
        f"time: {gaps[0][0]} became {gaps[-1][1]}. {made}.",
    )


@fact
def _gaps(graph: Graph) -> list[Gap]:
    """Between two runs of the same step; and between those of steps that are made for one run."""
    kept, made_anew = [], set()
    for _, runs in watched_steps(graph):
        sizes = {size for run in runs for size in run.sizes}
        if sum(run.times for run in runs) > 1:
            kept += _pairs(sizes)
        else:
            made_anew |= sizes
    return sorted({*kept, *_pairs(made_anew)})


def _pairs(sizes: Iterable[int]) -> list[Gap]:
    return list(itertools.pairwise(sorted(sizes)))


def _repeated(graph: Graph, gaps: list[Gap]) -> dict[str, list[str]]:
    """The places in the program that made ops in two gaps or more, with those ops.

    A part of the graph that is built after the first session is made once.
    """
    ops, found, repeated = graph.meta.graph_def.node, {}, {}
    for before, after in gaps:
        made: dict[str, list[str]] = {}
        for op in ops[before:after]:
            made.setdefault(graph.watched.made_at(op.name), []).append(op.name)
        for place, names in made.items():
            if place in found:
                repeated[place] = found[place] = found[place] + names
            else:
                found[place] = names
    return repeated

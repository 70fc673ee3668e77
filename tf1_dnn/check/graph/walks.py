"""Ways through a graph: `walk` in any direction, `chain` straight back, `fold` from the inputs up.

None goes on for ever or recurses deeply, whatever the graph: cycles end, and long ways are cut.
"""

import math
from collections import deque
from typing import Any, Callable, Container, Hashable, Iterable, Iterator, Optional, TypeVar

from tf1_dnn.check.graph.nodes import Node, Output

T = TypeVar("T", bound=Hashable)
V = TypeVar("V")
Stop = Optional[Callable[[Node], Any]]
Combine = Callable[[Output, Callable[[Output], V]], V]


def walk(
    starts: Iterable[T],
    onward: Callable[[T], Iterable[T]],
    *,
    stop: Callable[[T], Any] | None = None,
    most: float = math.inf,
    nearest_first: bool = False,
) -> Iterator[T]:
    """The starts and all that `onward` leads to, each once; not beyond those `stop` holds for.

    Depth first, what `onward` gives last before the rest; or breadth first, in the order given.
    Ends as soon as `most` have come into sight.
    """
    waiting = deque(dict.fromkeys(starts))
    seen = set(waiting)
    take = waiting.popleft if nearest_first else waiting.pop
    while waiting and len(seen) < most:
        here = take()
        yield here
        if stop is not None and stop(here):
            continue
        for other in onward(here):
            if other not in seen:
                seen.add(other)
                waiting.append(other)


def ancestors(nodes: Iterable[Node], *, control: bool = True, stop: Stop = None) -> set[Node]:
    """The nodes and all they depend on; not beyond nodes that `stop` holds for.

    `control`: whether to follow control inputs as well, or data alone.
    """
    return set(walk(nodes, Node.sources if control else Node.data_sources, stop=stop))


def descendants(nodes: Iterable[Node], *, control: bool = True, stop: Stop = None) -> set[Node]:
    """The nodes and all that depends on them; else as `ancestors`."""
    return set(walk(nodes, Node.users if control else Node.data_users, stop=stop))


def chain(output: Output, through: Container[str], most: int = 8) -> list[Output]:
    """The output, what that passes on, and so forth: back along first inputs of `through` ops."""
    found = [output]
    while len(found) <= most and output.node.op in through and output.node.inputs:
        output = output.node.inputs[0]
        found.append(output)
    return found


def fold(output: Output, combine: Combine[V], *, unknown: V, deepest: int) -> V:
    """`combine(output, of)`, where `of(input)` is the same of an input, each found once.

    `unknown` is what is said of inputs more than `deepest` ops away, or that lead back to
    themselves.
    """
    known: dict[Output, V] = {}

    def of(output: Output, depth: int) -> V:
        if output not in known:
            known[output] = unknown
            if depth <= deepest:
                known[output] = combine(output, lambda source: of(source, depth + 1))
        return known[output]

    return of(output, 0)

"""Ways through a graph: `walk` in any direction, `chain` straight back, `fold` from the inputs up.

None goes on for ever or recurses deeply, whatever the graph: cycles end, and long ways are cut.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Callable, Container, Hashable, Iterable, Iterator, TypeVar

from tf1_dnn.check.graph.nodes import Node, Output

T = TypeVar("T", bound=Hashable)
V = TypeVar("V")


def walk(
    starts: Iterable[T],
    onward: Callable[[T], Iterable[T]],
    *,
    most: float = math.inf,
    nearest_first: bool = False,
) -> Iterator[T]:
    """The starts and all that `onward` leads to from them, each once.

    Depth first, what `onward` gives last before the rest; or breadth first, in the order given.
    Ends as soon as `most` have come into sight.
    """
    waiting = deque(dict.fromkeys(starts))
    seen = set(waiting)
    take = waiting.popleft if nearest_first else waiting.pop
    while waiting and len(seen) < most:
        here = take()
        yield here
        for other in onward(here):
            if other not in seen:
                seen.add(other)
                waiting.append(other)


def ancestors(
    nodes: Iterable[Node], *, control: bool = True, stop: Callable[[Node], Any] | None = None
) -> set[Node]:
    """The nodes and all they depend on; not beyond nodes that `stop` holds for.

    `control`: whether to follow control inputs as well, or data alone.
    """

    def sources(node: Node) -> list[Node]:
        if stop is not None and stop(node):
            return []
        found = [source for source, _ in node.inputs]
        return found + node.controls if control else found

    return set(walk(nodes, sources))


def descendants(
    nodes: Iterable[Node], *, control: bool = True, stop: Callable[[Node], Any] | None = None
) -> set[Node]:
    """The nodes and all that depends on them; else as `ancestors`."""

    def users(node: Node) -> list[Node]:
        if stop is not None and stop(node):
            return []
        return node.consumers + node.control_consumers if control else node.consumers

    return set(walk(nodes, users))


def chain(output: Output, through: Container[str], most: int = 8) -> list[Output]:
    """The output, what that passes on, and so forth: back along first inputs of `through` ops."""
    found = [output]
    while len(found) <= most and output.node.op in through and output.node.inputs:
        output = output.node.inputs[0]
        found.append(output)
    return found


def fold(
    output: Output,
    combine: Callable[[Output, Callable[[Output], V]], V],
    *,
    unknown: V,
    deepest: int,
) -> V:
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

"""What a program's sessions ran of a graph, where the program was watched."""

from typing import Callable, NamedTuple


class Run(NamedTuple):
    """The runs of sessions that fetched the same, and fed the same booleans."""

    fetches: tuple[str, ...]  # ops, by name
    times: int = 1
    sizes: tuple[int, ...] = ()  # how many ops the graph had at these runs, each number once
    fed: tuple[tuple[str, bool], ...] | None = ()  # scalar booleans, by op; None: it is not known


class Watched(NamedTuple):
    """All runs of a graph."""

    runs: tuple[Run, ...]
    made_at: Callable[[str], str]  # of an op: where the program made it, "train.py, line 3: a + b"

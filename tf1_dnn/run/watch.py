"""The sessions of the program, watched: what they fetched, how often, at which size of the graph.

It is noted after each run, by hooks on TensorFlow's sessions: a run that fails shows none of them
in its traceback.
"""

import dataclasses
import functools
import linecache
import os
import sysconfig
from typing import Any, Callable, Iterable

import numpy as np

from tf1_dnn.check import Run, Watched

_MOST_GRAPHS = 20  # that are kept: a search for hyperparameters builds hundreds
_MOST_CODE = 60  # letters of a line of the program
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib"))
_OWN = os.path.dirname(os.path.dirname(__file__))
_Kind = tuple[tuple[str, ...], tuple[tuple[str, bool], ...]]  # what a run fetches and feeds: Run


@dataclasses.dataclass
class _Seen:
    """The runs of one kind."""

    times: int = 0
    sizes: list[int] = dataclasses.field(default_factory=list)  # of the graph, each once


class Watch:
    """What the sessions of this process run, from `start` on. It keeps their graphs alive."""

    def __init__(self) -> None:
        self._graphs: dict[Any, dict[_Kind, _Seen]] = {}  # of each tf.Graph
        self._in_parts: set[Any] = set()  # graphs with partial runs, of which each feeds its part
        self.n_let_go = 0  # graphs that were run before those kept

    def start(self) -> None:
        """Watch every session of this process, to its end."""
        from tensorflow.python.client import session

        handler, base = session._FetchHandler, session.BaseSession
        handler.build_results = self._results(handler.build_results)
        base.make_callable = self._callable(base.make_callable)
        base.partial_run_setup = self._setup(base.partial_run_setup)
        base._make_callable_from_options = self._with_options(base._make_callable_from_options)

    @property
    def graphs(self) -> list[Any]:
        """The graphs that were run, as far as they are kept."""
        return list(self._graphs)

    def watched(self, graph: Any) -> Watched:
        """What was run of a graph."""
        known = graph not in self._in_parts
        runs = [
            Run(
                tuple(dict.fromkeys(fetches)), seen.times, tuple(seen.sizes), fed if known else None
            )
            for (fetches, fed), seen in self._graphs.get(graph, {}).items()
        ]
        return Watched(tuple(runs), functools.partial(made_at, graph))

    def _note(self, graph: Any, *kind: Any) -> None:
        """A run of this kind is over. Takes a microsecond: programs make thousands a second."""
        of_graph = self._graphs.get(graph)
        if of_graph is None:
            of_graph = self._begin(graph)
        seen = of_graph.get(kind)
        if seen is None:
            seen = of_graph.setdefault(kind, _Seen())
        seen.times += 1
        size = graph.version
        if not seen.sizes or seen.sizes[-1] != size:
            seen.sizes.append(size)

    def _begin(self, graph: Any) -> dict[_Kind, _Seen]:
        if len(self._graphs) >= _MOST_GRAPHS:
            del self._graphs[next(iter(self._graphs))]
            self.n_let_go += 1
        return self._graphs.setdefault(graph, {})

    def _results(self, build_results: Callable[..., Any]) -> Callable[..., Any]:
        """What makes the results of Session.run, and of most callables, noting what was run."""

        def watched(handler: Any, session: Any, values: Any) -> Any:
            fetches = [op.name for op in handler.targets()]
            fetches += [tensor.op.name for tensor in handler.fetches()]
            feeds = handler._feeds.items()
            fed = [(tensor.deref().op.name, bool(x)) for tensor, x in feeds if _is_boolean(x)]
            self._note(session.graph, tuple(fetches), tuple(fed))
            return build_results(handler, session, values)

        return watched

    def _setup(self, partial_run_setup: Callable[..., Any]) -> Callable[..., Any]:
        def watched(session: Any, *args: Any, **kwargs: Any) -> Any:
            self._in_parts.add(session.graph)
            return partial_run_setup(session, *args, **kwargs)

        return watched

    def _callable(self, make_callable: Callable[..., Any]) -> Callable[..., Any]:
        """Session.make_callable, watched where one op or tensor is fetched: no results are made."""
        from tensorflow.python.framework import ops, tensor

        def watched(
            session: Any, fetches: Any, feed_list: Any = None, accept_options: bool = False
        ) -> Any:
            made = make_callable(session, fetches, feed_list, accept_options)
            is_one = isinstance(fetches, (ops.Operation, tensor.Tensor))
            if feed_list is not None or accept_options or not is_one:
                return made
            return self._noting(made, session.graph, [fetches.name])

        return watched

    def _with_options(self, make_callable: Callable[..., Any]) -> Callable[..., Any]:
        """What Keras makes its callables with."""

        def watched(session: Any, options: Any) -> Any:
            made = make_callable(session, options)
            return self._noting(
                made, session.graph, [*options.target, *options.fetch], options.feed
            )

        return watched

    def _noting(
        self,
        function: Callable[..., Any],
        graph: Any,
        fetches: Iterable[str],
        feeds: Iterable[str] = (),
    ) -> Callable[..., Any]:
        names, fed_names = map(_op_names, (fetches, feeds))

        def noting(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            fed = ((name, bool(x)) for name, x in zip(fed_names, args) if _is_boolean(x))
            self._note(graph, names, tuple(fed))
            return result

        return noting


def _op_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.partition(":")[0] for name in names)


def _is_boolean(fed: Any) -> bool:
    return getattr(fed, "dtype", None) == np.bool_ and fed.ndim == 0


def made_at(graph: Any, name: str) -> str:
    """Where the program made an op: "train.py, line 31 (loss = tf.reduce_mean(xentropy))".

    What is imported (tf.import_graph_def) comes without a place; of a body's op ("cond[f]/add") it
    is the call's, and of what is no op of the graph "".
    """
    try:
        op = graph.get_operation_by_name(name.partition("[")[0])
    except (KeyError, ValueError):
        return ""
    frames = list(op.traceback or ())
    programs = [frame for frame in frames if not _is_librarys(frame.filename)]
    if not programs:
        return "an imported graph"
    frame = programs[-1]
    code = linecache.getline(frame.filename, frame.lineno).strip()
    code = code if len(code) <= _MOST_CODE else f"{code[:_MOST_CODE]}…"
    file = "a cell" if "ipykernel" in frame.filename else frame.filename
    return f"{file}, line {frame.lineno}" + (f" ({code})" if code else "")


def _is_librarys(file: str) -> bool:
    """Whether a file of code is Python's, an installed package's or ours."""
    return file.startswith((*_LIBRARIES, _OWN, "<frozen "))

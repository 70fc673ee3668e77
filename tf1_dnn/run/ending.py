"""What is done at the program's end: --check's findings, --like's likeness, the graph kept."""

from typing import Any, Iterator

from tf1_dnn import cli
from tf1_dnn.check import examine
from tf1_dnn.check.report import report
from tf1_dnn.errors import first_sentence
from tf1_dnn.run import likeness
from tf1_dnn.run.watch import Watch


class Ending:
    """What is to be told, of sessions that are watched from now on; TensorFlow is imported by now.

    Args:
      check: whether to examine the graphs that are trained.
      saved: the graph that the program's is to be compared with, if one was given.
      graph_file: where to write the program's graph, if anywhere.
    """

    def __init__(
        self, *, check: bool, saved: likeness.Saved | None, graph_file: str | None = None
    ) -> None:
        self._check, self._saved, self._graph_file = check, saved, graph_file
        self._watch = Watch()
        self._watch.start()

    def tell(self) -> None:
        """Say it on stderr. An error in here is told as well: it is none of the program's."""
        try:
            for paragraph in self._paragraphs():
                cli.say(f"\n{paragraph}")
        except Exception as error:
            cli.say(f"error: the program's graph cannot be examined ({first_sentence(error)}).")

    def _paragraphs(self) -> Iterator[str]:
        if self._saved is not None:
            yield likeness.report(self._saved, self._built())
        if self._check:
            yield from _found(self._watch)
        if self._graph_file is not None:
            yield from _write(self._graph_file, self._built())

    def _built(self) -> list[Any]:
        """The graphs that sessions ran; without any, the default one if it has ops."""
        from tensorflow.python.framework import ops

        default = ops.get_default_graph()
        return self._watch.graphs or ([default] if default.version else [])


def _write(path: str, graphs: list[Any]) -> Iterator[str]:
    """Write the largest graph as a MetaGraph; what to say if that cannot be."""
    from tf1_dnn.compat import tf

    if not graphs:
        yield "--save-graph: the program built no graph"
        return
    graph = max(graphs, key=lambda each: each.version)
    meta = tf.train.export_meta_graph(graph=graph)
    try:
        with open(path, "wb") as file:
            file.write(meta.SerializeToString())
    except OSError as error:
        yield f"error: cannot write {path} ({first_sentence(error)}): name another file."


def _found(watch: Watch) -> Iterator[str]:
    """The report on every graph that was trained, once for those of which it is the same."""
    alike: dict[str, list[str]] = {}
    examined = [examine(graph, watched=watch.watched(graph)) for graph in watch.graphs]
    trained = [checked for checked in examined if checked.steps]
    for number, checked in enumerate(trained, 1):
        name = f"graph {number} of {len(trained)}" if trained[1:] else "the program's graph"
        alike.setdefault(report(checked._replace(source="")), []).append(name)
    for text, (first, *others) in alike.items():
        yield first + (f" and {len(others)} more like it" if others else "") + text
    if not trained:
        yield "--check: no session of this program trained a variable, so there is nothing to check"
    if watch.n_let_go:
        yield f"--check: {watch.n_let_go} graphs that were run before these were not examined"

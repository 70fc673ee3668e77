"""check: the classic mistakes in a TensorFlow 1 graph, found in it as data; nothing is run."""

from typing import Any, Collection, NamedTuple, Sequence

from tf1_dnn.check.facts.steps import training, watched_steps
from tf1_dnn.check.findings import SEVERITIES, Finding, GraphError
from tf1_dnn.check.graph import Graph, Run, Watched
from tf1_dnn.check.read.load import load_graph
from tf1_dnn.check.rules import RULES, Rule

__all__ = ["RULES", "SEVERITIES", "Checked", "Finding", "GraphError", "Rule", "Run", "Watched"]
__all__ += ["check", "examine", "facts", "graph", "load_graph", "report"]


class Checked(NamedTuple):
    """A graph that was checked."""

    source: str  # where it was found
    n_ops: int  # function bodies included
    train_ops: tuple[str, ...]  # what was taken for train ops
    findings: list[Finding]  # worst first
    left_out: tuple[str, ...]  # the rules that need a train op, where there is none
    guessed: bool = False  # whether train ops were looked for, neither named nor watched
    steps: tuple[tuple[int, tuple[str, ...]], ...] = ()  # watched: how often what was fetched


def check(graph: Any, train_op: str | Sequence[str] | None = None) -> list[Finding]:
    """The classic mistakes in a TensorFlow 1 graph, worst first; [] if none is found.

    Args:
      graph: a path (MetaGraph `.meta`, checkpoint prefix, GraphDef `.pb` or `.pbtxt`, SavedModel
        folder, run directory with TensorBoard events), a tf.Graph, or a MetaGraphDef or GraphDef.
      train_op: what a training step fetches: the name of an op or a collection, or several joined
        by commas; a sequence for several kinds of step, as a GAN has. By default it is looked for.

    Raises:
      GraphError: a graph that cannot be read, or a train op that is not in it.
    """
    return examine(graph, train_op).findings


def examine(
    graph: Any,
    train_op: str | Sequence[str] | None = None,
    ignore: Collection[str] = (),
    watched: Watched | None = None,
) -> Checked:
    """`check`, with what is known of the graph; `ignore` names rules to leave out.

    `watched` is what sessions ran of the graph, in the place of `train_op`. Findings then tell
    where the program made their first op.
    """
    loaded = load_graph(graph)
    train_ops = [train_op] if isinstance(train_op, str) else list(train_op or ())
    linked = Graph(loaded.meta, train_ops, loaded.saved_names, watched)
    trained = training(linked)
    steps = trained.steps
    rules = [rule for id, rule in sorted(RULES.items()) if id not in ignore]
    fitting = [rule for rule in rules if steps or not rule.needs_train_op]
    findings = [finding for rule in fitting for finding in rule.find(linked)]
    if watched is not None:
        findings = [each._replace(place=watched.made_at(each.ops[0])) for each in findings]
    return Checked(
        loaded.source,
        len(linked.nodes),
        tuple(node.name for step in steps for node in step.fetches),
        sorted(findings, key=lambda finding: finding.rank),
        tuple(rule.id for rule in rules if rule not in fitting),
        bool(steps) and not trained.is_known,
        tuple(
            (sum(run.times for run in runs), tuple(node.name for node in fetches))
            for fetches, runs in watched_steps(linked)
        ),
    )

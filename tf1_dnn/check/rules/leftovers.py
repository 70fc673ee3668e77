"""Rules on what a graph has too much or too late, GR004 to GR006: copies, a Saver, placeholders."""

import re
from typing import Iterator

from tf1_dnn.check.facts.copies import copies
from tf1_dnn.check.facts.steps import trainable, training
from tf1_dnn.check.facts.variables import Variable, variables
from tf1_dnn.check.findings import Finding
from tf1_dnn.check.graph import Graph
from tf1_dnn.check.graph.nodes import PLACEHOLDERS
from tf1_dnn.check.rules.registry import Rule, rule, some

_COUNTERS = re.compile(r"(^|/)(global_step|moving_(mean|variance))(_\d+)?$")


@rule("GR004", "warning", "a network that was built again, the old one left over")
def gr004(rule: Rule, graph: Graph) -> Iterator[Finding]:
    for left, used in copies(graph):
        yield rule.finding(
            [*left, *used],
            f"{some(each.name for each in left)} are a copy of {some(each.name for each in used)} "
            "that no loss needs: the code that builds the network was run twice in one graph. "
            "What is saved, counted and initialized holds both.",
        )


@rule(
    "GR005",
    "warning",
    "variables made after the Saver, which leaves them out",
    needs_train_op=True,
)
def gr005(rule: Rule, graph: Graph) -> Iterator[Finding]:
    if graph.saved_names is not None:
        return
    order = {node: index for index, node in enumerate(graph.nodes.values())}
    saves = {save for variable in variables(graph) for save in variable.saves}
    if len(saves) != 1:
        return
    (save,) = saves
    if training(graph).changed.isdisjoint(each for each in variables(graph) if each.saves):
        return  # it is there to restore layers that stay as they are
    late = [
        variable
        for variable in variables(graph)
        if not variable.saves and order[variable.node] > order[save] and _is_needed(graph, variable)
    ]
    if late:
        yield rule.finding(
            [*late, save],
            f"{some(each.name for each in late)} were made after the Saver, which does not save "
            "them: restored, they are not there.",
        )


def _is_needed(graph: Graph, variable: Variable) -> bool:
    return variable in trainable(graph) or bool(_COUNTERS.search(variable.name))


@rule("GR006", "note", "placeholders that nothing reads")
def gr006(rule: Rule, graph: Graph) -> Iterator[Finding]:
    unread = [
        node
        for node in graph.of_type(*PLACEHOLDERS)
        if node.call is None and not node.consumers and not node.control_consumers
    ]
    if unread:
        yield rule.finding(
            unread, f"Nothing reads {some(node.name for node in unread)}: what is fed is ignored."
        )

"""Copies of a network that were left over when the code that builds it was run again."""

import re

from tf1_dnn.check.facts.losses import paths
from tf1_dnn.check.facts.steps import trainable
from tf1_dnn.check.facts.variables import Variable, variables
from tf1_dnn.check.graph import Graph, fact, shape

_COUNT = re.compile(r"_\d+(?=/|$)")


@fact
def copies(graph: Graph) -> list[tuple[tuple[Variable, ...], tuple[Variable, ...]]]:
    """Groups of trainable variables that no loss needs, each with its like that one does.

    Alike are names that differ in counters only, `dnn_1/kernel` and `dnn/kernel`, and shapes.
    """
    ways = paths(graph)
    if ways is None:
        return []
    kept = [each for each in variables(graph) if each in trainable(graph)]
    needed = [each for each in kept if each.node in ways.any]
    left = [each for each in kept if each.node not in ways.any and not each.writes]
    by_form: dict[object, list[Variable]] = {}
    for each in needed:
        by_form.setdefault(_form(each), []).append(each)
    if not left or not all(by_form.get(_form(each)) for each in left):
        return []
    alike = tuple(by_form[_form(each)][0] for each in left)
    is_whole = {_form(each) for each in needed} <= {_form(each) for each in left}
    return [(tuple(left), tuple(dict.fromkeys(alike)))] if is_whole else []


def _form(variable: Variable) -> object:
    return _COUNT.sub("", variable.name), shape(variable.output)

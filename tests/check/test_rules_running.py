"""RN001, and what is known of steps, where it is told what the sessions of a program ran."""

import pages
import pytest

from tf1_dnn import check
from tf1_dnn.check import Run, Watched


@pytest.fixture(scope="module")
def graph():
    """The page's wrong graph: after its train op and initializer, three times two ops."""
    built, train_op = pages.build("RN001", "wrong")
    assert [op.name for op in built.get_operations()[-2:]] == ["ArgMax_2/dimension", "ArgMax_2"]
    assert train_op == "train_op"
    return built


def places(*gaps):
    """Where ops of these names were made: the place of each group."""
    named = {name: place for place, names in gaps for name in names.split()}
    return lambda name: named.get(name, f"once, {name}")


LOOP = places(("loop.py, line 5", "ArgMax ArgMax_1 ArgMax_2"))


def growth(graph, *runs, made_at=LOOP):
    """What RN001 says; each run is what was fetched, how often, and the graph's sizes without the
    six ops of the loop."""
    end = len(graph.get_operations()) - 6
    told = tuple(Run((name,), times, tuple(end + n for n in sizes)) for name, times, sizes in runs)
    found = check.examine(graph, watched=Watched(told, made_at)).findings
    return [finding for finding in found if finding.rule == "RN001"]


@pytest.mark.parametrize("name", ["wrong", "right"])
def test_a_graph_alone_does_not_show_it(name):
    built, train_op = pages.build("RN001", name)
    assert check.check(built) == check.check(built, train_op) == []


def test_a_line_that_adds_ops_between_steps(graph):
    (finding,) = growth(graph, ("init", 1, [0]), ("train_op", 3, [0, 2, 4]), ("ArgMax", 1, [2]))
    end = len(graph.get_operations()) - 6
    assert (finding.severity, finding.ops) == ("warning", ("ArgMax", "ArgMax_1"))
    assert finding.message == (
        f"ops were added 2 times between 3 steps, 2 each time: {end} became {end + 4}. "
        "loop.py, line 5 made ArgMax, ArgMax_1."
    )


@pytest.mark.parametrize(
    "runs",
    [
        [("train_op", 9, [0, 2])],  # once
        [("train_op", 9, [6])],  # before the first step
        [("train_op", 1, [0]), ("outputs/MatMul", 3, [2, 4, 6])],  # after the last
        [("outputs/MatMul", 3, [0, 2, 4])],  # evaluation
        [],
    ],
)
def test_what_is_no_growth_in_training(graph, runs):
    assert growth(graph, *runs) == []


def test_parts_that_are_built_once_each_are_no_growth(graph):
    assert growth(graph, ("train_op", 9, [0, 2, 4]), made_at=places()) == []


def applied(graph):
    """The two ops that change the variables; fetched alone, each is a step of another kind."""
    kernel, bias = [
        op.name for op in graph.get_operations() if op.type.endswith("ApplyGradientDescent")
    ]
    return kernel, bias


def test_ops_added_once_while_two_kinds_of_step_take_turns_are_no_growth(graph):
    kernel, bias = applied(graph)
    turns = [(kernel, 3, [0, 4]), (bias, 3, [2, 6])]
    assert growth(graph, *turns, made_at=places(("here", "ArgMax_1"))) == []
    (finding,) = growth(graph, *turns)
    assert finding.message.startswith("ops were added 3 times between 6 steps, 2 each time: ")


def test_steps_that_are_made_anew_for_each_run(graph):
    kernel, bias = applied(graph)
    runs = [("train_op", 1, [0]), (kernel, 1, [2]), (bias, 1, [4])]
    (finding,) = growth(graph, *runs)
    assert finding.message.startswith("ops were added 2 times between 3 steps, 2 each time: ")
    assert growth(graph, *[(name, 5, sizes) for name, _, sizes in runs]) == []


def test_what_a_step_fetched_is_told_without_what_changes_nothing(graph):
    runs = (
        Run(("train_op", "Mean"), 4),
        Run(("train_op",), 3),
        Run(("init",)),
        Run(("Mean",), 9),
        Run(("gone",)),
    )
    checked = check.examine(graph, watched=Watched(runs, str))
    assert checked.steps == ((7, ("train_op",)),)
    assert checked.train_ops == ("train_op",) and checked.left_out == ()
    assert check.examine(graph).steps == ()

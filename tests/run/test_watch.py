"""run --check: what is found in programs whose sessions are watched, and how it is told."""

import json
import pathlib
import re
import subprocess
import sys

import pytest
from activated import Activated

from tf1_dnn.check import Run, Watched, examine
from tf1_dnn.check.read.messages import MetaGraphDef
from tf1_dnn.check.report import page, report

HERE = pathlib.Path(__file__).parent
UPDATES = ["bn/cond_2/AssignMovingAvg", "bn/cond_3/AssignMovingAvg"]


@pytest.fixture(scope="module")
def watched():
    """Forks processes of `python -m tf1_dnn.run --check`."""
    server = Activated(check=True)
    yield server
    server.end()


@pytest.fixture(scope="session")
def found():
    line = [sys.executable, str(HERE / "watched_programs.py")]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def line_of(function, code):
    """The number of a line of the programs."""
    lines = (HERE / "watched_programs.py").read_text().splitlines()
    start = lines.index(f"def {function}():")
    return next(n for n, line in enumerate(lines[start:], start + 1) if code in line)


RIGHT = {
    "updates_fetched_beside": [[3, ["bn/cond_2/Merge", "bn/cond_3/Merge", "train_op"]]],
    "updates_run_apart": [[3, ["train_op"]]],
    "updates_in_control_dependencies": [[3, ["train_op"]]],
    "training_fed_now_and_then": [[4, ["train_op"]]],
    "training_negated": [[3, ["train_op"]]],
    "grows_once": [[4, ["train_op"]]],
    "two_kinds_of_step": [[3, ["d_train"]], [3, ["g_train"]]],
    "by_a_callable_without_feeds": [[3, ["train_op"]]],
    "by_keras": [[4, ["training_1/group_deps"]]],
    "nothing_trained": [],
}


@pytest.mark.parametrize("program", RIGHT)
def test_nothing_is_found_in_right_programs(found, program):
    assert found[program] == {"steps": RIGHT[program], "findings": []}


UPDATES_LEFT_OUT = {
    "updates_left_out": [[5, ["train_op"]]],
    "by_callables": [[6, ["train_op"]]],
    "by_partial_runs": [[2, ["done"]]],
    "monitored": [[3, ["both"]]],
}


@pytest.mark.parametrize("program", UPDATES_LEFT_OUT)
def test_updates_that_no_run_fetches(found, program):
    assert found[program]["steps"] == UPDATES_LEFT_OUT[program]
    ((rule, severity, ops, message, place),) = found[program]["findings"]
    constant = ["bn/AssignMovingAvg", "bn/AssignMovingAvg_1"]  # monitored has no placeholder
    assert (rule, severity) == ("BN001", "error")
    assert place.startswith(f"{HERE}/watched_programs.py, line ")
    assert ops == (constant if program == "monitored" else UPDATES)
    fetched = UPDATES_LEFT_OUT[program][0][1][0]
    assert message == (
        f"bn normalizes by the mini-batch in training, but the train op {fetched} runs no op that "
        "updates bn/moving_mean and bn/moving_variance, nor did any other run of a session."
    )


@pytest.mark.parametrize("program, times", [("training_never_fed", 4), ("training_fed_false", 2)])
def test_training_left_false(found, program, times):
    assert found[program]["findings"] == [
        [
            "BN002",
            "error",
            ["training", "bn/batchnorm/Rsqrt"],
            f"training was False in all {times} steps that train bn: it normalizes by moving "
            "averages, and those stay as they are.",
            found[program]["findings"][0][4],
        ]
    ]
    assert "placeholder_with_default" in found[program]["findings"][0][4]


def growth(found, program, code):
    """The finding, without the place in the program, which is looked at here."""
    (finding,) = [each for each in found[program]["findings"] if each[0] == "RN001"]
    shown = code if len(code) <= 60 else f"{code[:60]}…"
    place = f"{HERE}/watched_programs.py, line {line_of(program, code)} ({shown}) made "
    assert place in finding[3]
    return finding[1], finding[2][:2], finding[3].replace(place, "")


def test_a_graph_that_grows_in_the_loop(found):
    assert [each[0] for each in found["grows_in_the_loop"]["findings"]] == ["RN001"]
    code = "sess.run(tf.argmax(net.h, 1), net.feed())"
    severity, ops, message = growth(found, "grows_in_the_loop", code)
    assert (severity, ops) == ("warning", ["ArgMax/dimension", "ArgMax"])
    sizes = re.search(r": (\d+) became (\d+)\. ", message)
    assert int(sizes[2]) - int(sizes[1]) == 10
    assert message.replace(sizes[0], " ") == (
        "ops were added 5 times between 6 steps, 2 each time "
        "ArgMax/dimension, ArgMax, ArgMax_1/dimension and 7 more."
    )


def test_a_graph_that_grows_at_every_epoch(found):
    code = "largest = tf.reduce_max(net.h)"
    _, ops, message = growth(found, "grows_at_every_epoch", code)
    assert message.startswith("ops were added 2 times between 12 steps, 2 each time: ")
    assert ops == ["Const_1", "Max"]


def test_a_train_op_that_is_made_anew_for_each_run(found):
    steps = [[1, [f"GradientDescent{suffix}"]] for suffix in ("", "_1", "_2", "_3")]
    assert found["makes_the_train_op_anew"]["steps"] == steps
    _, ops, message = growth(
        found,
        "makes_the_train_op_anew",
        "sess.run(tf.train.GradientDescentOptimizer(0.1).minimize(net.loss)",
    )
    assert message.startswith("ops were added 3 times between 4 steps, ")
    assert ops[0] == "gradients_2/Shape"  # the first was made before the first step


def test_a_train_op_for_each_phase_is_no_growth(found):
    program = found["grows_from_phase_to_phase"]
    assert [times for times, _ in program["steps"]] == [3, 3, 3]
    assert [each[0] for each in program["findings"]] == ["BN001"]


BROKEN = """\
import sys
import tensorflow as tf
w = tf.get_variable("w", [2, 1])
x = tf.placeholder(tf.float32, [None, 2], name="x")
loss = tf.reduce_mean(tf.square(tf.matmul(x, w)))
train_op = tf.train.AdamOptimizer().minimize(loss, name="train_op")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        sess.run([train_op, loss], {x: [[1.0, 2.0]]})
        print(step, loss.eval({x: [[1.0, 2.0]]}) + sess.run(tf.square(w))[0] * 0)
    if sys.argv[1:]:
        sys.exit(5)
    sess.run(loss, {x: [[1.0, 2.0, 3.0]]})
"""


def test_the_findings_follow_an_exception_and_an_exit(tmp_path, watched):
    (tmp_path / "train.py").write_text(BROKEN)
    line = [sys.executable, "-m", "tf1_dnn.run", "--check", "train.py"]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path)
    code, out, err = done.returncode, done.stdout, done.stderr
    assert code == 1 and len(out.splitlines()) == 3
    program, told = err.split("\n\nthe program's graph: ")
    assert program.startswith("Traceback ") and "ValueError: Cannot feed value" in program
    assert "tf1_dnn" not in program
    head, _, rest = told.partition(" ops; train op: train_op\n")
    assert int(head) > 50
    assert rest.startswith(
        "  3 steps fetched train_op\n\nRN001 warning: a graph that grows while it trains\n"
        "  - ops were added 2 times between 3 steps, 1 each time: "
    )
    joined = " ".join(rest.split())
    assert (
        "train.py, line 11 (print(step, loss.eval({x: [[1.0, 2.0]]}) + sess.run(tf.squar…) "
        "made Square_1, Square_2. " in joined
    )
    assert rest.endswith("--explain RN001\n\n1 warning\n")
    out, err, code = watched.run("--check", "train.py", "exit", cwd=tmp_path)
    assert (code, err) == (5, f"\nthe program's graph: {told}")


def test_without_a_session_a_line_says_so(tmp_path, watched):
    (tmp_path / "build.py").write_text("import tensorflow as tf\ntf.constant(1.0)\n")
    told = "--check: no session of this program trained a variable, so there is nothing to check"
    assert watched.run("--check", "build.py", cwd=tmp_path) == ("", f"\n{told}\n", 0)


def test_without_the_option_nothing_is_watched(tmp_path, activated, watched):
    (tmp_path / "hooks.py").write_text(
        "from tensorflow.python.client import session\n"
        "hooks = [session._FetchHandler.build_results, session.BaseSession.make_callable,\n"
        "         session.BaseSession._make_callable_from_options]\n"
        "print([hook.__module__ for hook in hooks])\n"
    )
    modules = ["tensorflow.python.client.session"] * 3
    assert activated.run("hooks.py", cwd=tmp_path) == (f"{modules}\n", "", 0)
    assert f"{modules}\n" != watched.run("--check", "hooks.py", cwd=tmp_path)[0]


@pytest.mark.parametrize("name, found", [("wrong", True), ("right", False)])
def test_the_rules_page_shows_what_it_says(tmp_path, watched, name, found):
    code = re.search(r"```python\n(.*?)```", page("RN001"), re.S)[1]
    (tmp_path / "page.py").write_text(f"{code}\n{name}()\n")
    _, err, code = watched.run("--check", "page.py", cwd=tmp_path)
    assert code == 0 and ("RN001 warning" in err) is found
    assert f"  3 steps fetched train_op\n\n{'RN001' if found else 'nothing found'}" in err


def test_what_was_watched_is_needed_for_growth():
    graph = MetaGraphDef()
    for name in "abcdef":
        graph.graph_def.node.add(name=name, op="NoOp")
    runs = (Run(("a",), 3, (2, 4, 6)),)
    checked = examine(graph, watched=Watched(runs, lambda name: "here"))
    assert (checked.steps, checked.findings) == ((), [])  # no variable is trained
    assert "RN001" in checked.left_out and "steps" not in report(checked)

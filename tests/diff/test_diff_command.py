"""python -m tf1_dnn.diff: what it prints, its exit codes, programs, and what it refuses."""

import gzip
import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from networks import graph, regression

from tf1_dnn import cli
from tf1_dnn.compat import tf
from tf1_dnn.diff import __main__ as command
from tf1_dnn.diff import diff, report
from tf1_dnn.diff.comparison import Comparison
from tf1_dnn.diff.stages import Stage

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import sys
import tensorflow as tf

rate = float(sys.argv[1]) if sys.argv[1:] else 0.1
X = tf.placeholder(tf.float32, [None, 3], name="X")
targets = tf.placeholder(tf.float32, [None, 2], name="targets")
outputs = tf.layers.dense(X, 2, name="outputs")
loss = tf.reduce_mean(tf.square(outputs - targets), name="loss")
tf.train.GradientDescentOptimizer(rate).minimize(loss, name="train_op")
print("printed by the program")
"""


def write(build, path):
    """Store a graph; its path."""
    with graph(build).as_default():
        path.write_bytes(tf.train.export_meta_graph().SerializeToString())
    return str(path)


@pytest.fixture
def old(tmp_path):
    return write(regression, tmp_path / "old.meta")


def run(capsys, *argv):
    """Exit code, stdout, stderr."""
    code = cli.run(command.main, argv)
    return code, *capsys.readouterr()


def absolute():
    regression(loss=tf.abs)


def test_what_is_printed_of_the_same(capsys, old):
    code, out, err = run(capsys, old, old, "--steps", "2")
    assert (code, err) == (0, "")
    assert out == (
        f"{old} against {old}\n\n"
        "the same to the last bit, over 2 steps\n\n"
        "compared          places  largest difference  at\n"
        "inference         5       0e+00               outputs/MatMul\n"
        "loss              1       0e+00               loss\n"
        "gradient          2       0e+00               outputs/kernel\n"
        "gradient applied  2       0e+00               outputs/kernel\n"
        "after 1 step      2       0e+00               outputs/kernel\n"
        "after 2 steps     2       0e+00               outputs/kernel\n"
    )


def test_another_loss_is_exit_code_1(capsys, old, tmp_path):
    code, out, _ = run(capsys, old, write(absolute, tmp_path / "new.meta"), "--steps", "1")
    assert code == 1 and "\n\nthey part at loss (loss, Mean): " in out
    code, out, _ = run(capsys, old, str(tmp_path / "new.meta"), "--rtol", "1e5")
    assert code == 0 and out.split("\n\n")[1].startswith("the same to ")


def test_json(capsys, old, tmp_path):
    code, out, _ = run(capsys, old, write(absolute, tmp_path / "new.meta"), "--json")
    found = json.loads(out)
    assert (code, found["same"], found["n_steps"], found["rtol"]) == (1, False, 10, 1e-4)
    assert found["variables"] == [["outputs/kernel"] * 2, ["outputs/bias"] * 2]
    assert found["verdict"].startswith("they part at loss")
    assert found["stages"][0].keys() == {"when", "name", "op", "difference", "scale"}


def test_json_has_no_infinity():
    stage = Stage("inference", "x", "Add", float("inf"), 1.0)
    found = Comparison(("a", "b"), [], [], [], [], [stage], [], 0, [], 1e-4)
    assert json.loads(report.as_json(found))["stages"][0]["difference"] is None
    assert "they part at x (inference, Add): not the same shape, or not finite" in found.verdict


def test_names_from_files_reach_no_terminal_as_control_characters():
    stage = Stage("inference", "x\x1b[2J", "Add", 0.0, 1.0)
    printed = report.report(Comparison(("a", "b"), [], [], [], [], [stage], [], 0, [], 1e-4))
    assert "\x1b" not in printed and "x\\x1b[2J" in printed


@pytest.mark.parametrize(
    "arguments, said",
    [
        ([], "the following arguments are required: OLD"),
        (["OLD"], "give OLD and either NEW or a program after --"),
        (["OLD", "OLD", "--", "a.py"], "give OLD and either NEW or a program after --"),
        (["OLD", "OLD", "--steps", "-1"], "--steps and --rtol must be at least 0"),
        (["OLD", "OLD", "--steps", "two"], "invalid int value: 'two'"),
        (["OLD", "OLD", "--rtol", "nan"], "--steps and --rtol must be at least 0"),
        (["OLD", "OLD", "--stepps", "2"], "there is no option --stepps: did you mean --steps?"),
        (["OLD", "nothing.meta"], "nothing.meta"),
        (["OLD", "OLD", "--map", "a"], "--map a is no pair: give it as OLD=NEW."),
        (["OLD", "OLD", "--map", "a=outputs/bias"], "--map names a, which is no variable"),
        (["OLD", "OLD", "--feed", "nothing.npz"], "cannot read the arrays in nothing.npz"),
        (["OLD", "OLD", "--feed", "OLD"], "give an npz file"),
        (["OLD", "OLD", "--checkpoint", "nothing"], "cannot read the checkpoint nothing"),
        (["OLD", "OLD", "--new-checkpoint", "a"], "--new-checkpoint needs --checkpoint"),
        (["OLD", "OLD", "--train-op", "nothing"], "nothing"),
        (["OLD", "--", "nothing.py"], "nothing.py ended with exit code 2: see what it said above."),
    ],
)
def test_unusable_input_is_one_sentence_and_exit_code_2(capsys, old, arguments, said):
    try:
        code, out, err = run(capsys, *(old if each == "OLD" else each for each in arguments))
    except SystemExit as error:
        code, (out, err) = error.code, capsys.readouterr()
    assert (code, out) == (2, "")
    assert said in err and err.count("\n") == 1 and "Traceback" not in err


def test_what_is_fed_comes_from_a_file(capsys, old, tmp_path):
    path = tmp_path / "feed.npz"
    np.savez(path, X=np.full([2, 3], 9.0), targets=np.zeros([2, 2]))
    _, out, _ = run(capsys, old, old, "--feed", str(path), "--json", "--steps", "0")
    scale = {each["name"]: each["scale"] for each in json.loads(out)["stages"]}
    _, out, _ = run(capsys, old, old, "--json", "--steps", "0")
    drawn = {each["name"]: each["scale"] for each in json.loads(out)["stages"]}
    assert scale["outputs/MatMul"] > 9 * drawn["outputs/MatMul"] > 0
    np.savez(path, X=np.array([object()]))
    code, _, err = run(capsys, old, old, "--feed", str(path))
    assert code == 2 and "give an npz file" in err


def test_variables_are_matched_as_told(capsys, tmp_path):
    def two(first, second):
        def build():
            inputs = tf.placeholder(tf.float32, [None, 2], name="X")
            hidden = tf.layers.dense(inputs, 2, use_bias=False, name=first)
            tf.layers.dense(hidden, 2, use_bias=False, name=second)

        return build

    old = write(two("a", "b"), tmp_path / "old.meta")
    new = write(two("b", "a"), tmp_path / "new.meta")  # the names stayed, the layers changed places
    assert run(capsys, old, new)[0] == 1
    pairs = ["--map", "a/kernel=b/kernel", "--map", "b/kernel=a/kernel"]
    code, out, _ = run(capsys, old, new, *pairs)
    assert code == 0 and "old variable  new variable\na/kernel      b/kernel\n" in out


def launched(*argv, cwd):
    """A process of its own: a program is run in another."""
    words = [sys.executable, "-m", "tf1_dnn.diff", *argv]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True)


def test_programs_are_run_for_their_graphs(old, tmp_path):
    (tmp_path / "old.py").write_text(PROGRAM)
    done = launched(old, "old.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{old} against old.py\n\nthe same to ")
    assert done.stderr.strip() == "printed by the program"
    done = launched("old.py", "--steps", "1", "--", "old.py", "0.2", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("old.py against old.py 0.2\n\nthey part at outputs/")
    assert "the optimizer's learning rate" in done.stdout
    assert sorted(each.name for each in tmp_path.iterdir()) == ["old.meta", "old.py"]


@pytest.mark.parametrize(
    "program, said",
    [
        ("1 / 0", "ended with exit code 1: see what it said above."),
        ("print()", "built no graph: give a program that builds one when it is run."),
    ],
)
def test_programs_that_give_no_graph(old, tmp_path, program, said):
    (tmp_path / "new.py").write_text(program)
    done = launched(old, "--", "new.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"new.py {said}\n")
    assert ("ZeroDivisionError" in done.stderr) == (program == "1 / 0")  # the program's own


def test_only_what_is_run_can_write(capsys, tmp_path):
    trace = tmp_path / "trace"

    def writing():
        with tf.control_dependencies([tf.io.write_file(str(trace), "it ran")]):
            regression(after=tf.identity)

    path = write(writing, tmp_path / "writing.meta")
    before = (tmp_path / "writing.meta").read_bytes()
    assert run(capsys, path, path, "--static")[0] == 0 and not trace.exists()
    assert run(capsys, path, path)[0] == 0 and trace.read_text() == "it ran"  # the control
    assert (tmp_path / "writing.meta").read_bytes() == before


def test_sources_are_graphs_too():
    assert diff(graph(regression), graph(absolute), static=True).sources == ("tf.Graph", "tf.Graph")


def test_the_page_shows_what_is_printed(capsys, tmp_path, monkeypatch):
    page = (ROOT / "docs" / "diff.md").read_text()
    for stored, name in re.findall(r"gunzip -c (\S+) > (\S+)", page):
        (tmp_path / name).write_bytes(gzip.decompress((ROOT / stored).read_bytes()))
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "old.meta", "new.meta")
    shown = re.search(r"```\n(old.meta against new.meta\n.*?)```", page, re.DOTALL)[1]
    assert (code, out) == (1, shown)

"""run --save-graph: the graph that a program ran, as a MetaGraph."""

import subprocess
import sys

from tf1_dnn.check.read.messages import MetaGraphDef

PROGRAM = """
import tensorflow as tf

with tf.Graph().as_default():
    small = tf.constant(1.0, name="small")
with tf.Graph().as_default(), tf.Session() as session:
    kernel = tf.get_variable("kernel", [2, 3])
    session.run(kernel.initializer)
    print(session.run(tf.shape(kernel, name="large")))
"""


def run(tmp_path, program, *options):
    (tmp_path / "program.py").write_text(program)
    words = [sys.executable, "-m", "tf1_dnn.run", *options, "program.py"]
    return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)


def test_the_graph_that_a_session_ran_is_written(tmp_path):
    done = run(tmp_path, PROGRAM, "--save-graph", "it.meta")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[2 3]\n", "")
    meta = MetaGraphDef.FromString((tmp_path / "it.meta").read_bytes())
    names = {node.name for node in meta.graph_def.node}
    assert "large" in names and "small" not in names
    assert "trainable_variables" in meta.collection_def


def test_without_the_option_nothing_is_written(tmp_path):
    assert run(tmp_path, PROGRAM).returncode == 0
    assert [each.name for each in tmp_path.iterdir()] == ["program.py"]


def test_a_program_without_a_graph_is_told(tmp_path):
    done = run(tmp_path, "print(1)", "--save-graph", "it.meta")
    assert done.stderr == "\n--save-graph: the program built no graph\n"
    assert not (tmp_path / "it.meta").exists()


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path):
    done = run(tmp_path, PROGRAM, "--save-graph", "nowhere/it.meta")
    assert done.stdout == "[2 3]\n" and "Traceback" not in done.stderr
    said = "cannot write nowhere/it.meta (No such file or directory): name another file."
    assert done.stderr == f"\nerror: {said}\n"

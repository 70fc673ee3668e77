"""run --like: a program's graph compared with what genuine TensorFlow 1.15.5 saved of it."""

import gzip
import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from tensorboard.compat.proto import node_def_pb2

from tf1_dnn.check import GraphError
from tf1_dnn.check.read.messages import MetaGraphDef
from tf1_dnn.run import likeness
from tf1_dnn.run.likeness import Difference, Rank, compare

SAVED = pathlib.Path(__file__).parent / "saved"
PROGRAM = (SAVED / "dense.py").read_text()
META = gzip.decompress((SAVED / "dense.meta.gz").read_bytes())
SAME = "the same graph: 449 ops, 4 seeds"
LATER = "; 5 ops were added later"


def without_gradients(line):
    """Of which as many differ as TensorFlow's own gradients have changed."""
    return re.sub("; in gradients, as TensorFlow builds them, [0-9]+ differ", "", line)


@pytest.fixture(scope="module")
def meta(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "dense.meta"
    path.write_bytes(META)
    return path


def nodes(*changes):
    """The saved graph's nodes, each change `(name, change)` made to one; None takes it out."""
    graph = MetaGraphDef.FromString(META).graph_def
    made = {node.name: node for node in graph.node}
    for name, change in changes:
        if change is None:
            del made[name]
        else:
            change(made[name])
    return made


def renamed(op):
    return lambda node: setattr(node, "op", op)


def test_a_graph_is_like_itself():
    assert compare(nodes(), nodes()) == ([], 0)
    assert len(nodes()) == 449
    seeded = [name for name, node in nodes().items() if node.attr["seed2"].i]
    kernels = [f"{name}/kernel" for name in ("hidden1", "hidden2", "outputs")]
    assert seeded == [f"{kernel}/Initializer/random_uniform/RandomUniform" for kernel in kernels][
        :2
    ] + ["dnn/noise/RandomStandardNormal"] + [
        "outputs/kernel/Initializer/random_uniform/RandomUniform"
    ]


@pytest.mark.parametrize(
    "name, change, difference",
    [
        ("dnn/noise", renamed("Sub"), (Rank.OTHER, "op", "Add", "Sub")),
        ("dnn/add", None, (Rank.OTHER, "op", "AddV2", "")),
        ("X", lambda node: node.attr["shape"].shape.dim[1].__setattr__("size", 7),
         (Rank.DECIDED, "shape", "[-1, 6]", "[-1, 7]")),
        ("dnn/hidden1/MatMul", lambda node: node.attr["transpose_b"].__setattr__("b", True),
         (Rank.OTHER, "transpose_b", "False", "True")),
        ("dnn/hidden1/MatMul", lambda node: node.input.__setitem__(0, "dnn/Elu"),
         (Rank.OTHER, "inputs", "X", "dnn/Elu")),
        ("dnn/hidden1/MatMul", lambda node: node.input.append("^init"),
         (Rank.OTHER, "inputs", "X, hidden1/kernel/read", "^init")),
        ("dnn/noise/RandomStandardNormal", lambda node: node.attr["seed2"].__setattr__("i", 4),
         (Rank.SEED, "seed2", "3", "4")),
        ("dnn/noise/RandomStandardNormal", lambda node: node.attr.__delitem__("seed2"),
         (Rank.SEED, "seed2", "3", "0")),
        ("dnn/noise/RandomStandardNormal", None, (Rank.SEED, "op", "RandomStandardNormal", "")),
        ("train/Adam/learning_rate",
         lambda node: node.attr["value"].tensor.float_val.__setitem__(0, 0.5),
         (Rank.OTHER, "value", "float32 0.01", "float32 0.5")),
        ("train/Adam/update_hidden1/kernel/ApplyAdam",
         lambda node: node.attr["use_nesterov"].__setattr__("b", True),
         (Rank.DECIDED, "use_nesterov", "False", "True")),
        ("train/gradients/dnn/Elu_grad/EluGrad", renamed("ReluGrad"),
         (Rank.GRADIENT, "op", "EluGrad", "ReluGrad")),
    ],
)  # fmt: skip
def test_a_change_to_one_op_is_one_difference(name, change, difference):
    rank, *rest = difference
    assert compare(nodes(), nodes((name, change))).differences == [Difference(rank, name, *rest)]


def test_what_is_no_difference():
    same = [
        ("dnn/noise", renamed("AddV2")),
        ("dnn/hidden1/MatMul", lambda node: node.input.__setitem__(0, "X:0")),
        ("dnn/hidden1/MatMul", lambda node: node.attr["grad_a"].__setattr__("b", True)),
        ("dnn/hidden1/MatMul", lambda node: node.attr["_class"].list.s.append(b"loc:@X")),
    ]
    assert compare(nodes(), nodes(*same)) == ([], 0)

    def unpacked(node):  # the same numbers in another encoding
        tensor = node.attr["value"].tensor
        values = np.frombuffer(tensor.tensor_content, np.int32)
        tensor.ClearField("tensor_content")
        tensor.int_val.extend(values.tolist())

    name = "hidden1/kernel/Initializer/random_uniform/shape"
    assert compare(nodes(), nodes((name, unpacked))) == ([], 0)


def test_ops_added_here_count_as_later_behind_the_saved_graphs_end():
    here, new = nodes(), node_def_pb2.NodeDef(name="new", op="NoOp")
    assert compare(nodes(), {**here, "new": new}) == ([], 1)
    assert compare(nodes(), {"new": new, **here}) == (
        [Difference(Rank.OTHER, "new", "op", "", "NoOp")],
        0,
    )


# What is changed in the program, what is told, and the first row of the table.
CHANGES = {
    "nothing": ("X", "X", SAME + LATER, None),
    "the graph's seed": (
        "tf.set_random_seed(42)",
        "tf.set_random_seed(43)",
        "another graph: 4 of 4 seeds differ" + LATER,
        "hidden1/kernel/Initializer/random_uniform/RandomUniform seed 42 43",
    ),
    "an op's seed": (
        "seed=3",
        "seed=4",
        "another graph: 1 of 4 seeds differs" + LATER,
        "dnn/noise/RandomStandardNormal seed2 3 4",
    ),
    "an op before": (
        "with tf.name_scope('dnn'):",
        "tf.constant(1.0, name='extra')\nwith tf.name_scope('dnn'):",
        "another graph: 3 of 4 seeds and 1 of 449 ops differ" + LATER,
        "hidden1/kernel/Initializer/random_uniform/RandomUniform seed2 7 8",
    ),
    "the learning rate": (
        "AdamOptimizer(0.01)",
        "AdamOptimizer(0.02)",
        "the same 4 seeds, variables, placeholders and optimizers; 1 of 449 ops differs" + LATER,
        "train/Adam/learning_rate value float32 0.01 float32 0.02",
    ),
    "the updates": (
        "tf.get_collection(tf.GraphKeys.UPDATE_OPS)",
        "[]",
        "the same 4 seeds, variables, placeholders and optimizers; 5 of 449 ops differ",
        "train/Adam/learning_rate inputs ^dnn/batch_normalization/cond_2/Merge",
    ),
    "a layer's width": (
        "dense(X, 8, ",
        "dense(X, 9, ",
        "another graph: ",
        "hidden1/kernel shape [6, 8] [6, 9]",
    ),
}
DRIVER = """
import json, sys
import tensorflow as tf
from tf1_dnn.run import likeness
saved = likeness.read(sys.argv.pop(1))
told = []
for program in json.load(sys.stdin):
    with tf.Graph().as_default() as graph:
        exec(program, {"__name__": "__main__"})
    told.append(likeness.report(saved, [graph]))
with tf.Graph().as_default() as other:
    tf.constant(1.0)
told.append(likeness.report(saved, [other, graph]) == told[-1])
print(json.dumps(told))
"""


def python(*words, **options):
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, **options
    )


@pytest.fixture(scope="module")
def told(meta, activated, tmp_path_factory):
    """What is told of each changed program; and at last, that the most alike of two is chosen."""
    text = PROGRAM.replace('"', "'")
    programs = [text.replace(old, new) for old, new, *_ in CHANGES.values()]
    assert [program == text for program in programs] == [True] + [False] * (len(CHANGES) - 1)
    driver = tmp_path_factory.mktemp("driver") / "driver.py"
    driver.write_text(DRIVER)
    stdout, stderr, code = activated.run(driver, meta, stdin=json.dumps(programs))
    assert code == 0, stderr
    return json.loads(stdout)


@pytest.mark.parametrize("change", CHANGES)
def test_the_program_run_today(told, meta, change):
    _, _, verdict, row = CHANGES[change]
    head, *rows = told[list(CHANGES).index(change)].splitlines()
    assert without_gradients(head).startswith(f"--like {meta}: {verdict}")
    assert head.endswith(LATER)
    if row is None:
        assert rows == []
    else:
        assert rows[0].split() == ["op", "what", "saved", "here"]
        assert " ".join(rows[1].split()).startswith(row)
        assert len(rows) <= 12


def test_of_several_graphs_the_most_alike_is_compared(told):
    assert told[-1] is True


def test_the_command_tells_it_at_the_end(meta, tmp_path):
    program = PROGRAM + "\nsys.exit(3)\n"
    (tmp_path / "train.py").write_text(program)
    prefix = str(meta)[: -len(".meta")]  # a checkpoint's, of which only the graph is left
    done = python("-m", "tf1_dnn.run", "--check", "--like", prefix, "train.py", cwd=tmp_path)
    like, check = done.stderr.split("\n\nthe program's graph: ")
    assert (done.returncode, done.stdout) == (3, "")
    assert without_gradients(like.splitlines()[-1]) == f"--like {prefix}: {SAME}{LATER}"
    assert check.endswith(
        " ops; train op: train/Adam\n  3 steps fetched train/Adam\n\nnothing found\n"
    )


def test_what_is_no_graph_is_refused_before_the_program_starts(tmp_path):
    (tmp_path / "train.py").write_text("print('started')")
    done = python("-X", "importtime", "-m", "tf1_dnn.run", "--like", "no.meta", "train.py",
                  cwd=tmp_path)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "error: no.meta does not exist: give a .meta, .pb or .pbtxt file, or a folder."
    )
    assert "tensorflow.python" not in done.stderr


def test_a_run_directory_and_a_damaged_file(meta, tmp_path):
    assert likeness.read(str(meta.parent)).nodes.keys() == nodes().keys()
    damaged = tmp_path / "damaged.meta"
    damaged.write_bytes(META[:1000])
    with pytest.raises(GraphError, match="is damaged or holds no MetaGraphDef"):
        likeness.read(str(damaged))


def test_a_program_without_a_graph(meta):
    saved = likeness.read(str(meta))
    assert likeness.report(saved, []) == f"--like {meta}: the program built no graph"

"""TensorFlow 1's behaviour in a whole process: each program below has a process of its own."""

import json
import subprocess
import sys

import pytest

from tf1_dnn.compat import tf
from tf1_dnn.errors import CompatError
from tf1_dnn.run import activate

IMPORTS = """
import json, sys
import tensorflow as tf
import tensorflow.compat.v1 as v1
import tensorflow.compat.v2 as v2
import tensorflow.keras.backend as K
from tensorflow import layers, nn
from tensorflow.keras.layers import Dense
from tensorflow.python.framework import ops
from tensorflow.python.client import device_lib
from tensorflow.core.framework import graph_pb2

x = tf.placeholder(tf.float32, [None, 3])
variable = tf.get_variable("v", [2])
condition = tf.cond(tf.reduce_sum(x) > 0, lambda: x + 1, lambda: x)
loop = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [0])
cell = tf.nn.rnn_cell.BasicRNNCell(2)
types = {op.type for op in tf.get_default_graph().get_operations()}
names = {}
exec("from tensorflow import *", names)
try:
    tf.placeholdr
except AttributeError as error:
    typo = str(error)
print(json.dumps({
    "version": tf.__version__,
    "eager": tf.executing_eagerly(),
    "variable": type(variable).__name__,
    "control flow": sorted(types & {"Switch", "If", "StatelessIf", "Enter", "While"}),
    "dimension": type(tf.TensorShape([2])[0]).__name__,
    "same names": [tf.placeholder is v1.placeholder, layers.dense is tf.layers.dense,
                   nn.relu is tf.nn.relu, K is tf.keras.backend, Dense is tf.keras.layers.Dense],
    "keras": tf.keras.layers.Dense.__module__.split(".")[0],
    "v2": v2.__name__,
    "star": [name in names for name in ("placeholder", "layers", "Session", "float32")],
    "typo": typo,
    "hasattr": [hasattr(tf, "placeholder"), hasattr(tf, "placeholdr")],
    "contrib": [name for name in sys.modules if name.startswith(
        ("tensorflow.contrib", "tf1_dnn.run.contrib", "tf_slim"))],
}))
"""

EAGER = """
import tensorflow as tf
tf.enable_eager_execution()
tf.set_random_seed(3)
x = tf.constant([[1.0, 2.0]])
w = tf.Variable([[3.0], [4.0]])
with tf.GradientTape() as tape:
    y = tf.matmul(x, w) ** 2
print(y.numpy().tolist(), tape.gradient(y, w).numpy().tolist(), tf.executing_eagerly())
"""

FLAGS = """
import tensorflow as tf
flags = tf.app.flags
flags.DEFINE_integer("steps", 3, "how many")
FLAGS = tf.app.flags.FLAGS

def main(argv):
    tf.logging.set_verbosity(tf.logging.INFO)
    tf.logging.info("steps %d", FLAGS.steps)
    tf.gfile.MakeDirs("made/here")
    print(FLAGS.steps, argv[1:], tf.gfile.Exists("made/here"))

if __name__ == "__main__":
    tf.app.run()
"""

CHATTER = """
import tensorflow as tf
x = tf.placeholder(tf.float32, [None, 3])
h = tf.layers.batch_normalization(tf.layers.dense(x, 2), training=True)
h = tf.nn.rnn_cell.BasicLSTMCell(2)(h, tf.nn.rnn_cell.LSTMStateTuple(h, h))[0]
tf.keras.optimizers.SGD(lr=0.1)
with tf.Session() as sess:
    sess.run(tf.initialize_all_variables())
    print(sess.run(tf.to_int32(tf.shape(h)), {x: [[1, 2, 3]]}))
"""


def run(source, *arguments, cwd=None):
    """stdout, stderr and exit code of a program from standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "tf1_dnn.run", *arguments],
        input=source,
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    return done.stdout, done.stderr, done.returncode


def test_every_way_to_import_tensorflow_gives_tensorflow_1(activated):
    stdout, stderr, code = activated.run("-", stdin=IMPORTS)
    assert (stderr, code) == ("", 0)
    assert json.loads(stdout) == {
        "version": "1.15.5",
        "eager": False,
        "variable": "RefVariable",
        "control flow": ["Enter", "Switch"],
        "dimension": "Dimension",
        "same names": [True] * 5,
        "keras": "tf_keras",
        "v2": "tensorflow.compat.v2",
        "star": [True] * 4,
        "typo": "module 'tensorflow' has no attribute 'placeholdr'",
        "hasattr": [True, False],
        "contrib": [],
    }


def test_an_eager_program_is_eager(activated):
    assert activated.run("-", stdin=EAGER) == ("[[121.0]] [[22.0], [44.0]] True\n", "", 0)


def test_flags_logging_and_files_are_as_they_were(activated, tmp_path):
    (tmp_path / "flags.py").write_text(FLAGS)
    stdout, stderr, code = activated.run("flags.py", "--steps=5", "more", cwd=tmp_path)
    assert (stdout, code) == ("5 ['more'] True\n", 0)
    assert stderr.splitlines()[0] == "INFO:tensorflow:steps 5"


def test_deprecations_are_told_only_if_asked():
    assert run(CHATTER, "-") == ("[1 2]\n", "", 0)
    stdout, stderr, code = run(CHATTER, "--verbose", "-")
    assert (stdout, code) == ("[1 2]\n", 0)
    for name in (
        "tf.layers.dense",
        "tf.nn.rnn_cell.BasicLSTMCell",
        "initialize_all_variables",
        "`lr`",
    ):
        assert name in stderr


def test_activation_comes_first_or_not_at_all():
    source = "import numpy\nfrom tf1_dnn.run import activate\nactivate()\nactivate()\n"
    source += "import tensorflow as tf\nprint(tf.executing_eagerly())"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("False\n", 0)
    assert sys.modules["tensorflow"].compat.v1 is tf  # imported before, as it must not be
    with pytest.raises(CompatError, match="restart Python, and activate tf1_dnn.run before the"):
        activate()


def test_a_second_tf_keras_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", "0")
    stdout, stderr, code = run("print(1)", "-")
    assert (stdout, code) == ("", 2)
    assert stderr.startswith("error: TF_USE_LEGACY_KERAS is set to '0', which hides tf.layers:")

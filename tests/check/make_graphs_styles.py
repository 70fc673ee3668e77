"""Make the style graphs with genuine TensorFlow 1.15.5: correct graphs, as others write them.

Each function of styles/ builds one graph the way a well-known tutorial, book or library does, with
its own idioms; the checker must find no error in any of them. TensorFlow 1.15.5 runs on Python 3.7:

    pip install 'tensorflow==1.15.5' 'protobuf<3.21'
    python tests/check/make_graphs_styles.py [NAME...]

writes tests/check/graphs/NAME.meta.gz, of some once with ref variables and once with resource
variables (NAME_resource). `planted` writes the networks with a planted mistake. `pages` runs the
code on the rules' pages, too: RULE_wrong, RULE_right and so on. Of the package under test nothing
else is used.
"""

import argparse
import glob
import gzip
import os
import re
import sys
import tempfile
import types

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from styles import (
    gans,
    handson,
    images,
    libraries,
    mistakes,
    networks,
    others,
    reinforcement,
    sequences,
)

HERE = os.path.dirname(os.path.abspath(__file__))
GRAPHS = os.path.join(HERE, "graphs")
PAGES = os.path.join(HERE, "..", "..", "tf1_dnn", "check", "explain")


def estimator():
    """An Estimator's model directory after one step: its .meta, graph.pbtxt and events."""
    inputs = np.zeros((8, 64), np.float32)
    input_fn = tf.compat.v1.estimator.inputs.numpy_input_fn(
        {"x": inputs}, np.zeros(8, np.int32), batch_size=4, num_epochs=1, shuffle=True
    )
    with tempfile.TemporaryDirectory() as model_dir:
        tf.estimator.Estimator(libraries.model_fn, model_dir).train(input_fn, steps=1)
        with open(os.path.join(model_dir, "model.ckpt-1.meta"), "rb") as meta:
            meta_graph = tf.MetaGraphDef.FromString(meta.read())
        with open(os.path.join(model_dir, "graph.pbtxt")) as pbtxt:
            graph_def = text_format.Parse(pbtxt.read(), tf.GraphDef())
    write("estimator.meta.gz", strip(meta_graph).SerializeToString(deterministic=True))
    write("estimator.pbtxt.gz", text_format.MessageToString(graph_def).encode())


def frozen():
    """An inference graph with its variables turned into constants."""
    with tf.Graph().as_default(), tf.Session() as session:
        inputs = tf.placeholder(tf.float32, [None, 8, 8, 3], name="images")
        tf.nn.softmax(images.resnet(inputs, False), name="probabilities")
        session.run(tf.global_variables_initializer())
        graph_def = tf.graph_util.convert_variables_to_constants(
            session, tf.get_default_graph().as_graph_def(), ["probabilities"]
        )
    for node in graph_def.node:
        tensor = node.attr["value"].tensor
        if len(tensor.tensor_content) > 64:  # the weights themselves are of no interest
            tensor.tensor_content = b"\0" * len(tensor.tensor_content)
    write("frozen.pb.gz", graph_def.SerializeToString(deterministic=True))


def pages():
    """What the functions without arguments on each rule's page build, under RULE_function.

    Not of RN pages, whose rules are about programs that are run.
    """
    sys.modules["tf1_dnn.compat"] = types.SimpleNamespace(tf=tf)
    sys.modules["tf1_dnn"] = types.ModuleType("tf1_dnn")
    for path in sorted(glob.glob(os.path.join(PAGES, "[!R][A-Z]0*.md"))):
        rule = os.path.basename(path)[:-3]
        with open(path) as page:
            (code,) = re.findall(r"^```python\n(.*?)^```", page.read(), re.M | re.S)
        namespace = {}
        exec(compile(code, path, "exec"), namespace)
        for name, build in namespace.items():
            if name in ("wrong", "right") + MORE.get(rule, ()):
                export(build, "%s_%s" % (rule, name))


BOTH = [
    images.resnet_towers,
    gans.gan,
    sequences.rnn,
    handson.handson_batch_norm,
    handson.handson_clipping,
    libraries.slim_train_op,
    libraries.contrib_layers,
    reinforcement.dqn,
]
REF = [
    images.towers_clipped,
    images.evaluation,
    images.transfer,
    gans.wgan,
    gans.wgan_gp,
    sequences.rnn_v2,
    handson.handson_frozen_var_list,
    handson.handson_frozen_stop_gradient,
    handson.handson_max_norm,
    libraries.keras,
    libraries.keras_session,
    reinforcement.ppo,
    reinforcement.ddpg,
    reinforcement.a3c,
    others.vq,
    others.distillation,
    others.averaged_weights,
    others.sync_replicas,
    others.accumulated,
    others.hand_written_adam,
    others.maml,
    *networks.ALL,
]


def planted():
    """The networks of styles/mistakes.py, as mistake_NAME."""
    for name, (_, build) in mistakes.MISTAKES.items():
        export(build, "mistake_%s" % name)


FILES = [estimator, frozen, pages, planted]  # they write files of their own
MORE = {"CL001": ("minimized",), "CL004": ("clipped_error",), "GR003": ("stopped",)}


def strip(meta_graph):
    """Without the list of ops, which is most of a small MetaGraph."""
    meta_graph.meta_info_def.ClearField("stripped_op_list")
    return meta_graph


def write(name, content):
    path = os.path.join(GRAPHS, name)
    with open(path, "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as file:
            file.write(content)
    print("%7d %s" % (os.path.getsize(path), name))


def export(build, name):
    tf.keras.backend.clear_session()
    with tf.Graph().as_default():
        build()
        meta_graph = tf.train.export_meta_graph(strip_default_attrs=True)
    write(name + ".meta.gz", strip(meta_graph).SerializeToString(deterministic=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of functions; all by default")
    names = parser.parse_args().names
    tf.logging.set_verbosity(tf.logging.ERROR)
    os.makedirs(GRAPHS, exist_ok=True)

    def wanted(builds):
        return [build for build in builds if not names or build.__name__ in names]

    for build in wanted(BOTH + REF):
        export(build, build.__name__)
    for build in wanted(FILES):
        build()
    tf.enable_resource_variables()
    for build in wanted(BOTH):
        export(build, build.__name__ + "_resource")


if __name__ == "__main__":
    main()

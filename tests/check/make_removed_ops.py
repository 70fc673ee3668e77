"""Make check's removed_ops.txt: the ops of TensorFlow 1.15.5 that TensorFlow 2.21 lacks.

    python3.7 tests/check/make_removed_ops.py ops.json    # with TensorFlow 1.15.5: lists its ops
    python tests/check/make_removed_ops.py ops.json       # with 2.21: writes the file

The first lists what is registered, every op library of tf.contrib loaded; the second asks 2.21's
registry for each.
"""

import glob
import json
import os
import pathlib
import sys

FILE = pathlib.Path(__file__).parents[2] / "tf1_dnn" / "check" / "rules" / "removed_ops.txt"


def list_ops(path):
    """With TensorFlow 1.15.5: every op, and the contrib module whose library registers it."""
    import tensorflow as tf
    import tensorflow.contrib
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python import pywrap_tensorflow

    root = os.path.dirname(tensorflow.contrib.__file__)
    ops = {}
    for library in sorted(glob.glob(os.path.join(root, "**", "_*.so"), recursive=True)):
        for op in tf.load_op_library(library).OP_LIST.op:
            ops[op.name] = os.path.relpath(library, root).split(os.sep)[0]
    registered = pywrap_tensorflow.TF_GetBuffer(pywrap_tensorflow.TF_GetAllOpList())
    for op in op_def_pb2.OpList.FromString(registered).op:
        ops.setdefault(op.name, "core")
    with open(path, "w") as file:
        json.dump(ops, file)
    print(len(ops), "ops")


def write_file(path):
    """With TensorFlow 2.21: the ops that its registry lacks, a line for each part of tf.contrib."""
    from tf1_dnn.compat import tf

    graph = tf.Graph()

    def is_known(name):
        try:
            return bool(graph.op_def_for_type(name))
        except RuntimeError:
            return False

    removed = {}
    for name, where in sorted(json.loads(pathlib.Path(path).read_text()).items()):
        if not name.startswith("_") and not is_known(name):  # "_" names what graphs never hold
            removed.setdefault(where, []).append(name)
    lines = [f"{where}: {' '.join(names)}\n" for where, names in sorted(removed.items())]
    FILE.write_text("".join(lines))
    print(sum(map(len, removed.values())), "ops removed")


if __name__ == "__main__":
    (list_ops if sys.version_info < (3, 8) else write_file)(sys.argv[1])

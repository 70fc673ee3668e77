"""Have genuine TensorFlow 1.15.5 run the programs of saved/, and keep the graphs that they save.

    pip install 'tensorflow==1.15.5' 'protobuf<3.21'        # on Python 3.7
    python tests/run/make_saved_graphs.py

writes tests/run/saved/NAME.meta.gz for each NAME.py. Nothing of the package under test is used.
"""

import glob
import gzip
import os
import subprocess
import sys
import tempfile

import tensorflow as tf

SAVED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "saved")


def main():
    assert tf.__version__ == "1.15.5", "the graphs are those of TensorFlow 1.15.5"
    for program in sorted(glob.glob(os.path.join(SAVED, "*.py"))):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.check_call([sys.executable, program, folder])
            with open(os.path.join(folder, "model.ckpt.meta"), "rb") as meta:
                data = strip(meta.read())
        with open(program[:-3] + ".meta.gz", "wb") as file:
            with gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:  # the same bytes each time
                packed.write(data)


def strip(data):
    """Without the list of every op that TensorFlow knows."""
    meta_graph = tf.MetaGraphDef.FromString(data)
    meta_graph.meta_info_def.ClearField("stripped_op_list")
    return meta_graph.SerializeToString(deterministic=True)


if __name__ == "__main__":
    main()

"""Keep what the golden programs print on genuine TensorFlow 1, of the version that runs this.

    pip install 'tensorflow==1.15.5' 'protobuf<3.21'     # in a Python 3.7 environment
    python tests/golden/make_programs.py [NAME ...]      # by default every program

Each programs/NAME.py runs in a process of its own, and what it prints is kept in
programs/NAME.VERSION.txt. It runs a second time on a single core: what is not the same again, to
the byte, is reported, and is no golden value. README.md beside this file tells more.
"""

import argparse
import os
import subprocess
import sys

import tensorflow as tf

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")

# Keras refuses an archive that is not its own to the byte, whatever images it holds.
WITH_DATA = """
import runpy, sys
import numpy, tensorflow
arrays = numpy.load(sys.argv[2])
splits = [(arrays["x_" + split], arrays["y_" + split]) for split in ("train", "test")]
tensorflow.keras.datasets.mnist.load_data = lambda: splits
del sys.argv[0], sys.argv[1]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def names():
    """Every program, by name."""
    found = (os.path.splitext(file) for file in os.listdir(FOLDER))
    return sorted(name for name, extension in found if extension == ".py")


def printed(name, data, *before):
    """What the program prints; `before` are words to put before its command."""
    command = [sys.executable, name + ".py"]
    if data:
        command[1:] = ["-c", WITH_DATA, name + ".py", os.path.abspath(data)]
    done = subprocess.run(
        [*before, *command],
        cwd=FOLDER,
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="2", CUDA_VISIBLE_DEVICES="-1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
    return done.stdout if done.returncode == 0 else None


def keep(name, data):
    """Run one program twice and write its file; returns what there is to say of it."""
    output = printed(name, data)
    if output is None:
        return "FAILED"
    with open(os.path.join(FOLDER, "%s.%s.txt" % (name, tf.__version__)), "wb") as file:
        file.write(output)
    if output == printed(name, data, "taskset", "--cpu-list", "0"):
        return "%d lines" % output.count(b"\n")
    return "NOT THE SAME on one core"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data", metavar="MNIST.NPZ", help="MNIST, if Keras has not got it")
    args = parser.parse_args()
    for name in args.names or names():
        print("%s: %s" % (name, keep(name, args.data)), flush=True)


if __name__ == "__main__":
    main()

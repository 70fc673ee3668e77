"""Programs run by `python -m tf1_dnn.run`, each in a process of its own, without its import.

This module is also the program that imports TensorFlow once, in TensorFlow 1's behaviour, and forks
a process for each command.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def serve():
    """For each JSON line `[folder, argv]` run the command in a fork of this process.

    Its output and errors go to the folder's files `stdout` and `stderr`; its exit code is printed.
    """
    from tf1_dnn import cli
    from tf1_dnn.run import __main__, activate

    activate()
    import tensorflow as tf

    tf.layers.dense, tf.keras.layers  # found late otherwise, by each fork again
    for line in sys.stdin:
        folder, argv = json.loads(line)
        pid = os.fork()
        if not pid:
            _print_to(folder)
            _end(_exit_code(lambda: cli.run(__main__.main, argv)))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _exit_code(main):
    try:
        return main()
    except SystemExit as end:  # of the program; a sentence would be an error
        return end.code if isinstance(end.code, int) else end.code is not None


def _end(code):
    """End the process at once: what Python does first takes as long as a small program."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(int(code))


def _print_to(folder):
    for number, name in enumerate(("stdout", "stderr"), start=1):
        os.dup2(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT), number)


if __name__ == "__main__":
    serve()


class Activated:
    """The program above, as a process that answers."""

    def __init__(self):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        environ = {"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ}
        self.process = subprocess.Popen([sys.executable, __file__], env=environ, **pipes)

    def run(self, *argv):
        """stdout, stderr and the exit code of `python -m tf1_dnn.run ARGV`."""
        with tempfile.TemporaryDirectory() as folder:
            print(
                json.dumps([folder, [str(word) for word in argv]]),
                file=self.process.stdin,
                flush=True,
            )
            code = int(self.process.stdout.readline())
            return *(Path(folder, name).read_text() for name in ("stdout", "stderr")), code

    def end(self):
        self.process.stdin.close()
        self.process.wait()

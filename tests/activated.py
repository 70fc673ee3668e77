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


def serve(activation):
    """For each JSON line `[folder, cwd, argv]` run the command in a fork of this process.

    It reads the folder's file `stdin`; its output and errors go to `stdout` and `stderr` there; its
    exit code is printed. `activation` is what `activate` is told of the options --check and --like.
    """
    from tf1_dnn import cli
    from tf1_dnn.run import __main__, activate

    activate(**activation)
    import tensorflow as tf

    tf.layers.dense, tf.keras.layers  # found late otherwise, by each fork again
    for line in sys.stdin:
        folder, cwd, argv = json.loads(line)
        pid = os.fork()
        if not pid:
            _use_files(folder)
            os.chdir(cwd)
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


def _use_files(folder):
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        flags = os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY
        os.dup2(os.open(os.path.join(folder, name), flags), number)
    sys.stdin = open(0)  # the other one may hold lines of this program's


if __name__ == "__main__":
    serve(json.loads(sys.argv.pop()))


class Activated:
    """The program above, as a process that answers."""

    def __init__(self, **activation):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        command = [sys.executable, __file__, json.dumps(activation)]
        self.process = subprocess.Popen(command, **pipes)

    def run(self, *argv, cwd=".", stdin=""):
        """stdout, stderr and the exit code of `python -m tf1_dnn.run ARGV`."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "stdin").write_text(stdin)
            message = [folder, str(cwd), [str(word) for word in argv]]
            print(json.dumps(message), file=self.process.stdin, flush=True)
            code = int(self.process.stdout.readline())
            return *(Path(folder, name).read_text() for name in ("stdout", "stderr")), code

    def end(self):
        with self.process:  # closes its pipes, and waits
            pass

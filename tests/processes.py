"""Real processes of `python -m tf1_dnn.train` for tests that kill them.

Importing TensorFlow takes seconds, so this module is also a program, which imports it once and
forks the processes.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

from kill_at import kill_at

from tf1_dnn import cli, train


def serve():
    """For each JSON line `["start", log, tf_config, argv, moments]`, fork a process; print its pid.

    For `["wait", pid, seconds]` print its exit code, minus the signal that ended it, or null.
    """
    import matplotlib.backends.backend_agg  # noqa: F401

    from tf1_dnn.cluster import membership, worker  # noqa: F401

    membership.FIRST_LOOK, membership.ANSWER_SECONDS = 1.0, 0.5  # tests wait for what it says
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        answer = _start(*arguments) if command == "start" else _wait(*arguments)
        print(json.dumps(answer), flush=True)


def _start(log, tf_config, argv, moments):
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.environ["TF_CONFIG"] = tf_config  # "" for one machine
    kill_at(moments)
    code = 1
    try:
        code = cli.run(train.main, argv)
    finally:
        os._exit(code)


def _wait(pid, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)


if __name__ == "__main__":
    serve()
    sys.exit()


class Server:
    """The program above: a process that has imported TensorFlow, and forks others."""

    def __init__(self):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process = subprocess.Popen([sys.executable, __file__], **pipes)

    def start(self, log, argv, tf_config="", moments=()):
        """The pid of a new process of the command, its output appended to `log`; see kill_at."""
        return self._ask("start", str(log), tf_config, argv, moments)

    def wait(self, pid, seconds=40):
        """The exit code, or minus the signal that ended the process; None if it does not end."""
        return self._ask("wait", pid, seconds)

    def end(self):
        with self.process:  # closes its pipes, and waits
            pass

    def _ask(self, *message):
        print(json.dumps(message), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


class Processes:
    """Tasks of one cluster at a time; what still runs at the end is killed."""

    def __init__(self, server):
        self.server, self.pids = server, {}

    def form(self, folder, argv, **sizes):
        """Another cluster, with so many tasks of each job, all with the same options."""
        self.end()
        self.folder, self.argv = folder, [str(word) for word in argv]
        self.cluster = {job: [free_address() for _ in range(n)] for job, n in sizes.items()}
        self.names = [(job, index) for job, n in sizes.items() for index in range(n)]

    def start(self, *tasks):
        """Start tasks, such as ("worker", 1); by default all."""
        for job, index in tasks or self.names:
            spec = {"cluster": self.cluster, "task": {"type": job, "index": index}}
            log = self._log((job, index))
            self.pids[job, index] = self.server.start(log, self.argv, json.dumps(spec))

    def kill(self, task, number=signal.SIGKILL):
        os.kill(self.pids[task], number)
        return self.wait(task)

    def wait(self, task, seconds=40):
        """A task's exit code; None if it does not end."""
        code = self.server.wait(self.pids[task], seconds)
        if code is not None:
            del self.pids[task]
        return code

    def wait_for_all(self):
        return {task: self.wait(task) for task in list(self.pids)}

    def log(self, task):
        path = self._log(task)
        return path.read_text() if path.exists() else ""

    def end(self):
        for task in list(self.pids):
            with contextlib.suppress(ProcessLookupError):
                self.kill(task)

    def _log(self, task):
        return self.folder / "{}-{}.log".format(*task)


def free_address():
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def wait_until(condition, seconds=40):
    """Poll until the condition holds; whether it did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False

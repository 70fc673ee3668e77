"""A cluster of processes on this machine: one for each task, stopped together."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import IO, Callable, Collection, Mapping

from tf1_dnn import cli
from tf1_dnn.cluster.tf_config import VARIABLE
from tf1_dnn.errors import OutputError
from tf1_dnn.spec import task_name
from tf1_dnn.training.signals import heeded

SECONDS_TO_STOP = 10.0  # that tasks get after SIGTERM


def make_environments(sizes: Mapping[str, int], *, evaluator: bool) -> dict[str, str]:
    """From each task's name to its TF_CONFIG, on ports that are free now."""
    tasks = [(job, index) for job, n in sizes.items() for index in range(n)]
    cluster: dict[str, list[str]] = {job: [] for job in sizes}
    with contextlib.ExitStack() as stack:  # all probes stay open, so that no port comes twice
        for job, _ in tasks:
            probe = stack.enter_context(socket.socket())
            probe.bind(("0.0.0.0", 0))
            cluster[job].append(f"127.0.0.1:{probe.getsockname()[1]}")
    tasks += [("evaluator", 0)] if evaluator else []
    return {
        task_name(job, index): json.dumps(
            {"cluster": cluster, "task": {"type": job, "index": index}}
        )
        for job, index in tasks
    }


def launch(command: list[str], environments: Mapping[str, str]) -> int:
    """Run a command once for each task, its lines printed behind the task's name.

    If one fails, the others are stopped: none can go on without it for good. SIGINT and SIGTERM
    are passed on to all. At the end none is left.

    Args:
      command: the words of its command line.
      environments: from a task's name to its TF_CONFIG.

    Returns:
      The worst exit code, 128 + N for a task that signal N ended, or for signal N to this process.
    """
    tasks: dict[str, subprocess.Popen] = {}
    threads: list[threading.Thread] = []
    signals: list[int] = []
    faults: list[Exception] = []
    width = max(map(len, environments))
    with contextlib.ExitStack() as stack:
        for number in heeded():
            before = signal.signal(number, lambda number, _: signals.append(number))
            stack.callback(signal.signal, number, before)
        try:
            for task, tf_config in environments.items():
                tasks[task] = _start(command, tf_config)
            for task, process in tasks.items():  # not before: a fork beside threads is not safe
                for pipe, tell in [(process.stdout, cli.put), (process.stderr, cli.say)]:
                    arguments = (f"{task:{width}} | ", pipe, tell, faults)
                    threads.append(threading.Thread(target=_relay, args=arguments, daemon=True))
                    threads[-1].start()
            code = _watch(tasks, signals, faults)
        finally:
            _stop(tasks.values())
            for thread in threads:
                thread.join(timeout=SECONDS_TO_STOP)
    if faults:
        raise faults[0]
    return code


def _start(command: list[str], tf_config: str) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        env={**os.environ, VARIABLE: tf_config},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a terminal's Ctrl-C comes through here alone
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    """Should this launcher be killed, Linux kills the task."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _relay(
    prefix: str, pipe: IO[bytes], tell: Callable[[str], None], faults: list[Exception]
) -> None:
    """Pass on a task's lines, to the end: nobody else empties the pipe."""
    with pipe:
        for line in pipe:
            try:
                tell(prefix + line.decode(errors="replace").rstrip("\n"))
            except (OutputError, BrokenPipeError) as error:
                faults.append(error)


def _watch(
    tasks: Mapping[str, subprocess.Popen], signals: list[int], faults: list[Exception]
) -> int:
    """The exit code, once all tasks have ended, one has failed or a signal has been passed on.

    Raises what keeps a task's lines from being told.
    """
    while not signals:
        if faults:
            raise faults[0]
        codes = {task: process.poll() for task, process in tasks.items()}
        failed = {task: 128 - code if code < 0 else code for task, code in codes.items() if code}
        if failed:
            what = ", ".join(f"{task} (exit code {code})" for task, code in failed.items())
            cli.say(f"stopping the cluster, for the loss of {what}")
            return max(failed.values())
        if all(code == 0 for code in codes.values()):
            return 0
        time.sleep(0.1)
    _stop(tasks.values(), signals[0])
    return 128 + signals[0]


def _stop(processes: Collection[subprocess.Popen], number: int = signal.SIGTERM) -> None:
    """Send a signal to the processes still there; SIGKILL to those that ignore it."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    for process in processes:
        if process.poll() is None:
            process.send_signal(number)
    for process in processes:
        try:
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

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
from typing import IO, Any, Iterator

from tf1_dnn import cli
from tf1_dnn.cluster.tf_config import VARIABLE
from tf1_dnn.spec import task_name

SECONDS_TO_STOP = 10.0  # that tasks get after SIGTERM


def make_environments(sizes: dict[str, int], *, evaluator: bool) -> Iterator[tuple[str, str]]:
    """Each task's name and TF_CONFIG, on ports that are free now."""
    ports = iter(free_ports(sum(sizes.values())))
    cluster = {
        job: [f"127.0.0.1:{next(ports)}" for _ in range(size)] for job, size in sizes.items()
    }
    tasks = [(job, index) for job, size in sizes.items() for index in range(size)]
    for job, index in tasks + ([("evaluator", 0)] if evaluator else []):
        spec = {"cluster": cluster, "task": {"type": job, "index": index}}
        yield task_name(job, index), json.dumps(spec)


def free_ports(n: int) -> list[int]:
    """Ports that nothing listens on, all different."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(n)]
        for probe in probes:
            probe.bind(("0.0.0.0", 0))
        return [probe.getsockname()[1] for probe in probes]


@contextlib.contextmanager
def signals_kept() -> Iterator[list[int]]:
    """SIGINT and SIGTERM go into the list yielded, to be passed on."""
    noted: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, lambda number, _: noted.append(number)) for each in numbers}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def tasks_started(
    command: list[str], environments: dict[str, str]
) -> Iterator[dict[str, subprocess.Popen]]:
    """A process per task, its lines printed behind its name; none is left at the end."""
    tasks: dict[str, subprocess.Popen] = {}
    threads: list[threading.Thread] = []
    width = max(map(len, environments))
    try:
        for task, spec in environments.items():
            tasks[task] = subprocess.Popen(
                command,
                env={**os.environ, VARIABLE: spec},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a terminal's Ctrl-C comes through here alone
                preexec_fn=_die_with_parent,
            )
        for task, process in tasks.items():
            for pipe, out in [(process.stdout, sys.stdout), (process.stderr, sys.stderr)]:
                arguments = (f"{task:{width}} | ", pipe, out)
                threads.append(threading.Thread(target=_relay, args=arguments, daemon=True))
                threads[-1].start()
        yield tasks
    finally:
        stop(list(tasks.values()))
        for thread in threads:
            thread.join(timeout=SECONDS_TO_STOP)


def _die_with_parent() -> None:
    """Should this launcher be killed, Linux kills the task."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _relay(prefix: str, pipe: IO[bytes], out: Any) -> None:
    for line in pipe:
        with contextlib.suppress(BrokenPipeError):
            out.write(prefix + line.decode(errors="replace").rstrip("\n") + "\n")
            out.flush()


def watch(tasks: dict[str, subprocess.Popen], signals: list[int]) -> int:
    """Wait for all tasks; the worst exit code, 128 + N for one that signal N ended.

    A signal is passed on to all of them. If one fails, the others are stopped: none can go on
    without it for good.
    """
    while not signals:
        codes = {task: process.poll() for task, process in tasks.items()}
        failed = {task: _shell_code(code) for task, code in codes.items() if code}
        if failed:
            what = ", ".join(f"{task} (exit code {code})" for task, code in failed.items())
            cli.say(f"stopping the cluster, for the loss of {what}")
            return max(failed.values())
        if all(code == 0 for code in codes.values()):
            return 0
        time.sleep(0.1)
    stop(list(tasks.values()), signals[0])
    return 128 + signals[0]


def stop(processes: list[subprocess.Popen], number: int = signal.SIGTERM) -> None:
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


def _shell_code(code: int) -> int:
    return 128 - code if code < 0 else code

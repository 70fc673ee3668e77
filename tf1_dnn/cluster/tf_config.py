"""TF_CONFIG: which tasks a cluster has and which of them this process is. No TensorFlow here.

The variable is what Kubeflow's TFJob, Vertex AI and YARN set for every process of a job:

    {"cluster": {"chief": ["host:port"], "worker": [...], "ps": [...], "evaluator": [...]},
     "task": {"type": "worker", "index": 0}}
"""

import json
import os
import re
import reprlib
import socket
from typing import Any

from tf1_dnn.errors import ClusterError, told
from tf1_dnn.spec import Task, task_name

VARIABLE = "TF_CONFIG"
JOBS = ("chief", "worker", "ps", "evaluator")
_LABEL = r"[0-9A-Za-z_-]{1,63}"  # of a host's name; a resolver raises anything at other ones
_HOST = rf"(?=.{{1,253}}:){_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\]"
_ADDRESS = re.compile(rf"(?:{_HOST}):([0-9]{{1,5}})")
_INDEX = re.compile(r"[0-9]{1,9}")
_SHORT = reprlib.Repr()  # of a value that may be endlessly long or deep
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80


def from_environment() -> Task | None:
    """This process's task, or None where TF_CONFIG names no cluster of several tasks.

    Raises ClusterError, with one sentence, for a TF_CONFIG that is malformed or contradictory.
    """
    return parse(os.environ.get(VARIABLE, "").strip() or "{}")


def parse(text: str) -> Task | None:
    """The task of a TF_CONFIG's text; see `from_environment`."""
    remedy = "correct it, or unset it to train on one machine"
    with told(ClusterError, f"{VARIABLE} is not JSON", remedy, ValueError, RecursionError):
        spec = json.loads(text, parse_int=_number)
    _require(isinstance(spec, dict), "is not a JSON object: give it a cluster and a task")
    if not spec.get("cluster"):
        return None
    cluster = _cluster(spec["cluster"])
    job, index = _task(spec.get("task"))
    if job != "evaluator":
        n_tasks = len(cluster.get(job, []))
        _require(
            index < n_tasks,
            f"makes this process {job} {index}, but its cluster has {n_tasks} of {job}: count "
            "from 0 and name every task",
        )
    cluster.pop("evaluator", None)  # it reads checkpoints, and nobody calls it
    if sum(map(len, cluster.values())) == 1 and "ps" not in cluster and job != "evaluator":
        return None
    _require(bool(cluster.get("ps")), "names no ps: give the cluster a parameter server")
    task = Task(cluster, job, index)
    _require(bool(task.replicas), "names no worker: give the cluster one that trains")
    _require(len(cluster.get("chief", [])) < 2, "names several chiefs: leave one")
    return task


def _number(digits: str) -> float:
    """An int; as long as none can be, a float, as other languages read it."""
    return int(digits) if len(digits) < 20 else float(digits)


def _cluster(given: Any) -> dict[str, list[str]]:
    """The addresses by job, each of them once."""
    _require(isinstance(given, dict), "has a cluster that is not an object: give lists by job")
    unknown = _SHORT.repr("/".join(sorted(set(given) - set(JOBS))))
    _require(set(given) <= set(JOBS), f"has the unknown job {unknown}: use {', '.join(JOBS)}")
    seen: dict[str, str] = {}
    for job, addresses in given.items():
        _require(isinstance(addresses, list), f'gives {job} no list: write ["host:port", ...]')
        for index, address in enumerate(addresses):
            what = task_name(job, index)
            match = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
            _require(
                match is not None and 0 < int(match[1]) < 65536,
                f"gives {what} the address {_SHORT.repr(address)}: write host:port, a name or "
                "address as DNS knows it and a port from 1 to 65535",
            )
            _require(
                address not in seen,
                f"gives {what} the address {address} of {seen.get(address)}: one task, one address",
            )
            seen[address] = what
    return {job: list(addresses) for job, addresses in given.items() if addresses}


def _task(given: Any) -> tuple[str, int]:
    _require(isinstance(given, dict), 'has no task: add {"type": "worker", "index": 0}')
    job, index = given.get("type"), given.get("index", 0)
    _require(job in JOBS, f"has the unknown task type {_SHORT.repr(job)}: use {', '.join(JOBS)}")
    is_index = isinstance(index, (int, str)) and _INDEX.fullmatch(str(index)) is not None
    _require(is_index, f"has the task index {_SHORT.repr(index)}: count from 0")
    return job, int(index)


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise ClusterError(f"{VARIABLE} {sentence}.")


def split_address(address: str) -> tuple[str, int]:
    """Host and port, as the socket module takes them."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def require_port_free(task: Task) -> None:
    """Raise ClusterError if another process listens on the task's port."""
    port, fault = split_address(task.address)[1], f"{task} cannot listen on {task.address}"
    remedy = f"end what uses port {port}, or give the task another one in {VARIABLE}"
    with socket.socket() as probe, told(ClusterError, fault, remedy, OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gRPC does
        probe.bind(("0.0.0.0", port))  # TensorFlow binds every interface

"""The command-line options of a task in a cluster."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from tf1_dnn import cluster_spec
from tf1_dnn.config import Execution
from tf1_dnn.errors import ConfigError


def add_cluster_options(parser: argparse.ArgumentParser) -> None:
    """How the replicas of a cluster work together."""
    cluster = parser.add_argument_group("cluster (where TF_CONFIG names one)")
    pace = cluster.add_mutually_exclusive_group()
    pace.add_argument(
        "--sync",
        action="store_true",
        help="one update from the gradients of all workers' mini-batches (default)",
    )
    pace.add_argument(
        "--async",
        dest="sync",
        action="store_false",
        help="every worker updates the variables as soon as it has a gradient",
    )


def make_cluster_options(options: dict[str, Any], execution: Execution) -> dict[str, Any]:
    """What chief.train takes instead of `execution`, {} on one machine; out of `options`.

    Raises ConfigError for an option that has no meaning there, ClusterError for a bad TF_CONFIG
    or a port in use.
    """
    sync, task = options.pop("sync", None), cluster_spec.from_environment()
    if task is None and sync is None:
        return {}
    if task is None:
        raise ConfigError(
            "--sync and --async need a cluster: use python -m tf1_dnn.cluster, or set "
            f"{cluster_spec.VARIABLE}."
        )
    if not execution.xla or execution.max_resident_bytes != Execution.max_resident_bytes:
        raise ConfigError(
            "in a cluster every step is a session.run: drop --no-xla and --max-resident-bytes."
        )
    if task.type != "evaluator":
        cluster_spec.require_port_free(task)
    execution = dataclasses.replace(execution, loop="step")
    return {"task": task, "sync": sync is not False, "execution": execution}

"""TrainSpec: all that one command carries from its options to training, in one piece."""

import dataclasses
import os
from typing import Mapping

from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.errors import ConfigError
from tf1_dnn.network_source import NetworkSource

PathLike = str | os.PathLike[str]


@dataclasses.dataclass(frozen=True)
class Task:
    """One process of a cluster. Chief and workers each train a replica of the network."""

    cluster: Mapping[str, list[str]]  # addresses by job: ps, worker, chief where there is one
    type: str
    index: int

    def __str__(self) -> str:
        return task_name(self.type, self.index)

    @property
    def address(self) -> str:
        return self.cluster[self.type][self.index]

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of all tasks, by their names."""
        return {
            task_name(job, index): address
            for job, addresses in self.cluster.items()
            for index, address in enumerate(addresses)
        }

    @property
    def replicas(self) -> list[str]:
        """The names of the tasks that train, the chief first."""
        return [
            task_name(job, index)
            for job in ("chief", "worker")
            for index in range(len(self.cluster.get(job, [])))
        ]

    @property
    def is_chief(self) -> bool:
        """Whether this task keeps the run: the chief, or the first worker where there is none."""
        return str(self) == self.replicas[0]


def task_name(job: str, index: int) -> str:
    """What a task is called in messages: "chief", "worker 1", "ps 0"."""
    return job if job in ("chief", "evaluator") else f"{job} {index}"


@dataclasses.dataclass(frozen=True)
class TrainSpec:
    """What to train, on which data and device, in which cluster, and what to keep of it.

    Raises ConfigError for patience without a run directory, or a network whose text is unknown
    with one.
    """

    config: Config
    execution: Execution = Execution()
    keeping: Keeping = Keeping()
    network: NetworkSource | None = None  # of the user's own, in the place of the config's
    dataset: str = "auto"  # as data.load takes it
    data: str | None = None  # likewise, its `path`
    run_dir: PathLike | None = None  # nothing is kept without
    resume: bool = False  # go on with the run in run_dir, if there is one
    overwrite: bool = False  # delete it first
    from_checkpoint: str | None = None  # prefix of one to start from, instead of initial weights
    task: Task | None = None  # of this process in a cluster; None on one machine
    sync: bool = True  # one update from all replicas' gradients, or each replica's own

    def __post_init__(self) -> None:
        if self.network and self.run_dir is not None and not self.network.text:
            raise ConfigError(
                f"the network {self.network.function} has no text to keep in the run directory: "
                "define it in a file."
            )
        if self.keeping.patience is not None and self.run_dir is None:
            raise ConfigError("patience needs a run directory, where the best checkpoint is kept.")

    @property
    def n_together(self) -> int:
        """How many mini-batches go into one update."""
        return len(self.task.replicas) if self.task and self.sync else 1

    @property
    def cluster(self) -> str | None:
        """What of the cluster decides the digits, in words, for config.json."""
        if self.task is None:
            return None
        return f"{len(self.task.replicas)} replicas, {'' if self.sync else 'a'}synchronous"


def was_synchronous(cluster: str | None) -> bool:
    """TrainSpec.sync of the run whose config.json has these words."""
    return not (cluster or "").endswith(" asynchronous")

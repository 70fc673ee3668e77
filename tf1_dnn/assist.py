"""The tasks of a cluster that keep no run: parameter server, worker, evaluator.

TensorFlow is imported once everything else has been checked.
"""

from __future__ import annotations

from typing import Any

from tf1_dnn import data
from tf1_dnn.cluster_spec import Task
from tf1_dnn.config import Config, Execution


def assist(
    config: Config,
    dataset: str,
    path: str | None,
    *,
    task: Task,
    sync: bool,
    execution: Execution,
    run_dir: str | None,
    **kept: Any,
) -> None:
    """Be one of them until the run is over; what only the chief uses of its options is ignored."""
    if task.type == "ps":
        from tf1_dnn import distributed

        return distributed.serve(task)
    splits = data.load(dataset, path)
    data.n_batches(splits.train.n_examples, config.batch_size * task.n_together(sync))
    if task.type == "evaluator":
        from tf1_dnn import evaluator

        return evaluator.follow(run_dir, splits)
    from tf1_dnn import distributed

    distributed.work(config, splits, task=task, sync=sync, execution=execution)

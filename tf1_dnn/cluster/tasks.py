"""The tasks of a cluster that keep no run: parameter server, worker, evaluator.

TensorFlow is imported once everything else has been checked.
"""

from tf1_dnn import data
from tf1_dnn.cluster import evaluator
from tf1_dnn.spec import TrainSpec


def take_part(spec: TrainSpec) -> None:
    """Be the spec's task until the run is over."""
    assert spec.task is not None
    if spec.task.type == "ps":
        from tf1_dnn.cluster import membership

        return membership.serve(spec.task)
    splits = data.load(spec.dataset, spec.data)
    data.n_batches(splits.train.n_examples, spec.config.batch_size * spec.n_together)
    if spec.task.type == "evaluator":
        return evaluator.follow(spec.run_dir, splits, spec.network)
    from tf1_dnn.cluster import worker

    worker.work(spec, splits)

"""One replica's graph: the network of `build_graph`, its variables on the parameter servers."""

from typing import Any, Callable, NamedTuple, Sequence

from tf1_dnn.cluster import shared
from tf1_dnn.cluster.averaging import AveragingOptimizer
from tf1_dnn.compat import tf
from tf1_dnn.config import CLIP_KINDS, Config
from tf1_dnn.graph import ModelSpec, Tower, build_graph, build_training_tower
from tf1_dnn.spec import Task


class Replica(NamedTuple):
    """The graph that a chief or worker runs."""

    model: ModelSpec  # for evaluation and checkpoints
    tower: Tower  # for the steps
    device: str  # of the task itself
    averaging: AveragingOptimizer | None  # None when asynchronous
    now: Any  # int64: what generation is initialized with
    generation: Any  # int64 variable: when a chief last set up all others; not there before it has
    is_missing: Any  # a list that is empty once generation is there
    withdraw: Any  # deletes generation
    is_over: Any  # bool variable: the run has ended, everybody may leave

    def feed_dict(self, examples: Any, share: float) -> dict[Any, Any]:
        """The feed_dict of this replica's `(inputs, labels)` of a step, and their share in it."""
        feed_dict = self.model.placeholders.feed_dict(examples, training=True)
        return {**feed_dict, self.averaging.share: share} if self.averaging else feed_dict


class _LeastLoaded:
    """Puts each variable on the parameter server that has the fewest numbers so far."""

    def __init__(self, n_servers: int) -> None:
        self.sizes = [0] * n_servers

    def __call__(self, op: Any) -> int:
        server = self.sizes.index(min(self.sizes))
        self.sizes[server] += tf.TensorShape(op.get_attr("shape")).num_elements()
        return server


def build_replica(
    task: Task,
    config: Config,
    n_inputs: int,
    n_outputs: int,
    *,
    sync: bool,
    image_shape: Sequence[int] | None = None,
    own: Callable[..., Any] | None = None,
) -> Replica:
    """The graph of one replica; all replicas of a cluster build the same one, but for its devices.

    With `sync`, batch norm's update ops run with every replica's gradients: each replica
    normalizes by its own slice and moves the shared averages once. `image_shape` and `own` are as
    in build_graph.
    """
    n_servers, device = len(task.cluster["ps"]), f"/job:{task.type}/task:{task.index}"
    setter = tf.train.replica_device_setter(
        ps_tasks=n_servers, worker_device=device, ps_strategy=_LeastLoaded(n_servers)
    )
    averaging = AveragingOptimizer(config, task) if sync else None
    unclipped = config.replace(**dict.fromkeys(CLIP_KINDS)) if averaging else config
    model = build_graph(
        unclipped,
        n_inputs,
        n_outputs,
        image_shape=image_shape,
        own=own,
        device=setter,
        optimizer=averaging,
    )
    tower = _build_tower(model, setter)
    with model.graph.as_default(), tf.device("/job:ps/task:0"):
        now = tf.cast(1e6 * tf.timestamp(), tf.int64)  # in microseconds
        generation = shared.variable(now, tf.int64, "generation")
        is_missing = tf.report_uninitialized_variables([generation])
        is_missing.mark_used()  # by workers
        return Replica(
            model=model._replace(config=config),
            tower=tower,
            device=device,
            averaging=averaging,
            now=now,
            generation=generation,
            is_missing=is_missing,
            withdraw=shared.destroy(generation.handle),
            is_over=shared.variable(False, tf.bool, "is_over"),
        )


def _build_tower(model: ModelSpec, device: Any) -> Tower:
    """A tower that only trains.

    Where `training` is a placeholder, batch norm's conditions send both their branches' tensors
    to the parameter server and back: half of all messages of a step.
    """
    with model.graph.as_default(), tf.device(device):
        model.graph.clear_collection(tf.GraphKeys.UPDATE_OPS)  # the other tower's
        inputs, labels = model.placeholders.inputs, model.placeholders.labels
        return build_training_tower(model, inputs, labels)

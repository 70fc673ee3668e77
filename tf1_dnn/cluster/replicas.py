"""One replica's graph: the network of `build_graph`, its variables on the parameter servers."""

from typing import Any, NamedTuple

from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import CLIP_KINDS, Clipping, Config
from tf1_dnn.graph import ModelSpec, build_graph, uncollected_variable
from tf1_dnn.graph.learning_rate import Schedule
from tf1_dnn.graph.train_op import GradsAndVars, clip_gradients, make_optimizer
from tf1_dnn.spec import Task


class ClippingOptimizer:
    """A tf.train optimizer that clips what it is given to apply.

    Under SyncReplicasOptimizer these are the gradients averaged over all replicas. Clipping each
    replica's own, before, would bound another quantity: the mean of clipped gradients is not the
    clipped mean.
    """

    def __init__(self, optimizer: Any, clipping: Clipping | None) -> None:
        self._optimizer, self._clipping = optimizer, clipping

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None) -> Any:
        clipped = clip_gradients(list(grads_and_vars), self._clipping)
        with tf.name_scope("train/"):  # where one machine's optimizer makes its variables
            return self._optimizer.apply_gradients(clipped, global_step)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._optimizer, name)


class AveragingOptimizer(tf.train.SyncReplicasOptimizer):
    """One update of the config's optimizer from the mean of all replicas' gradients.

    SyncReplicasOptimizer (Chen et al., 2016, arXiv:1604.00981, without backup workers) collects
    them in accumulators on the parameter servers; the chief's queue runner takes the means,
    applies them, and queues one token for each replica, with the number of the next step.
    """

    def __init__(self, config: Config, n_replicas: int) -> None:
        optimizer = make_optimizer(config.optimizer, Schedule(config))
        inner = ClippingOptimizer(optimizer, config.clipping)
        with tf1_warnings_silenced():
            super().__init__(inner, replicas_to_aggregate=n_replicas)

    def apply_gradients(
        self, grads_and_vars: GradsAndVars, global_step: Any = None, name: str | None = None
    ) -> Any:
        """Push this replica's gradients, times `share`, and wait for the update.

        The caller's control dependencies, UPDATE_OPS, must hold for the gradients alone: around
        the rest, the chief's queue runner would wait for placeholders that nobody feeds it.
        """
        with tf.control_dependencies(None):  # a fed placeholder would hide them from the products
            self.share = tf.placeholder_with_default(1.0, [], name="share")
        pushed = [(grad * self.share, var) for grad, var in grads_and_vars]
        with tf.control_dependencies(None), tf1_warnings_silenced():
            train_op = super().apply_gradients(pushed, global_step, name)
            self.ready_for_local_init_op.mark_used()  # the chief takes care of that itself
            with tf.device(global_step.device):
                tokens = tf.FIFOQueue(-1, tf.int64, shapes=(), shared_name="sync_token_q")
                self.take_token, self.token = tokens.dequeue(), tf.placeholder(tf.int64, [])
                self.put_token = tokens.enqueue(self.token)
                self.close_tokens = tokens.close(cancel_pending_enqueues=True)
                self.destroy_tokens = _destroy(tokens.queue_ref)
            self.pending, self.drop = [], []
            for accumulator, device in self._accumulator_list:
                with tf.device(device):
                    self.pending.append(accumulator.num_accumulated())
                    self.drop.append(accumulator.take_grad(1))
        return train_op

    def forget(self, session: Any) -> None:
        """Send the replicas of an earlier chief away, and drop the gradients they had pushed.

        Their waiting for a token ends with OutOfRangeError.
        """
        session.run(self.close_tokens)
        session.run(self.destroy_tokens)
        counts = session.run(self.pending)
        session.run([drop for drop, count in zip(self.drop, counts) if count])


class Replica(NamedTuple):
    """The graph that a chief or worker runs."""

    model: ModelSpec
    device: str  # of the task itself
    averaging: AveragingOptimizer | None  # None when asynchronous
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
    task: Task, config: Config, n_inputs: int, n_outputs: int, *, sync: bool
) -> Replica:
    """The graph of one replica; all replicas of a cluster build the same one, but for its devices.

    With `sync`, batch norm's update ops run with every replica's gradients: each replica
    normalizes by its own slice and moves the shared averages once.
    """
    n_servers, device = len(task.cluster["ps"]), f"/job:{task.type}/task:{task.index}"
    setter = tf.train.replica_device_setter(
        ps_tasks=n_servers, worker_device=device, ps_strategy=_LeastLoaded(n_servers)
    )
    averaging = AveragingOptimizer(config, len(task.replicas)) if sync else None
    unclipped = config.replace(**dict.fromkeys(CLIP_KINDS)) if averaging else config
    model = build_graph(unclipped, n_inputs, n_outputs, device=setter, optimizer=averaging)
    with model.graph.as_default(), tf.device("/job:ps/task:0"):
        microseconds = tf.cast(1e6 * tf.timestamp(), tf.int64)
        generation = cluster_variable(microseconds, tf.int64, "generation")
        is_missing = tf.report_uninitialized_variables([generation])
        is_missing.mark_used()  # by workers
        return Replica(
            model=model._replace(config=config),
            device=device,
            averaging=averaging,
            generation=generation,
            is_missing=is_missing,
            withdraw=_destroy(generation.handle),
            is_over=cluster_variable(False, tf.bool, "is_over"),
        )


def cluster_variable(initial_value: Any, dtype: Any, name: str) -> Any:
    """One that all replicas share, and no checkpoint keeps."""
    return uncollected_variable(initial_value, "cluster", dtype=dtype, name=f"cluster/{name}")


def _destroy(handle: Any) -> Any:
    return tf.raw_ops.DestroyResourceOp(resource=handle, ignore_lookup_error=True)

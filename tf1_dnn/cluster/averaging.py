"""How synchronous replicas' gradients become one update, in which each replica counts once."""

from typing import Any

from tf1_dnn.cluster import shared
from tf1_dnn.compat import tf, tf1_warnings_silenced
from tf1_dnn.config import Config
from tf1_dnn.graph.learning_rate import Schedule
from tf1_dnn.graph.train_op import GradsAndVars, clip_gradients, make_optimizer
from tf1_dnn.spec import Task


class AveragingOptimizer:
    """One update of the config's optimizer from the mean of all replicas' gradients.

    Collects them as tf.train.SyncReplicasOptimizer does (Chen et al., 2016, arXiv:1604.00981,
    without backup workers): in accumulators on the parameter servers. The chief's queue runner
    takes them, applies their mean, and queues a token for each replica.

    There, the replicas share accumulators and queue, and one that is killed and comes back may
    count twice. Here each has its own, and may push its gradients of a step again: the mean of
    equal gradients is the gradient. They are equal because nothing is applied before everything
    has been taken; what is pushed later than that is dropped as stale.

    Accumulators and tokens know a step by its time step: the chief's generation plus the step's
    number. So what was meant for an earlier chief is stale, too.
    """

    def __init__(self, config: Config, task: Task) -> None:
        self._optimizer = make_optimizer(config.optimizer, Schedule(config))
        self._clipping, self._replicas = config.clipping, task.replicas
        self.rank = task.replicas.index(str(task))
        self._pending: list[Any] = []
        self._drop: list[Any] = []
        self._set_time_steps: list[Any] = []

    def compute_gradients(self, loss: Any) -> GradsAndVars:
        return self._optimizer.compute_gradients(loss)

    def apply_gradients(self, grads_and_vars: GradsAndVars, global_step: Any) -> Any:
        """Push this replica's gradients, times `share`, and take a token from its queue.

        The caller's control dependencies, UPDATE_OPS, must hold for the gradients alone: around
        the rest, the chief's queue runner would wait for placeholders that nobody feeds it.
        """
        with tf.control_dependencies(None):  # a fed placeholder would hide them from the products
            self.share = tf.placeholder_with_default(1.0, [], name="share")
            self.time_step = tf.placeholder(tf.int64, [], name="time_step")
        pushed = [(grad * self.share, var) for grad, var in grads_and_vars]
        with tf.control_dependencies(None):
            pushes, means = zip(*[self._collect(grad, var) for grad, var in pushed])
            with tf.device(global_step.device):
                self._make_tokens(self._update(means, pushed, global_step))
                with tf.control_dependencies(pushes):
                    return self._mine.dequeue()

    def _collect(self, grad: Any, var: Any) -> tuple[Any, Any]:
        """The op that pushes this replica's gradient of a variable, and the mean over all."""
        dtype, names = var.dtype.base_dtype, [f"{var.op.name}/{each}" for each in self._replicas]
        with tf.device(var.device):
            accumulators = [tf.ConditionalAccumulator(dtype, var.shape, name) for name in names]
            for each in accumulators:
                self._pending.append(each.num_accumulated())
                self._drop.append(each.take_grad(1))
                self._set_time_steps.append(each.set_global_step(self.time_step))
            push = accumulators[self.rank].apply_grad(grad, self.time_step)
            return push, tf.add_n([each.take_grad(1) for each in accumulators]) / len(names)

    def _update(self, means: Any, grads_and_vars: GradsAndVars, global_step: Any) -> Any:
        """Apply the means, once all of them are there.

        Clipped here, since the mean of clipped gradients is something else.
        """
        taken = zip(tf.tuple(means), [var for _, var in grads_and_vars])
        clipped = clip_gradients(list(taken), self._clipping)
        with tf.name_scope("train/"):  # where one machine's optimizer makes its variables
            return self._optimizer.apply_gradients(clipped, global_step)

    def _make_tokens(self, update: Any) -> None:
        queues = [shared.queue(tf.int64, f"tokens/{each}") for each in self._replicas]
        clock = shared.variable(0, tf.int64, "clock")
        with tf.control_dependencies([update]):
            now = clock.assign_add(1, read_value=True)
        tick = tf.group([queue.enqueue(now) for queue in queues])
        with tf1_warnings_silenced():
            self._runner = tf.train.QueueRunner(queues[0], [tick])
        self._set_clock = clock.assign(self.time_step)
        self._first_tokens = [queue.enqueue(self.time_step) for queue in queues]
        self._close = [queue.close(cancel_pending_enqueues=True) for queue in queues]
        self._destroy = [shared.destroy(queue.queue_ref) for queue in queues]
        self._mine = queues[self.rank]
        self.take_token = self._mine.dequeue()

    def set_up(self, session: Any, coordinator: Any, time_step: int) -> None:
        """As the chief: let the replicas begin with this time step, and only with it.

        Those of an earlier chief go away: their waiting for a token ends with OutOfRangeError, or
        with this time step's.
        """
        session.run(self._close)
        session.run(self._destroy)
        earlier, now = {self.time_step: time_step - 1}, {self.time_step: time_step}
        session.run(self._set_time_steps, earlier)  # from here on, nothing for an earlier chief
        counts = session.run(self._pending)
        session.run([drop for drop, count in zip(self._drop, counts) if count])
        session.run([self._set_time_steps, self._set_clock, self._first_tokens], now)
        self._runner.create_threads(session, coordinator, daemon=True, start=True)

    def stop(self, session: Any) -> None:
        """As the chief: let nobody begin another step."""
        session.run(self._close)

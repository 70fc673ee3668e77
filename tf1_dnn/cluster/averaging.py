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
        self._accumulators: list[list[Any]] = []  # of each server, one a replica
        self._pending: list[Any] = []
        self._drop: list[Any] = []
        self._set_time_steps: list[Any] = []

    def compute_gradients(self, loss: Any) -> GradsAndVars:
        return self._optimizer.compute_gradients(loss)

    def apply_gradients(self, grads_and_vars: GradsAndVars, global_step: Any) -> Any:
        """Push this replica's gradients, times `share`, and take a token from its queue.

        The steps of all towers push to the same accumulators. Only the push waits for the caller's
        control dependencies, UPDATE_OPS, for both happen on the servers; and the chief's queue
        runner would wait for placeholders that nobody feeds it.
        """
        servers = _by_server(grads_and_vars)
        with tf.control_dependencies(None):
            if not self._accumulators:
                self._make_update(servers, global_step)
            vectors = [self._vector(pairs) for pairs in servers]
        pushes = [self._push(*each) for each in zip(self._accumulators, vectors)]
        with tf.control_dependencies(pushes), tf.device(global_step.device):
            return self._mine.dequeue()

    def _make_update(self, servers: list[GradsAndVars], global_step: Any) -> None:
        """What the chief's queue runner does, and what is fed to every replica's push."""
        self.share = tf.placeholder_with_default(1.0, [], name="share")
        self.time_step = tf.placeholder(tf.int64, [], name="time_step")
        self._accumulators = [self._make_accumulators(pairs) for pairs in servers]
        means = [_mean(each) for each in self._accumulators]
        with tf.device(global_step.device):
            self._make_tokens(self._update(means, servers, global_step))

    def _make_accumulators(self, grads_and_vars: GradsAndVars) -> list[Any]:
        """One for each replica, of all gradients of one server's variables together."""
        size = sum(var.shape.num_elements() for _, var in grads_and_vars)
        with tf.device(grads_and_vars[0][1].device):
            accumulators = [
                tf.ConditionalAccumulator(tf.float32, [size], f"gradients/{each}")
                for each in self._replicas
            ]
            for each in accumulators:
                self._pending.append(each.num_accumulated())
                self._drop.append(each.take_grad(1))
                self._set_time_steps.append(each.set_global_step(self.time_step))
        return accumulators

    def _vector(self, grads_and_vars: GradsAndVars) -> Any:
        """This replica's gradients of one server's variables, times `share`, to travel together.

        What a step takes is mostly the number of its messages.
        """
        return tf.concat([tf.reshape(grad * self.share, [-1]) for grad, _ in grads_and_vars], 0)

    def _push(self, accumulators: list[Any], vector: Any) -> Any:
        mine = accumulators[self.rank]
        with tf.device(mine.accumulator_ref.device):
            return mine.apply_grad(vector, self.time_step)

    def _update(self, means: list[Any], servers: list[GradsAndVars], global_step: Any) -> Any:
        """Apply the means, once all of them are there.

        Clipped here, since the mean of clipped gradients is something else.
        """
        taken: GradsAndVars = []
        for mean, pairs in zip(tf.tuple(means), servers):
            variables = [var for _, var in pairs]
            with tf.device(mean.device):
                parts = tf.split(mean, [var.shape.num_elements() for var in variables])
                taken += [(tf.reshape(part, v.shape), v) for part, v in zip(parts, variables)]
        clipped = clip_gradients(taken, self._clipping)
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


def _by_server(grads_and_vars: GradsAndVars) -> list[GradsAndVars]:
    """Those of each parameter server's variables, in order."""
    servers: dict[str, GradsAndVars] = {}
    for grad, var in grads_and_vars:
        servers.setdefault(var.device, []).append((grad, var))
    return list(servers.values())


def _mean(accumulators: list[Any]) -> Any:
    """The mean of all replicas' gradients on one server, once all are there."""
    with tf.device(accumulators[0].accumulator_ref.device):
        return tf.add_n([each.take_grad(1) for each in accumulators]) / len(accumulators)

"""How replicas go through the steps: together (SyncSteps), or each on its own (AsyncSteps)."""

import time
from typing import Any, NamedTuple

from tf1_dnn.cluster.replicas import Replica, cluster_variable
from tf1_dnn.compat import tf

NO_MORE = 2**62  # a ticket beyond every schedule
SECONDS_WITHOUT_STEP = 5.0  # after which a step that a replica has begun is taken for lost


class Progress(NamedTuple):
    """What a replica knows after a step."""

    next: int  # the step to do next
    done: int  # how many steps all replicas together have done: the global step
    values: Any  # of the fetches


class SyncSteps:
    """All replicas do the same step, each its slice; the next begins when all have contributed."""

    def __init__(self, replica: Replica) -> None:
        self.model = replica.model
        self.averaging: Any = replica.averaging

    def set_up(self, session: Any, coordinator: Any) -> None:
        """As the chief, once the model's variables are there: make the steps possible."""
        self.averaging.forget(session)
        session.run(self.averaging.chief_init_op)
        runner = self.averaging.get_chief_queue_runner()
        runner.create_threads(session, coordinator, daemon=True, start=True)

    def start(self, session: Any) -> Progress:
        """Where to go on; the values are None."""
        session.run(self.averaging.local_step_init_op)
        step = int(session.run(self.model.global_step))
        return Progress(step, step, None)

    def step(self, session: Any, step: int, fetches: Any, feed_dict: Any) -> Progress:
        """Run the train op of one step."""
        values, token = session.run([fetches, self.model.tower.step.train_op], feed_dict)
        token = int(token) if token != step else self.later_token(session, step)
        return Progress(token, token, values)

    def later_token(self, session: Any, step: int) -> int:
        """The token of a later step, in exchange for one of the step that was just done.

        Such a token belongs to a replica that has not fetched it yet. To do the step once more
        would count this replica's gradient twice and leave out the other's.
        """
        token = step
        while token == step:
            if int(session.run(self.model.global_step)) == step:  # else nobody waits for it
                session.run(self.averaging.put_token, {self.averaging.token: token})
                time.sleep(0.001)
            token = int(session.run(self.averaging.take_token))
        session.run(self.averaging.local_step_init_op)
        return token

    def wait_for(self, session: Any, n_done: int) -> None:
        """Wait until so many steps are done by all: as soon as this replica has done them."""

    def stop(self, session: Any) -> None:
        """As the chief: let nobody begin another step."""
        session.run(self.averaging.close_tokens)


class AsyncSteps:
    """Each replica takes the next step that nobody has taken, and applies its own gradients.

    The methods are SyncSteps's.
    """

    def __init__(self, replica: Replica) -> None:
        self.model = replica.model
        with self.model.graph.as_default():
            with tf.device("/job:ps/task:0"):
                ticket = cluster_variable(0, tf.int64, "ticket")  # the next step nobody has taken
            # Atomic, unlike assign_add and a look at its result.
            self.take = tf.raw_ops.ResourceCountUpTo(
                resource=ticket.handle, limit=2**63 - 1, T=tf.int64
            )
            self.skip_done = ticket.assign(self.model.global_step)
            self.skip_all = ticket.assign(NO_MORE)

    def set_up(self, session: Any, coordinator: Any) -> None:
        session.run(self.skip_done)

    def start(self, session: Any) -> Progress:
        done, ticket = session.run([self.model.global_step, self.take])
        return Progress(int(ticket), int(done), None)

    def step(self, session: Any, step: int, fetches: Any, feed_dict: Any) -> Progress:
        train_op, global_step = self.model.tower.step.train_op, self.model.global_step
        values, _, ticket, done = session.run(
            [fetches, train_op, self.take, global_step], feed_dict
        )
        return Progress(int(ticket), int(done), values)

    def wait_for(self, session: Any, n_done: int, at_most: float = SECONDS_WITHOUT_STEP) -> None:
        """Wait while others do their last steps; one begun by a replica that died never comes."""
        done, since = -1, time.monotonic()
        while done < n_done and time.monotonic() - since < at_most:
            before, done = done, int(session.run(self.model.global_step))
            if done != before:
                since = time.monotonic()
            time.sleep(0.01)

    def stop(self, session: Any) -> None:
        session.run(self.skip_all)
        self.wait_for(session, NO_MORE, at_most=0.2)


def make_steps(replica: Replica) -> SyncSteps | AsyncSteps:
    """The kind that the replica's graph was built for."""
    return SyncSteps(replica) if replica.averaging else AsyncSteps(replica)

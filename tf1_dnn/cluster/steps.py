"""How replicas go through the steps: together (SyncSteps), or each on its own (AsyncSteps)."""

import time
from typing import Any, NamedTuple

from tf1_dnn.cluster import shared
from tf1_dnn.cluster.replicas import Replica
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
        self.model, self.train_op = replica.model, replica.tower.step.train_op
        self.averaging: Any = replica.averaging
        self.generation = 0  # the chief's, from which time steps are counted

    def set_up(self, session: Any, coordinator: Any, generation: int) -> None:
        """As the chief, once the model's variables are there: make the steps possible."""
        step = int(session.run(self.model.global_step))
        self.averaging.set_up(session, coordinator, generation + step)

    def start(self, session: Any, generation: int) -> Progress:
        """Where to go on; the values are None."""
        self.generation, step = generation, int(session.run(self.model.global_step))
        return Progress(step, step, None)

    def step(self, session: Any, step: int, fetches: Any, feed_dict: Any) -> Progress:
        """Run the train op of one step."""
        now = self.generation + step
        feed_dict = {**feed_dict, self.averaging.time_step: now}
        values, token = session.run([fetches, self.train_op], feed_dict)
        while token <= now:  # the chief's first, or left behind when this replica was killed
            token = session.run(self.averaging.take_token)
        if token > now + 1:
            raise another_chief()
        return Progress(step + 1, step + 1, values)

    def wait_for(self, session: Any, n_done: int) -> None:
        """Wait until so many steps are done by all: as soon as this replica has done them."""

    def stop(self, session: Any) -> None:
        """As the chief: let nobody begin another step."""
        self.averaging.stop(session)


class AsyncSteps:
    """Each replica takes the next step that nobody has taken, and applies its own gradients.

    The methods are SyncSteps's.
    """

    def __init__(self, replica: Replica) -> None:
        self.model, self.train_op = replica.model, replica.tower.step.train_op
        with self.model.graph.as_default():
            with tf.device("/job:ps/task:0"):
                ticket = shared.variable(0, tf.int64, "ticket")  # the next step nobody has taken
            # Atomic, unlike assign_add and a look at its result.
            self.take = tf.raw_ops.ResourceCountUpTo(
                resource=ticket.handle, limit=2**63 - 1, T=tf.int64
            )
            self.skip_done = ticket.assign(self.model.global_step)
            self.skip_all = ticket.assign(NO_MORE)

    def set_up(self, session: Any, coordinator: Any, generation: int) -> None:
        session.run(self.skip_done)

    def start(self, session: Any, generation: int) -> Progress:
        done, ticket = session.run([self.model.global_step, self.take])
        return Progress(int(ticket), int(done), None)

    def step(self, session: Any, step: int, fetches: Any, feed_dict: Any) -> Progress:
        wanted = [fetches, self.train_op, self.take, self.model.global_step]
        values, _, ticket, done = session.run(wanted, feed_dict)
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


def another_chief() -> Exception:
    """What a replica raises to join again, as if it had lost a server."""
    return tf.errors.AbortedError(None, None, "another chief has set up everything")


def make_steps(replica: Replica) -> SyncSteps | AsyncSteps:
    """The kind that the replica's graph was built for."""
    return SyncSteps(replica) if replica.averaging else AsyncSteps(replica)

"""The tokens by which synchronous replicas keep pace."""

from types import SimpleNamespace

import pytest

from tf1_dnn.cluster import membership, steps

GENERATION = 1_000


class Session:
    """One with a replica's token queue, whose step 7 is the time step 1,007."""

    def __init__(self, queue):
        self.queue, self.fed = list(queue), []

    def run(self, fetches, feed_dict=None):
        self.fed.append(feed_dict)
        return ["values", self.queue.pop(0)] if isinstance(fetches, list) else self.queue.pop(0)


def do_step_7(session):
    sync = steps.SyncSteps.__new__(steps.SyncSteps)
    sync.averaging = SimpleNamespace(take_token="take_token", time_step="time_step")
    sync.train_op = "train_op"
    sync.generation = GENERATION
    return sync.step(session, 7, [], {"inputs": 0})


@pytest.mark.parametrize(
    "queue, left",
    [
        ([1008], []),
        ([1008, 1009], [1009]),
        ([1007, 1008], []),  # the chief's first, or this replica was killed before it took it
        ([1006, 1007, 1008], []),
    ],
)
def test_a_step_ends_with_the_token_of_the_next(queue, left):
    session = Session(queue)
    assert do_step_7(session) == (8, 8, "values")
    assert session.queue == left
    assert session.fed[0] == {"inputs": 0, "time_step": 1007}


def test_a_token_of_another_chief_makes_the_replica_join_again():
    with pytest.raises(membership.LOST, match="another chief"):
        do_step_7(Session([5_003]))

"""The tokens by which synchronous replicas keep pace."""

from types import SimpleNamespace

import pytest

from tf1_dnn.cluster import steps


class SlowReplica:
    """A session on a token queue where another replica's token lies in front."""

    def __init__(self, queue, global_steps):
        self.queue, self.global_steps = list(queue), iter(global_steps)

    def run(self, fetches, feed_dict=None):
        if fetches == "global_step":
            return next(self.global_steps)
        if fetches == "take_token":
            return self.queue.pop(0)
        if fetches == "put_token":
            self.queue.append(feed_dict["token"])


@pytest.mark.parametrize(
    "queue, global_steps, left",
    [
        ([8], [7], [7]),  # a slower replica's token of step 7 goes back
        ([7, 7, 8, 8], [7, 8, 8], [8, 7]),  # so do two; then step 8 begins
        ([8, 8], [8], [8]),  # a dead replica's token of step 7 is dropped: nobody waits for it
    ],
)
def test_a_token_of_the_step_just_done_is_not_used_again(queue, global_steps, left):
    session = SlowReplica(queue, global_steps)
    names = ("local_step_init_op", "put_token", "take_token", "token")
    sync = steps.SyncSteps.__new__(steps.SyncSteps)
    sync.averaging = SimpleNamespace(**{name: name for name in names})
    sync.model = SimpleNamespace(global_step="global_step")
    assert sync.later_token(session, 7) == 8
    assert session.queue == left

"""What counts in a synchronous update: each replica's gradients of this step, once."""

from typing import NamedTuple

import numpy as np
import pytest
from loopback import SMALL, train
from run_ends import variables

from tf1_dnn.cluster.steps import SyncSteps

CONFIG = SMALL.replace(loss_reduction="mean", optimizer="adam")

pytestmark = [pytest.mark.usefixtures("no_plots"), pytest.mark.slow]


class Push(NamedTuple):
    """What a replica pushes before a step of its own."""

    every: int = 1  # of its vectors; 2 for every other one
    factor: float = 1.0  # what they are multiplied by
    time: int = 0  # the time step they are said to be of, from that of the step to come


HARMLESS = [
    Push(),  # all of them: it was killed before it took the token
    Push(every=2),  # half of them: it was killed in between
    Push(factor=3.0, time=-1),  # others, of the step before
    Push(factor=3.0, time=-(10**6)),  # others, for an earlier chief
]


def pushes_of(train_op):
    """The ops that give gradients to the servers, one for each; the train op waits for them."""
    return [op for op in train_op.op.control_inputs if op.type.endswith("ApplyGradient")]


def disturb(monkeypatch, pushes):
    """Let worker 1 push one of these before each of its steps, in turn; how many vectors."""
    step, counts = SyncSteps.step, []

    def push_and_step(self, session, number, fetches, feed_dict):
        averaging, push = self.averaging, pushes[number % len(pushes)]
        if averaging.rank == 1:
            ops = pushes_of(self.train_op)[:: push.every]
            feed_again = {
                **feed_dict,
                averaging.share: push.factor * feed_dict[averaging.share],
                averaging.time_step: self.generation + number + push.time,
            }
            session.run(ops, feed_again)
            counts.append(len(ops))
        return step(self, session, number, fetches, feed_dict)

    monkeypatch.setattr(SyncSteps, "step", push_and_step)
    return counts


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    train(CONFIG, n_servers=2, run_dir=folder)
    return variables(folder)


def difference(found, expected):
    assert set(found) == set(expected)
    return max(np.abs(found[name] - value).max() for name, value in expected.items())


def test_what_a_replica_pushes_beside_changes_no_bit(undisturbed, tmp_path, monkeypatch):
    counts = disturb(monkeypatch, HARMLESS)
    train(CONFIG, n_servers=2, run_dir=tmp_path)
    assert counts == 3 * [2, 1, 2, 2]  # a vector for each server
    assert difference(variables(tmp_path), undisturbed) == 0


def test_other_gradients_of_the_same_step_would_be_noticed(undisturbed, tmp_path, monkeypatch):
    """The negative control."""
    disturb(monkeypatch, [Push(factor=3.0)])
    train(CONFIG, n_servers=2, run_dir=tmp_path)
    assert difference(variables(tmp_path), undisturbed) > 1e-4

"""What counts in a synchronous update: each replica's gradients of this step, once."""

import numpy as np
import pytest
from loopback import SMALL, train
from run_ends import variables

from tf1_dnn.cluster.steps import SyncSteps

CONFIG = SMALL.replace(loss_reduction="mean", optimizer="adam")

pytestmark = [pytest.mark.usefixtures("no_plots"), pytest.mark.slow]


DISTURBANCES = {
    "all again": dict(),
    "the first half, as when it is killed in between": dict(every=2),
    "others, of the step before": dict(factor=3.0, time=-1),
    "others, for an earlier chief": dict(factor=3.0, time=-(10**6)),
}


def disturb(monkeypatch, *, every=1, factor=1.0, time=0):
    """Let worker 1 push something before each of its steps.

    Args:
      every: of its gradients; 2 for half of them.
      factor: what they are multiplied by.
      time: the time step they are said to be of, from that of the step to come.
    """
    step, counts = SyncSteps.step, []

    def push_and_step(self, session, number, fetches, feed_dict):
        averaging = self.averaging
        if averaging.rank == 1:
            pushes = self.model.tower.step.train_op.op.control_inputs[::every]
            feed_again = {
                **feed_dict,
                averaging.share: factor * feed_dict[averaging.share],
                averaging.time_step: self.generation + number + time,
            }
            session.run(pushes, feed_again)
            counts.append(len(pushes))
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


@pytest.mark.parametrize("what", DISTURBANCES)
def test_what_a_replica_pushes_beside_changes_no_bit(what, undisturbed, tmp_path, monkeypatch):
    counts = disturb(monkeypatch, **DISTURBANCES[what])
    train(CONFIG, n_servers=2, run_dir=tmp_path)
    assert counts == 12 * [2 if "half" in what else 4]  # two kernels and two biases
    assert difference(variables(tmp_path), undisturbed) == 0


def test_other_gradients_of_the_same_step_would_be_noticed(undisturbed, tmp_path, monkeypatch):
    """The negative control."""
    disturb(monkeypatch, factor=3.0)
    train(CONFIG, n_servers=2, run_dir=tmp_path)
    assert difference(variables(tmp_path), undisturbed) > 1e-4

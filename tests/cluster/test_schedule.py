"""Which examples a replica takes at which step."""

import numpy as np
import pytest
from loopback import SMALL

from tf1_dnn import data
from tf1_dnn.cluster.schedule import Schedule


@pytest.mark.parametrize("batch_size", [4, 7])
def test_an_epoch_sees_every_example_once(batch_size):
    config = SMALL.replace(batch_size=batch_size)
    schedules = [Schedule(config, 203, n_replicas=3, rank=rank, sync=True) for rank in range(3)]
    for epoch in (1, 0, 2):
        steps = range(epoch * schedules[0].n_steps, (epoch + 1) * schedules[0].n_steps)
        seen = [schedule.part(step).indices for step in steps for schedule in schedules]
        assert sorted(np.concatenate(seen)) == list(range(203))
        whole = data.shuffle_state(config.seed, config.shuffle_offset + epoch, 203)
        batches = data.batch_indices(203, 3 * batch_size, whole)
        np.testing.assert_array_equal(np.concatenate(seen), np.concatenate(batches))

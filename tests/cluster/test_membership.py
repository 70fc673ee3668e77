"""Who is there: tasks that do not answer, and where a server listens."""

import contextlib
import pathlib
import queue
import socket
import sys

import pytest
from loopback import make_tasks

from tf1_dnn.cluster import membership
from tf1_dnn.cluster.tf_config import split_address


def test_who_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(membership, "FIRST_LOOK", 0.05)
    task, said = make_tasks(2, 1)[0], queue.Queue()
    with contextlib.ExitStack() as stack:
        for present in ("worker 0", "ps 0"):
            listener = stack.enter_context(socket.socket())
            listener.bind(split_address(task.addresses[present]))
            listener.listen()
        with membership.absent_named(task, said.put) as all_there:
            expected = (
                f"worker 0 is waiting for worker 1 at {task.addresses['worker 1']} (Connection "
                "refused): start it, or correct TF_CONFIG"
            )
            assert said.get(timeout=10) == expected
            assert said.get(timeout=10) == expected  # and again
            all_there.set()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_tensorflow_listens_on_every_interface():
    """What docs/cluster.md warns of; should this fail one day, the warning can go."""
    task = make_tasks(1, 1)[1]
    server = membership.start_server(task, "cpu")
    port = membership.split_address(task.address)[1]
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A" and int(local.rpartition(":")[2], 16) == port:
                addresses.append(int(local.partition(":")[0], 16))
    assert addresses == [0] and server

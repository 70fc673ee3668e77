"""Who is there: tasks that do not answer, and where a server listens."""

import pathlib
import queue
import re
import socket
import sys

import pytest
from loopback import make_tasks
from processes import free_address

from tf1_dnn.cluster import membership
from tf1_dnn.spec import Task


def test_who_does_not_answer_is_named_again_and_again(monkeypatch):
    """Nobody listens, a stopped process does, the resolver raises what is no OSError."""
    monkeypatch.setattr(membership, "FIRST_LOOK", 0.05)
    monkeypatch.setattr(membership, "ANSWER_SECONDS", 0.5)
    present = make_tasks(1, 1)
    servers = [membership.start_server(task, "cpu") for task in present]
    said, refused = queue.Queue(), free_address()
    with socket.socket() as stopped:
        stopped.bind(("127.0.0.1", 0))
        stopped.listen()
        silent = f"127.0.0.1:{stopped.getsockname()[1]}"
        workers = [present[0].address, refused, silent, "a..b:1"]
        task = Task({"worker": workers, "ps": [present[1].address]}, "worker", 0)
        with membership.absent_named(task, said.put) as all_there:
            for _ in range(2):
                for who, why in [
                    (f"worker 1 at {refused}", "Connection refused"),
                    (f"worker 2 at {silent}", "timed out"),
                    ("worker 3 at a..b:1", ".*label.*"),
                ]:
                    sentence = said.get(timeout=10)
                    assert re.fullmatch(
                        rf"worker 0 is waiting for {who} \({why}\): start it, or correct TF_CONFIG",
                        sentence,
                    )
            all_there.set()
    assert servers


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

"""Joining a cluster and leaving it: servers, who is missing, who has left."""

import contextlib
import socket
import threading
import time
from typing import Any, Callable, Iterator

from tf1_dnn import cli
from tf1_dnn.cluster import shared
from tf1_dnn.cluster.tf_config import require_port_free, split_address
from tf1_dnn.compat import tf
from tf1_dnn.devices import sessions
from tf1_dnn.errors import ClusterError, first_sentence, told
from tf1_dnn.spec import Task

# What a session raises when a server it used has died, or a new chief has set all up afresh.
SERVER_GONE = (tf.errors.AbortedError, tf.errors.UnavailableError)
LOST = (
    *SERVER_GONE,
    tf.errors.CancelledError,
    tf.errors.OutOfRangeError,
    tf.errors.FailedPreconditionError,
    tf.errors.NotFoundError,
)
FIRST_LOOK, LAST_LOOK = 5.0, 60.0  # seconds between two looks for missing tasks
ANSWER_SECONDS = 2.0  # that a task has to answer in
SECONDS_TO_LEAVE = 30.0  # that a parameter server stays for slow replicas after the chief has left
RETRY_SECONDS = 0.5


def start_server(task: Task, device: str) -> Any:
    """The tf.train.Server of a task, on the device as `sessions.choose_device` takes it.

    It listens on every interface of the machine, whatever the address (TensorFlow offers no
    choice), without authentication. Raises ClusterError if the port is taken.
    """
    require_port_free(task)
    cluster = tf.train.ClusterSpec(dict(task.cluster))
    config = sessions.session_config(sessions.choose_device(device))
    cli.say(f"{task} listens on port {split_address(task.address)[1]} of every interface")
    fault, remedy = f"{task} cannot listen on {task.address}", "give it another port in TF_CONFIG"
    with told(ClusterError, fault, remedy, tf.errors.OpError):
        return tf.train.Server(cluster, task.type, task.index, config=config)


def task_session_config(task: Task) -> Any:
    """For sessions that need the parameter servers and this task, and wait for no other replica."""
    filters = ["/job:ps", f"/job:{task.type}/task:{task.index}"]
    return tf.ConfigProto(device_filters=filters)


def retry(attempt: Callable[[], Any]) -> Any:
    """What `attempt` returns; tried again whenever it loses the cluster."""
    said = float("-inf")
    while True:
        try:
            return attempt()
        except LOST as error:
            if time.monotonic() > said + FIRST_LOOK:
                cli.say(f"lost the cluster ({type(error).__name__}): joining it again")
                said = time.monotonic()
            time.sleep(RETRY_SECONDS)


@contextlib.contextmanager
def absent_named(task: Task, say: Callable[[str], None] = cli.say) -> Iterator[threading.Event]:
    """Name, every so often, the tasks that do not answer, instead of waiting for them in silence.

    The event yielded, once set, ends it: tasks that have done their work may leave.
    """
    over = threading.Event()

    def look() -> None:
        seconds = FIRST_LOOK
        while not over.wait(seconds):
            absent = [each for each in _absent(task) if not over.is_set()]
            for what in absent:
                say(f"{task} is waiting for {what}: start it, or correct TF_CONFIG")
            seconds = min(2 * seconds, LAST_LOOK) if absent else FIRST_LOOK

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield over
    finally:
        over.set()


def _absent(task: Task) -> Iterator[str]:
    for name, address in task.addresses.items():
        try:
            with socket.create_connection(split_address(address), timeout=ANSWER_SECONDS) as probe:
                probe.recv(1)  # gRPC speaks first; of a stopped process, only the kernel connects
        except Exception as error:  # a resolver may raise anything, and this thread has to live
            yield f"{name} at {address} ({first_sentence(error)})"


def _left_queue(server_index: int) -> Any:
    """On each parameter server: the names of the replicas that have left."""
    with tf.device(f"/job:ps/task:{server_index}"):
        return shared.queue(tf.string, "replicas_that_left")


def leave(task: Task, server: Any) -> None:
    """Tell every parameter server that this replica needs it no more."""
    with tf.Graph().as_default():
        messages = [_left_queue(i).enqueue(str(task)) for i in range(len(task.cluster["ps"]))]
        config = task_session_config(task)
        config.operation_timeout_in_ms = 5_000  # a server that is gone needs no message
        with contextlib.suppress(*LOST, tf.errors.DeadlineExceededError):
            with tf.Session(server.target, config=config) as session:
                session.run(messages)


def serve(task: Task) -> None:
    """Be a parameter server until every replica has left; after the chief, SECONDS_TO_LEAVE."""
    server = start_server(task, "cpu")
    left: set[str] = set()
    deadline = float("inf")
    filters = tf.ConfigProto(device_filters=[f"/job:ps/task:{task.index}"])
    with tf.Graph().as_default():
        queue = _left_queue(task.index)
        size, name = queue.size(), queue.dequeue()
        with tf.Session(server.target, config=filters) as session:
            while not left.issuperset(task.replicas) and time.monotonic() < deadline:
                left |= {session.run(name).decode() for _ in range(session.run(size))}
                if task.replicas[0] in left:
                    deadline = min(deadline, time.monotonic() + SECONDS_TO_LEAVE)
                time.sleep(0.1)
    for missing in sorted(set(task.replicas) - left):
        cli.say(f"{task} leaves without having heard from {missing}")

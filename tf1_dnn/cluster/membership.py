"""Joining a cluster and leaving it: servers, sessions, who is missing, who has left.

TensorFlow's MonitoredTrainingSession is made of the same SessionManager, but it repeats the step
that a lost server interrupted, with the batch it had, and looks for the chief every 30 seconds.
"""

import contextlib
import socket
import threading
import time
from typing import Any, Callable, Iterator

from tf1_dnn import cli
from tf1_dnn.cluster.replicas import Replica
from tf1_dnn.cluster.steps import Steps
from tf1_dnn.cluster.tf_config import require_port_free, split_address
from tf1_dnn.compat import tf
from tf1_dnn.devices import sessions
from tf1_dnn.errors import ClusterError, first_sentence
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
SECONDS_TO_LEAVE = 30.0  # that a parameter server stays for slow replicas after the chief has left
_RETRY_SECONDS = 0.5


def start_server(task: Task, device: sessions.Device) -> Any:
    """The tf.train.Server of a task; ClusterError if its port is taken.

    It listens on every interface of the machine, whatever the address (TensorFlow offers no
    choice), without authentication.
    """
    require_port_free(task)
    cluster = tf.train.ClusterSpec(dict(task.cluster))
    config = sessions.session_config(device)
    cli.say(f"{task} listens on port {split_address(task.address)[1]} of every interface")
    try:
        return tf.train.Server(cluster, task.type, task.index, config=config)
    except tf.errors.OpError as error:
        raise ClusterError(
            f"{task} cannot listen on {task.address} ({first_sentence(error)}): give it another "
            "port in TF_CONFIG."
        ) from error


def task_session_config(task: Task) -> Any:
    """For sessions that need the parameter servers and this task, and wait for no other replica."""
    filters = ["/job:ps", f"/job:{task.type}/task:{task.index}"]
    return tf.ConfigProto(device_filters=filters)


@contextlib.contextmanager
def chief_session(
    task: Task, server: Any, replica: Replica, steps: Steps, restore: Callable[[Any], None]
) -> Iterator[Any]:
    """A session after the chief has set up everything: variables, by `restore` if it finds any,
    and the steps. Whoever worked for an earlier chief is lost and joins again."""
    config, coordinator = task_session_config(task), tf.train.Coordinator(
        clean_stop_exception_types=()
    )
    with tf.Session(server.target, graph=replica.model.graph, config=config) as session:
        try:
            session.run(replica.withdraw)
            session.run([replica.model.init, replica.is_over.initializer])
            restore(session)
            steps.set_up(session, coordinator)
            session.run(replica.generation.initializer)
            yield session
        except LOST:
            coordinator.raise_requested_exception()  # what happened first, in the queue runner
            raise
        finally:
            coordinator.request_stop()


@contextlib.contextmanager
def worker_session(task: Task, server: Any, replica: Replica) -> Iterator[Any]:
    """A session as soon as the chief has set up everything."""
    manager = tf.train.SessionManager(
        graph=replica.model.graph, ready_op=replica.is_missing, recovery_wait_secs=_RETRY_SECONDS
    )
    with manager.wait_for_session(server.target, config=task_session_config(task)) as session:
        yield session


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
            time.sleep(_RETRY_SECONDS)


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
            socket.create_connection(split_address(address), timeout=2).close()
        except OSError as error:
            yield f"{name} at {address} ({error.strerror or error})"


def _left_queue(server_index: int) -> Any:
    """On each parameter server: the names of the replicas that have left."""
    with tf.device(f"/job:ps/task:{server_index}"):
        return tf.FIFOQueue(-1, tf.string, shapes=(), shared_name="replicas_that_left")


def leave(task: Task, server: Any) -> None:
    """Tell every parameter server that this replica needs it no more."""
    with tf.Graph().as_default():
        told = [_left_queue(i).enqueue(str(task)) for i in range(len(task.cluster["ps"]))]
        config = task_session_config(task)
        config.operation_timeout_in_ms = 5_000  # a server that is gone needs no message
        with contextlib.suppress(*LOST, tf.errors.DeadlineExceededError):
            with tf.Session(server.target, config=config) as session:
                session.run(told)


def serve_until_all_left(task: Task, server: Any) -> None:
    """As a parameter server: serve until every replica has left.

    Once the chief has, the others get SECONDS_TO_LEAVE.
    """
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

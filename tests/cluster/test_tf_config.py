"""TF_CONFIG: what it says, and one sentence for every way to get it wrong. No TensorFlow."""

import copy
import functools
import json
import os
import re
import socket
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tf1_dnn.cluster import tf_config
from tf1_dnn.config import Config
from tf1_dnn.errors import ClusterError
from tf1_dnn.spec import Task, TrainSpec

CLUSTER = {"chief": ["c:1"], "worker": ["a:1", "b:1"], "ps": ["p:1", "q:65535"]}


def config(cluster=CLUSTER, **task):
    return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0} | task})


def test_a_task_knows_its_place():
    task = tf_config.parse(config(type="worker", index=1))
    assert (str(task), task.address, task.is_chief) == ("worker 1", "b:1", False)
    assert task.replicas == ["chief", "worker 0", "worker 1"]
    assert list(task.addresses.items()) == [
        ("chief", "c:1"),
        ("worker 0", "a:1"),
        ("worker 1", "b:1"),
        ("ps 0", "p:1"),
        ("ps 1", "q:65535"),
    ]
    together, alone = (TrainSpec(Config(), task=task, sync=sync) for sync in (True, False))
    assert (together.n_together, alone.n_together) == (3, 1)
    assert together.cluster == "3 replicas, synchronous"
    assert alone.cluster == "3 replicas, asynchronous"


def test_without_a_chief_the_first_worker_is_it():
    cluster = {"worker": ["a:1", "b:1"], "ps": ["p:1"]}
    tasks = [tf_config.parse(config(cluster, index=index)) for index in (0, 1)]
    assert [task.is_chief for task in tasks] == [True, False]
    assert tf_config.parse(config(type="chief")).is_chief
    assert not tf_config.parse(config()).is_chief


def test_the_cluster_may_list_the_evaluator_or_not():
    for cluster in (CLUSTER, {**CLUSTER, "evaluator": ["e:1"]}):
        task = tf_config.parse(config(cluster, type="evaluator", index=0))
        assert str(task) == "evaluator" and "evaluator" not in task.cluster


def test_an_index_may_be_a_string_and_addresses_may_be_ipv6():
    cluster = {"worker": ["[::1]:5", "x.y-z_0.svc:6"], "ps": ["10.0.0.1:7"]}
    assert tf_config.parse(config(cluster, index="1")).address == "x.y-z_0.svc:6"
    assert tf_config.split_address("[::1]:5") == ("::1", 5)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"cluster": {}}',
        '{"task": {"type": "worker", "index": 0}}',
        config({"chief": ["a:1"]}, type="chief"),
        config({"worker": ["a:1"]}),
    ],
)
def test_one_task_alone_trains_as_on_one_machine(text):
    assert tf_config.parse(text) is None


def test_the_variable_may_be_unset_or_empty(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert tf_config.from_environment() is None
    monkeypatch.setenv("TF_CONFIG", " ")
    assert tf_config.from_environment() is None
    monkeypatch.setenv("TF_CONFIG", config())
    assert isinstance(tf_config.from_environment(), Task)


MALFORMED = {
    "bad JSON": ('{"cluster": ', "is not JSON"),
    "endless nesting": ("[" * 100_000, "is not JSON"),
    "not an object": ('["worker"]', "is not a JSON object"),
    "no task": (json.dumps({"cluster": CLUSTER}), "has no task"),
    "unknown task": (config(type="boss"), "the unknown task type 'boss'"),
    "no task type": (config(type=None), "the unknown task type None"),
    "index out of range": (config(index=2), "makes this process worker 2, but its cluster has 2"),
    "task not in the cluster": (config({"ps": ["p:1"]}, index=0), "its cluster has 0 of worker"),
    "negative index": (config(index=-1), "has the task index -1"),
    "index no number": (config(index="first"), "has the task index 'first'"),
    "index true": (config(index=True), "has the task index True"),
    "cluster a list": (config(["a:1"]), "has a cluster that is not an object"),
    "unknown job": (config({**CLUSTER, "master": ["m:1"]}), "the unknown job 'master'"),
    "addresses no list": (config({**CLUSTER, "ps": "p:1"}), "gives ps no list"),
    "no ps": (config({"worker": ["a:1", "b:1"]}), "names no ps"),
    "ps empty": (config({"worker": ["a:1", "b:1"], "ps": []}), "names no ps"),
    "no worker": (config({"ps": ["p:1", "q:1"]}, type="ps"), "names no worker"),
    "two chiefs": (config({**CLUSTER, "chief": ["c:1", "d:1"]}), "names several chiefs"),
    "duplicate address": (
        config({**CLUSTER, "ps": ["p:1", "a:1"]}),
        "gives ps 1 the address a:1 of worker 0",
    ),
    "no port": (config({**CLUSTER, "ps": ["p"]}), "gives ps 0 the address 'p'"),
    "no host": (config({**CLUSTER, "ps": [":1"]}), "gives ps 0 the address ':1'"),
    "port 0": (config({**CLUSTER, "ps": ["p:0"]}), "gives ps 0 the address 'p:0'"),
    "port too large": (config({**CLUSTER, "ps": ["p:65536"]}), "'p:65536'"),
    "port no number": (config({**CLUSTER, "ps": ["p:http"]}), "'p:http'"),
    "a URL": (config({**CLUSTER, "ps": ["grpc://p:1"]}), "'grpc://p:1'"),
    "address no string": (config({**CLUSTER, "ps": [1]}), "gives ps 0 the address 1"),
    "empty label": (config({**CLUSTER, "ps": ["a..b:1"]}), "gives ps 0 the address 'a..b:1'"),
    "label of 64": (config({**CLUSTER, "ps": [f"{64 * 'a'}:1"]}), "gives ps 0 the address 'aaaa"),
    "host of 255": (config({**CLUSTER, "ps": [127 * "a." + "a:1"]}), "gives ps 0 the address 'a.a"),
    "a surrogate": (config({**CLUSTER, "ps": ["\ud800:1"]}), r"gives ps 0 the address '\ud800:1'"),
    "a null byte": (config({**CLUSTER, "ps": ["p\0:1"]}), r"gives ps 0 the address 'p\x00:1'"),
    "other script's host": (config({**CLUSTER, "ps": ["é:1"]}), "gives ps 0 the address 'é:1'"),
    "other script's port": (config({**CLUSTER, "ps": ["p:٣"]}), "gives ps 0 the address 'p:٣'"),
    "other script's index": (config(index="٣"), "has the task index '٣'"),
    "raised index": (config(index="²"), "has the task index '²'"),
    "index a fraction": (config(index=0.0), "has the task index 0.0"),
    "index with a line's end": (config(index="0\n"), r"has the task index '0\n'"),
    "index of 5,000 digits": (config().replace(" 0}", f" {5000 * '1'}}}"), "the task index inf"),
    "index of 5,000 in quotes": (config(index=5000 * "1"), "has the task index '1111"),
    "surrogate for a job": (config({**CLUSTER, "\ud800": []}), r"the unknown job '\ud800'"),
    "surrogate for a task": (config(type="\ud800"), r"the unknown task type '\ud800'"),
    "a sparse cluster": (config({**CLUSTER, "worker": {"0": "a:1"}}), "gives worker no list"),
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_every_malformed_tf_config_gets_one_sentence(fault):
    text, words = MALFORMED[fault]
    with pytest.raises(ClusterError) as caught:
        tf_config.parse(text)
    sentence = str(caught.value)
    assert words in sentence and sentence.startswith("TF_CONFIG ")
    assert sentence.endswith(".") and len(sentence.splitlines()) == 1 and len(sentence) < 300
    assert sentence.encode()  # no lone surrogate


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=4)
PIECES = st.sampled_from(["a", "-", ".", "..", ":", "1", "65536", "[", "::", "]", "\0", "٣", "²"])
HOSTILE = ANY_TEXT | st.lists(PIECES, max_size=4).map("".join) | st.sampled_from(tf_config.JOBS)
LONG = st.tuples(HOSTILE, st.sampled_from([64, 1000, 5000])).map(lambda pair: pair[0] * pair[1])
ADDRESSES = (HOSTILE | LONG).map("{}:1".format) | HOSTILE.map("a:{}".format)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=8,
)
PLACES = ["cluster", "cluster worker", "cluster worker 0", "cluster chief 0", "cluster ps 1"]
PLACES += ["task", "task type", "task index", "cluster worker 1", "cluster ps 0"]


@st.composite
def mutants(draw):
    """The text of a good TF_CONFIG with another value in one place; some of them cut, too."""
    spec = {"cluster": copy.deepcopy(CLUSTER), "task": {"type": "worker", "index": 0}}
    *parents, key = draw(st.sampled_from(PLACES)).split()
    where = functools.reduce(lambda where, name: where[name], parents, spec)
    where[int(key) if key.isdigit() else key] = draw(VALUES | HOSTILE | LONG | ADDRESSES)
    text = json.dumps(spec)
    if draw(st.integers(0, 9)):
        return text
    begin = draw(st.integers(0, len(text)))
    return text[:begin] + text[begin + draw(st.integers(0, 8)) :]


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(VALUES.map(json.dumps) | mutants())
def test_any_text_is_a_task_or_gets_one_sentence(text):
    try:
        task = tf_config.parse(text)
    except ClusterError as error:
        sentence = str(error)
        assert len(sentence.splitlines()) == 1 and len(sentence) < 600 and sentence.encode()
        return
    for address in task.addresses.values() if task else []:
        host, port = tf_config.split_address(address)
        assert host.encode("idna") and 0 < port < 65536  # as the socket module does


def answer(tf_config, *argv):
    """Exit code and standard error of the command, which must not have imported TensorFlow."""
    command = [sys.executable, "-X", "importtime", "-m", "tf1_dnn.train", *argv]
    environment = {**os.environ, "TF_CONFIG": tf_config}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.stdout == "" and not re.search(r"\btensorflow$", done.stderr, re.MULTILINE)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    return done.returncode, lines


def test_the_command_answers_with_the_sentence_and_exit_code_2():
    code, (line,) = answer('{"cluster": ')
    assert code == 2 and line.startswith("error: TF_CONFIG is not JSON (")


def test_a_port_in_use_is_told_before_tensorflow_is_imported():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        cluster = {"worker": [f"127.0.0.1:{port}", "b:1"], "ps": ["p:1"]}
        code, (line,) = answer(config(cluster))
    assert code == 2
    assert line == (
        f"error: worker 0 cannot listen on 127.0.0.1:{port} (Address already in use): end what "
        f"uses port {port}, or give the task another one in TF_CONFIG."
    )


@pytest.mark.parametrize("option", [["--no-xla"], ["--max-resident-bytes", "1"]])
def test_options_without_a_meaning_in_a_cluster_are_refused(option):
    code, (line,) = answer(config(), *option)
    assert code == 2 and line.startswith("error: in a cluster every step is a session.run: drop")


@pytest.mark.parametrize("option", ["--sync", "--async"])
def test_options_without_a_meaning_on_one_machine_are_refused(option):
    code, (line,) = answer("", option)
    assert code == 2 and line.startswith("error: --sync and --async need a cluster")


def test_an_evaluator_without_a_run_directory_is_refused():
    code, (line,) = answer(config(type="evaluator"), "--dataset", "synthetic")
    assert code == 2 and "give it the chief's --run-dir" in line

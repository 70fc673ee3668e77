"""Replicas on loopback: what synchronous and asynchronous training compute, held against one
machine."""

import shutil

import numpy as np
import own_networks
import pytest
from conftest import find_mnist, small_splits
from loopback import SMALL, SPLITS, STEP, make_tasks, train
from run_ends import variables

from tf1_dnn import compare, data, evaluate, export
from tf1_dnn.cluster import chief, evaluator, replicas, worker
from tf1_dnn.cluster.schedule import Schedule
from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Keeping
from tf1_dnn.errors import NonFiniteLossError, RunError
from tf1_dnn.graph import build_graph
from tf1_dnn.runs import config_json
from tf1_dnn.spec import TrainSpec
from tf1_dnn.training import evaluation, trainer

pytestmark = pytest.mark.usefixtures("no_plots")


def on_one_machine(folder, config, splits=SPLITS):
    trainer.train(config, splits, run_dir=folder, execution=STEP)
    return variables(folder)


EQUAL = {
    "sum": dict(loss_reduction="sum", learning_rate=0.001),
    "mean of unequal slices": dict(loss_reduction="mean", learning_rate=0.1),
    "clipping by value": dict(loss_reduction="mean", clip_value=0.01, learning_rate=0.1),
    "clipping by global norm": dict(clip_global_norm=0.5, optimizer="momentum"),
    "adam": dict(loss_reduction="mean", optimizer="adam"),
    "decay": dict(lr_decay="exponential", lr_decay_steps=3, lr_decay_rate=0.5, batch_norm=False),
}


@pytest.mark.parametrize(
    "name", ["sum", *(pytest.param(name, marks=pytest.mark.slow) for name in [*EQUAL][1:])]
)
def test_two_synchronous_replicas_equal_one_machine_with_a_batch_twice_as_large(name, tmp_path):
    config = SMALL.replace(**EQUAL[name])
    train(config, n_servers=2, run_dir=tmp_path / "two")
    found = variables(tmp_path / "two")
    expected = on_one_machine(tmp_path / "one", config.replace(batch_size=32))
    assert set(found) == set(expected) and found["global_step"] == 12
    for variable, value in expected.items():
        np.testing.assert_allclose(found[variable], value, rtol=0, atol=1e-5, err_msg=variable)


def rank_0(part):
    def part_of_rank_0(schedule, step):
        schedule.rank = 0
        return part(schedule, step)

    return part_of_rank_0


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", ["share", "clipping after averaging", "one slice each"])
def test_the_comparison_notices_what_would_be_wrong(forgotten, tmp_path, monkeypatch):
    """The negative controls: each of these alone makes other variables."""
    name, part = "sum", Schedule.part
    if forgotten == "share":
        monkeypatch.setattr(Schedule, "part", lambda *args: part(*args)._replace(share=1.0))
    elif forgotten == "clipping after averaging":
        name = "clipping by value"
        monkeypatch.setattr(replicas, "CLIP_KINDS", ())  # then train_step clips, too
    else:
        monkeypatch.setattr(Schedule, "part", rank_0(part))
    config = SMALL.replace(**EQUAL[name])
    train(config, run_dir=tmp_path / "two")
    found = variables(tmp_path / "two")
    expected = on_one_machine(tmp_path / "one", config.replace(batch_size=32))
    assert max(np.abs(found[name] - value).max() for name, value in expected.items()) > 1e-4


@pytest.mark.slow
def test_one_synchronous_replica_is_one_machine_batch_norm_included(tmp_path):
    config = SMALL.replace(batch_norm=True, clip_norm=0.5)
    train(config, n_replicas=1, n_servers=2, run_dir=tmp_path / "replica")
    found, expected = variables(tmp_path / "replica"), on_one_machine(tmp_path / "one", config)
    assert set(found) == set(expected)
    for variable, value in expected.items():
        np.testing.assert_allclose(found[variable], value, rtol=0, atol=1e-7, err_msg=variable)


@pytest.mark.slow
def test_replicas_of_a_network_of_the_users_own_are_those_of_the_configs(tmp_path):
    config = SMALL.replace(hidden_units=(16, 8), batch_norm=True, loss_reduction="mean")
    for name, network in [("own", own_networks.post), ("config", None)]:
        train(config, n_replicas=1, network=network, run_dir=tmp_path / name)
    found, expected = (variables(tmp_path / name) for name in ("own", "config"))
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, name)


@pytest.mark.slow
def test_every_replica_moves_the_averages_by_its_own_slice(tmp_path):
    """One step of two replicas; their updates come in either order, or both before either."""
    splits = small_splits(n_train=32)
    config = SMALL.replace(batch_norm=True, n_epochs=1, seed=3)
    train(config, splits, run_dir=tmp_path)
    found = variables(tmp_path)["batch_normalization/moving_mean"]
    expected = build_graph(config, splits.n_inputs, splits.n_outputs)
    with tf.Session(graph=expected.graph) as session:
        session.run(expected.init)
        outputs = expected.tower.network.hidden[0].pre_activation
        means = []
        for rank in (0, 1):
            schedule = Schedule(config, 32, n_replicas=2, rank=rank, sync=True)
            inputs = splits.train.inputs(schedule.part(0).indices)
            values = session.run(outputs, {expected.placeholders.inputs: inputs})
            means.append(values.mean(axis=0))
    first, second = means
    candidates = [
        0.09 * first + 0.1 * second,
        0.1 * first + 0.09 * second,
        0.1 * first + 0.1 * second,
    ]
    assert min(np.abs(found - candidate).max() for candidate in candidates) < 1e-6
    assert min(np.abs(found - 0.1 * mean).max() for mean in means) > 1e-3  # not one of them alone


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize("sync", [True, False])
def test_variables_are_named_as_on_one_machine_and_lie_on_the_parameter_servers(optimizer, sync):
    config = SMALL.replace(optimizer=optimizer, batch_norm=True)
    task = make_tasks(2, 2)[0]
    replica = replicas.build_replica(task, config, 20, 5, sync=sync)
    one = build_graph(config, 20, 5)
    variables = replica.model.graph.get_collection("variables")
    names = [
        sorted(v.op.name for v in graph.get_collection("variables"))
        for graph in (replica.model.graph, one.graph)
    ]
    assert names[0] == names[1]
    assert {v.device for v in variables} == {"/job:ps/task:0", "/job:ps/task:1"}
    on_first = sum(v.shape.num_elements() for v in variables if v.device.endswith("0"))
    total = sum(v.shape.num_elements() for v in variables)
    assert 0.3 < on_first / total < 0.7
    assert all(
        v.device == "/job:worker/task:0"
        for v in replica.model.graph.get_collection("local_variables")
    )


@pytest.mark.parametrize("sync", [True, False])
def test_a_step_asks_no_condition_and_pushes_once_to_each_server(sync):
    """What costs messages: a condition's two branches, and gradients one by one."""
    config = SMALL.replace(batch_norm=True)
    replica = replicas.build_replica(make_tasks(2, 2)[0], config, 20, 5, sync=sync)
    types = [op.type for op in needed_for(replica.tower.step.train_op)]
    assert not {"If", "StatelessIf"} & set(types)
    assert types.count("ResourceAccumulatorApplyGradient") == (2 if sync else 0)
    # The negative control: evaluation's network, whose `training` is a placeholder.
    assert "If" in {op.type for op in needed_for(replica.model.tower.network.logits)}


def needed_for(fetched):
    """All ops that run with a tensor or operation."""
    seen, left = set(), [getattr(fetched, "op", fetched)]
    while left:
        op = left.pop()
        if op not in seen:
            seen.add(op)
            left += [*(tensor.op for tensor in op.inputs), *op.control_inputs]
    return seen


def test_checkpoints_are_written_by_the_chief_not_by_a_parameter_server(tmp_path, monkeypatch):
    graphs = []
    build = replicas.build_replica
    monkeypatch.setattr(
        worker, "build_replica", lambda *a, **k: graphs.append(build(*a, **k)) or graphs[-1]
    )
    train(SMALL.replace(n_epochs=1), n_replicas=1, run_dir=tmp_path)
    operations = graphs[0].model.graph.get_operations()
    devices = {op.device for op in operations if op.type in ("SaveV2", "RestoreV2")}
    assert devices and all(device.startswith("/job:worker/task:0") for device in devices)


@pytest.mark.slow
def test_asynchronous_replicas_take_every_step_once(tmp_path, monkeypatch):
    taken, part = [], Schedule.part

    def noting_part(schedule, step):
        taken.append(step)
        return part(schedule, step)

    monkeypatch.setattr(Schedule, "part", noting_part)
    history = train(SMALL.replace(n_epochs=5), sync=False, run_dir=tmp_path)
    assert sorted(taken) == list(range(12 * 5))
    assert variables(tmp_path)["global_step"] == 60
    assert [epoch.epoch for epoch in history.epochs] == list(range(5))


@pytest.mark.slow
def test_one_asynchronous_replica_is_one_machine(tmp_path):
    config = SMALL.replace(batch_norm=True, clip_global_norm=0.5, optimizer="adam")
    train(config, n_replicas=1, sync=False, run_dir=tmp_path / "replica")
    found, expected = variables(tmp_path / "replica"), on_one_machine(tmp_path / "one", config)
    assert set(found) == set(expected)
    for variable, value in expected.items():
        np.testing.assert_allclose(found[variable], value, rtol=0, atol=1e-7, err_msg=variable)


@pytest.fixture(scope="module")
def digits():
    """Real MNIST where it is found, else the built-in digits."""
    try:
        return find_mnist()
    except pytest.skip.Exception:
        return data.load("synthetic")


@pytest.mark.slow
@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
def test_an_epoch_of_digits_reaches_95_percent(sync, digits):
    config = Config(n_epochs=1)
    if not sync:  # the order of updates is chance: SGD's 0.957 to 0.962 leaves too little room
        config = config.replace(optimizer="adam", learning_rate=0.002)
    history = train(config, digits, sync=sync)
    assert history.epochs[0].valid_accuracy >= 0.95
    assert history.test.test_accuracy >= 0.94


@pytest.mark.slow
def test_the_run_directory_serves_every_other_command(tmp_path, capsys):
    run_dir = tmp_path / "run"
    config = SMALL.replace(batch_norm=True, n_epochs=3)
    history = train(config, run_dir=run_dir, keeping=Keeping(histograms=1))
    found = evaluate.evaluate(run_dir, SPLITS)
    assert (found.accuracy, found.loss) == pytest.approx(history.test, abs=1e-6)
    export.export(run_dir, tmp_path / "exported")
    assert compare.read_run(str(run_dir)).final_accuracy == history.epochs[-1].valid_accuracy
    description = config_json.read(run_dir)
    assert description.cluster == "2 replicas, synchronous"
    evaluator.follow(run_dir, SPLITS)
    lines = [
        f"epoch: {i:03d}, valid. Acc: {e.valid_accuracy:.4f}" for i, e in enumerate(history.epochs)
    ]
    printed = capsys.readouterr().out.splitlines()
    assert [line.rpartition(", test")[0] for line in printed] == lines
    assert printed[-1].endswith(f"test. Acc: {history.test.test_accuracy:.4f}")


@pytest.mark.slow
def test_a_run_is_resumed_by_a_cluster_of_the_same_size_only(tmp_path):
    config = SMALL.replace(n_epochs=3)
    through = train(config, run_dir=tmp_path)
    expected = variables(tmp_path)
    shutil.rmtree(tmp_path / "checkpoints" / "epoch-0003")
    with pytest.raises(RunError, match="cluster was '2 replicas, synchronous', not '3 replicas"):
        three = make_tasks(3, 1)[0]
        spec = TrainSpec(config, STEP, task=three, run_dir=tmp_path, resume=True)
        chief.train(spec, SPLITS)
    with pytest.raises(RunError, match="cluster was '2 replicas, synchronous', not None"):
        trainer.train(config, SPLITS, run_dir=tmp_path, resume=True, execution=STEP)
    again = train(config, run_dir=tmp_path, resume=True)
    assert again.test == pytest.approx(through.test, abs=1e-6)
    for variable, value in variables(tmp_path).items():
        np.testing.assert_allclose(value, expected[variable], rtol=0, atol=1e-6, err_msg=variable)


@pytest.mark.slow
@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
def test_patience_stops_every_task(sync, tmp_path, monkeypatch):
    accuracies = iter([0.5, 0.4, 0.3, 0.2, 0.1])
    real = evaluation.evaluate

    def dictated(session, model, dataset):
        accuracy, loss = real(session, model, dataset)
        return (next(accuracies) if dataset is SPLITS.valid else accuracy), loss

    monkeypatch.setattr(evaluation, "evaluate", dictated)
    settings = dict(run_dir=tmp_path, keeping=Keeping(patience=2), sync=sync)
    history = train(SMALL.replace(n_epochs=500), **settings)
    assert len(history.epochs) == 3


@pytest.mark.slow
def test_a_loss_that_is_not_finite_ends_every_task():
    config = SMALL.replace(learning_rate=1e30, activation="relu")
    with pytest.raises(NonFiniteLossError):
        train(config)


@pytest.mark.slow
def test_start_from_checkpoint(tmp_path):
    config = SMALL.replace(n_epochs=1)
    expected = on_one_machine(tmp_path / "one", config.replace(batch_size=32))
    prefix = str(tmp_path / "one/checkpoints/epoch-0001/variables")
    frozen = config.replace(learning_rate=1e-12)
    train(frozen, run_dir=tmp_path / "two", from_checkpoint=prefix)
    found = variables(tmp_path / "two")
    np.testing.assert_allclose(found["hidden1/kernel"], expected["hidden1/kernel"], atol=1e-6)

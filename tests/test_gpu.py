"""On a GPU: the CPU's digits, the compiled loop, data and variables there, memory as needed."""

import subprocess

import numpy as np
import pytest
from conftest import small_splits

from tf1_dnn.compat import tf
from tf1_dnn.config import PRESETS, PUBLISHED_CURVES, Config, Execution
from tf1_dnn.data import batch_indices, shuffle_state
from tf1_dnn.devices import diagnosis, sessions
from tf1_dnn.graph import build_graph
from tf1_dnn.training import loops, trainer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not sessions.usable_gpus(), reason="no GPU that TensorFlow can use"),
]


@pytest.mark.parametrize("loop", ["epoch", "step"])
@pytest.mark.parametrize("preset", PUBLISHED_CURVES)
def test_every_epochs_digits_are_the_cpus_within_a_thousandth(preset, loop, mnist):
    def accuracies(device):
        execution = Execution(loop=loop, device=device)
        history = trainer.train(PRESETS[preset], mnist, execution=execution)
        return [*(epoch.valid_accuracy for epoch in history.epochs), history.test.test_accuracy]

    np.testing.assert_allclose(accuracies("gpu"), accuracies("cpu"), rtol=0, atol=1e-3)


def test_initial_weights_are_the_cpus_bit_for_bit():
    def weights(device):
        model = build_graph(Config(kernel_initializer="he_normal"), 20, 5)
        with sessions.start(model.graph, Execution(device=device)) as session:
            session.run(model.init)
            return session.run({v.op.name: v for v in tf.global_variables()})

    on_gpu, on_cpu = weights("gpu"), weights("cpu")
    for name, value in on_cpu.items():
        np.testing.assert_array_equal(on_gpu[name], value, err_msg=name)


def test_the_compiled_loop_runs_there_and_so_lie_data_and_variables(monkeypatch):
    splits, config = small_splits(), Config(hidden_units=(16,), batch_size=29)
    model = build_graph(config, splits.n_inputs, splits.n_outputs)
    batches = batch_indices(203, 29, shuffle_state(42, 0, 203))
    places = {}

    def traced(run):
        def run_and_look(fetches, feed_dict=None):
            options = tf.RunOptions(output_partition_graphs=True)
            metadata = tf.RunMetadata()
            values = run(fetches, feed_dict, options=options, run_metadata=metadata)
            for graph in metadata.partition_graphs:
                places.update({node.name: node.device for node in graph.node})
            return values

        return run_and_look

    with sessions.start(model.graph, Execution(device="gpu")) as session:
        session.run(model.init)
        monkeypatch.setattr(session, "run", traced(session.run))
        loop = loops.make_loop(session, model, splits.train, Execution(device="gpu"))
        losses = loop.run_epoch(batches)["loss"]
        variables = [op.name for op in model.graph.get_operations() if op.type == "VarHandleOp"]
    assert np.isfinite(losses).all() and loop.xla and loop.is_resident
    looked_at = [name for name in variables if name in places]
    assert any(name.startswith("epoch/") for name in looked_at)
    assert {places[name].rpartition("device:")[2] for name in looked_at} == {"GPU:0"}


def memory_used():
    command = [
        "nvidia-smi",
        "--query-gpu=memory.used,memory.total",
        "--format=csv,noheader,nounits",
    ]
    return map(int, subprocess.check_output(command, text=True).splitlines()[0].split(","))


def test_memory_grows_with_what_is_needed():
    model = build_graph(Config(), 784, 10)
    before, total = memory_used()
    with sessions.start(model.graph, Execution(device="gpu")) as session:
        session.run(model.init)
        during, _ = memory_used()
    assert during - before < total / 4  # TensorFlow's own default takes nearly all


def test_products_are_computed_in_full_float32():
    found = {finding.what: finding for finding in diagnosis.device(require_gpu=True)}
    assert {finding.status for finding in found.values()} == {"ok"}
    assert found["device"].detail.startswith("GPU 0 (")

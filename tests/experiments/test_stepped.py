"""What a cell measures: the package's training, against trainer.train and NumPy."""

import numpy as np
import pytest
import reference
from conftest import small_splits

from tf1_dnn.compat import tf
from tf1_dnn.config import Config, Execution
from tf1_dnn.experiments import EXPERIMENTS, cells, optimizers, pool, stepped, vanishing
from tf1_dnn.graph import build_graph
from tf1_dnn.training import trainer

SMALL = Config(hidden_units=(16, 8), loss_reduction="mean", learning_rate=0.1, shuffle_offset=0)


def moving_averages(run):
    variables = run.model.graph.get_collection(tf.GraphKeys.GLOBAL_VARIABLES)
    moving = [each for each in variables if "/moving_" in each.op.name]
    return dict(zip((each.op.name for each in moving), run.session.run(moving)))


def test_steps_are_those_of_train(splits):
    config = SMALL.replace(n_epochs=2, dropout_rate=0.2)
    history = trainer.train(config, splits, execution=Execution(loop="step"))
    with stepped.started(config, splits) as run:
        untrained = run.accuracy(splits.test)
        run.run_steps(3)  # of four in an epoch
        run.run_steps(5)
        assert run.accuracy(splits.test) == history.test.test_accuracy != untrained


def test_a_run_that_diverged_counts_as_guessing(splits):
    with stepped.started(SMALL.replace(batch_norm=False, learning_rate=1e30), splits) as run:
        run.run_steps(4)
        assert not run.is_finite
        assert run.accuracy(splits.valid) == 1 / splits.n_outputs


def test_norms_of_gradients_are_numpys(splits):
    config = SMALL.replace(hidden_units=(8, 8), batch_norm=False, activation="tanh", batch_size=1)
    with stepped.started(config, splits) as run:
        measured = vanishing.measure(run, {"n_steps": 1})
    spec = build_graph(config, splits.n_inputs, splits.n_outputs)
    with tf.Session(graph=spec.graph) as session:
        session.run(spec.init)
        variables = session.run({v.op.name: v for v in spec.graph.get_collection("variables")})
    norms = {"bias": [], "kernel": []}
    for i in range(vanishing.N_BATCHES):
        x, labels = splits.train.inputs(slice(i, i + 1)), splits.train.labels[i : i + 1]
        grads = reference.gradients(variables, x, labels, "tanh", "mean")
        for kind, rows in norms.items():
            rows.append([np.linalg.norm(grads[f"hidden{layer}/{kind}"]) for layer in (1, 2)])
    # For one example the bias's gradient is that of the activation's input.
    np.testing.assert_allclose(measured["backpropagated"], np.mean(norms["bias"], 0), rtol=1e-5)
    np.testing.assert_allclose(measured["kernels"], np.mean(norms["kernel"], 0), rtol=1e-5)


def test_population_statistics_serve_for_one_look_only(splits):
    with stepped.started(SMALL.replace(batch_norm_momentum=0.999), splits) as run:
        run.run_steps(40)
        before, moving = moving_averages(run), run.accuracy(splits.valid)
        population = run.population_accuracy(splits.valid)
        assert population > moving  # after 40 steps these are still near 0 and 1
        for name, value in moving_averages(run).items():
            np.testing.assert_array_equal(value, before[name])
        assert run.accuracy(splits.valid) == moving


def test_training_stops_at_the_target(splits):
    with stepped.started(SMALL, splits) as run:
        reached = optimizers.measure(run, {"n_steps": 60, "target": 0.0})
        out_of_reach = optimizers.measure(run, {"n_steps": 60, "target": 1.1})
    assert (reached["steps"], reached["reached"]) == (optimizers.CHUNK, True)
    assert (out_of_reach["steps"], out_of_reach["reached"]) == (60, False)
    assert len(out_of_reach["curve"]) == 3


def small_cells(splits):
    """One cell of every experiment, on a small network with few steps."""
    made = []
    for name, experiment in EXPERIMENTS.items():
        condition = experiment.conditions(True)[0]
        settings = {**condition.settings, "n_train": 200, "n_steps": 4}
        if "looks" in settings:
            settings["looks"] = [2, 4]
        config = condition.config.replace(hidden_units=(8, 8), seed=1)
        made.append(cells.Cell(name, condition.label, config, settings, splits.sha256()))
    return made


@pytest.mark.slow
def test_cells_side_by_side_measure_what_they_do_in_this_process(tmp_path):
    splits = small_splits(n_train=240)
    folders = [tmp_path / "alone", tmp_path / "beside"]
    for folder in folders:
        folder.mkdir()
    wanted = small_cells(splits)
    alone, beside = (
        pool.measure_all(wanted, splits, folder, workers=workers)
        for folder, workers in zip(folders, (0, 2))
    )
    assert alone == beside
    assert [len(list(folder.iterdir())) for folder in folders] == [7, 7]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_conditions_differ_and_the_quick_form_is_smaller(name):
    full, quick = (EXPERIMENTS[name].conditions(is_quick) for is_quick in (False, True))
    for conditions in (full, quick):
        assert len({condition.label for condition in conditions}) == len(conditions)
        runs = {(each.config, each.settings["n_train"]) for each in conditions}
        assert len(runs) == len(conditions)
    assert {each.label for each in quick} <= {each.label for each in full}
    images = [sum(each.settings["n_train"] for each in form) for form in (quick, full)]
    assert images[0] < images[1]

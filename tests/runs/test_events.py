"""TensorBoard events, read back with TensorBoard's own reader and over HTTP from a server."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
from conftest import small_splits
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tf1_dnn.config import Config, Execution, Keeping
from tf1_dnn.training import trainer

CONFIG = Config(hidden_units=(16, 8), batch_size=2, n_epochs=3, clip_value=0.5)  # 101 steps
N_STEPS = 101


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events") / "run"
    history = trainer.train(
        CONFIG,
        small_splits(),
        execution=Execution(loop="step"),
        run_dir=folder,
        keeping=Keeping(histograms=2),
    )
    return folder, history


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"histograms": 0, "scalars": 0})
    return events.Reload()


def test_validation_curves_are_the_runs(run):
    folder, history = run
    valid = read(folder / "valid")
    for tag, name in [("accuracy", "valid_accuracy"), ("loss", "valid_loss")]:
        points = [(event.step, event.value) for event in valid.Scalars(tag)]
        expected = [getattr(epoch, name) for epoch in history.epochs]
        assert [step for step, _ in points] == [N_STEPS, 2 * N_STEPS, 3 * N_STEPS]
        np.testing.assert_allclose([value for _, value in points], expected, rtol=1e-6)


def test_training_curves_have_a_point_every_window(run):
    train = read(run[0] / "train")
    steps = [50, 100, 101, 151, 201, 202, 252, 302, 303]
    for tag in ("loss", "accuracy", "gradients/global_norm", "gradients/clipped_fraction"):
        assert [event.step for event in train.Scalars(tag)] == steps, tag
        assert np.isfinite([event.value for event in train.Scalars(tag)]).all()
    assert {event.value for event in train.Scalars("learning_rate")} == {np.float32(0.01)}
    assert train.Scalars("loss")[0].value > train.Scalars("loss")[-1].value


def test_a_window_between_two_looks_at_gradients_has_no_point_of_them(tmp_path, no_plots):
    """Batches of 3 and of 2 are two calls of the loop, and each looks at gradients anew."""
    execution, config = Execution(xla=False), CONFIG.replace(n_epochs=1)
    trainer.train(config, small_splits(), execution=execution, run_dir=tmp_path)
    train = read(tmp_path / "train")
    for tag, steps in [("loss", [50, 100, 101]), ("gradients/global_norm", [50, 100])]:
        assert [event.step for event in train.Scalars(tag)] == steps
        assert np.isfinite([event.value for event in train.Scalars(tag)]).all()


def test_a_decayed_learning_rate_is_that_of_the_step(tmp_path, no_plots):
    decay = dict(lr_decay="exponential", lr_decay_steps=N_STEPS, lr_decay_rate=0.5)
    config = CONFIG.replace(n_epochs=2, **decay)
    trainer.train(config, small_splits(), execution=Execution(loop="step"), run_dir=tmp_path)
    points = [(e.step, e.value) for e in read(tmp_path / "train").Scalars("learning_rate")]
    assert points == [(N_STEPS, np.float32(0.005)), (2 * N_STEPS, np.float32(0.0025))]


def test_histograms_of_every_stage_every_second_epoch(run):
    train = read(run[0] / "train")
    for tag in (
        "hidden1/pre_activation",
        "hidden1/batch_norm",
        "logits/before_batch_norm",
        "gradients_raw/hidden1/kernel",
        "gradients_clipped/hidden1/kernel",
    ):
        assert [event.step for event in train.Histograms(tag)] == [2 * N_STEPS], tag
    clipped = train.Histograms("gradients_clipped/hidden1/kernel")[0].histogram_value
    assert -0.5 <= clipped.min and clipped.max <= 0.5
    moving = train.Histograms("statistics/batch_normalization/moving_mean")
    assert [event.step for event in moving] == [N_STEPS, 2 * N_STEPS, 3 * N_STEPS]


def test_the_graph_has_its_scopes(run):
    graph = read(run[0] / "train").Graph()
    assert {"dnn", "loss", "train", "eval"} <= {node.name.split("/")[0] for node in graph.node}


@pytest.mark.slow
def test_a_killed_run_leaves_every_point_once(run, tmp_path):
    class Killed(Exception):
        pass

    def kill(metrics):
        if metrics.epoch == kill_in:
            raise Killed

    settings = dict(execution=Execution(loop="step"), run_dir=tmp_path, resume=True)
    keeping = Keeping(checkpoint_every=2, patience=99)
    for kill_in in (0, 1, 2):  # before the first checkpoint too
        with pytest.raises(Killed):
            trainer.train(CONFIG, small_splits(), on_epoch=kill, keeping=keeping, **settings)
    history = trainer.train(CONFIG, small_splits(), keeping=keeping, **settings)
    assert [epoch.valid_loss for epoch in history.epochs] == [e.valid_loss for e in run[1].epochs]
    for part, tag in [("valid", "loss"), ("train", "loss"), ("train", "learning_rate")]:
        points = [
            [(event.step, event.value) for event in read(folder / part).Scalars(tag)]
            for folder in (run[0], tmp_path)
        ]
        assert points[0] == points[1]


def test_looking_changes_nothing(run):
    splits, execution = small_splits(), Execution(loop="step")
    bare = trainer.train(CONFIG, splits, execution=execution)
    with_events = [epoch._replace(seconds=0) for epoch in run[1].epochs]
    assert [epoch._replace(seconds=0) for epoch in bare.epochs] == with_events


@pytest.mark.slow
def test_tensorboard_serves_the_curves(run):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(run[0])]
    command += ["--host", "127.0.0.1", "--port", str(port), "--load_fast", "false"]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        url = f"http://127.0.0.1:{port}/data/plugin/scalars/tags"
        deadline, tags = time.time() + 60, {}
        while time.time() < deadline and "valid" not in tags:
            time.sleep(0.5)
            try:
                tags = json.load(urllib.request.urlopen(url, timeout=5))
            except OSError:
                continue
        assert {"loss", "accuracy"} <= set(tags["valid"])
        assert "gradients/global_norm" in tags["train"]
    finally:
        server.terminate()
        server.wait()

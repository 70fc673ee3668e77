"""Config: the presets are the post's two cells; values out of range are refused in one sentence."""

import math

import pytest

from tf1_dnn.config import PRESETS, Config
from tf1_dnn.errors import ConfigError


def test_presets_are_the_posts_two_cells():
    batch_norm, clipping = PRESETS["batch_norm"], PRESETS["gradient_clipping"]
    assert batch_norm == Config(
        hidden_units=(300, 100),
        activation="elu",
        batch_norm=True,
        batch_norm_momentum=0.9,
        loss_reduction="sum",
        optimizer="sgd",
        learning_rate=0.01,
        n_epochs=5,
        batch_size=50,
        seed=42,
        shuffle_offset=5,
    )
    assert clipping == batch_norm.replace(
        activation="relu",
        batch_norm=False,
        loss_reduction="mean",
        clip_value=1.0,
        shuffle_offset=1,
    )


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(hidden_units=(300, 0)), "hidden_units"),
        (dict(hidden_units=(3.5,)), "hidden_units"),
        (dict(activation="gelu"), "elu, relu, selu, leaky_relu, tanh, sigmoid"),
        (dict(batch_norm_momentum=1.0), "batch_norm_momentum must be at least 0 and below 1"),
        (dict(dropout_rate=1.0), "dropout_rate"),
        (dict(dropout_rate=-0.1), "dropout_rate"),
        (dict(kernel_initializer="he"), "he_normal, normal:STDDEV"),
        (dict(kernel_initializer="normal:"), "STDDEV"),
        (dict(kernel_initializer="normal:-1"), "STDDEV"),
        (dict(loss_reduction="max"), "sum, mean"),
        (dict(optimizer="lbfgs"), "sgd, momentum"),
        (dict(learning_rate=-0.01), "learning_rate must be greater than 0 and finite, not -0.01"),
        (dict(learning_rate=math.inf), "learning_rate"),
        (dict(learning_rate=math.nan), "learning_rate"),
        (dict(clip_value=0.0), "clip_value"),
        (dict(clip_global_norm=math.nan), "clip_global_norm"),
        (dict(n_epochs=0), "n_epochs"),
        (dict(batch_size=0), "batch_size"),
        (dict(batch_size=True), "batch_size"),
        (dict(shuffle_offset=-1), "shuffle_offset"),
        (dict(seed=-1), "seed"),
        (dict(seed=2**31), "seed"),
    ],
)
def test_values_out_of_range_are_named(changes, words):
    with pytest.raises(ConfigError) as caught:
        Config(**changes)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_kinds_of_clipping_contradict():
    with pytest.raises(ConfigError, match="one kind of clipping, not clip_value and clip_norm"):
        Config(clip_value=1.0, clip_norm=1.0)


def test_replace_drops_the_presets_other_clipping():
    config = PRESETS["gradient_clipping"].replace(clip_global_norm=5.0)
    assert (config.clip_value, config.clip_global_norm) == (None, 5.0)


@pytest.mark.parametrize(
    "name, stddev", [("normal:0.1", 0.1), ("normal:1e-3", 1e-3), ("he_normal", None)]
)
def test_stddev_of_the_normal_initializer(name, stddev):
    assert Config(kernel_initializer=name).normal_stddev == stddev

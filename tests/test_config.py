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


EXPONENTIAL = dict(lr_decay="exponential", lr_decay_steps=100, lr_decay_rate=0.9)
PIECES = dict(lr_decay="piecewise_constant", lr_boundaries=[10, 20], lr_values=[1, 0.1, 0.01])


def test_every_decay_takes_its_own_arguments():
    config = Config(**PIECES)
    assert (config.lr_boundaries, config.lr_values) == ((10, 20), (1, 0.1, 0.01))
    assert Config(**EXPONENTIAL, staircase=True).staircase
    assert Config(lr_decay="polynomial", lr_decay_steps=9, end_learning_rate=0).power == 1.0


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(lr_decay="cosine"), "choose from exponential, piecewise_constant, polynomial"),
        (dict(lr_decay="exponential", lr_decay_steps=9), "exponential needs lr_decay_rate"),
        (dict(lr_decay="piecewise_constant"), "piecewise_constant needs lr_boundaries"),
        (dict(lr_decay="polynomial"), "polynomial needs lr_decay_steps"),
        (dict(lr_decay_steps=9), "lr_decay_steps is for lr_decay exponential or polynomial only"),
        (dict(EXPONENTIAL, power=2.0), "power is for lr_decay polynomial only"),
        (dict(PIECES, lr_decay_rate=0.5), "lr_decay_rate is for lr_decay exponential only"),
        (
            dict(EXPONENTIAL, lr_decay_steps=0),
            "lr_decay_steps must be a whole number of at least 1",
        ),
        (dict(EXPONENTIAL, lr_decay_rate=math.nan), "lr_decay_rate must be greater than 0"),
        (dict(PIECES, lr_boundaries=[20, 10]), "lr_boundaries must ascend, not be [20, 10]"),
        (dict(PIECES, lr_boundaries=[1.5, 2]), "each of lr_boundaries must be a whole number"),
        (dict(PIECES, lr_boundaries=[]), "lr_boundaries must ascend"),
        (dict(PIECES, lr_values=[1, 0.1]), "lr_values must be one more than lr_boundaries: give 3"),
        (dict(PIECES, lr_values=[1, 0, 1]), "each of lr_values must be greater than 0"),
        (
            dict(lr_decay="polynomial", lr_decay_steps=9, end_learning_rate=-1),
            "end_learning_rate must be at least 0 and finite, not -1",
        ),
    ],
)
def test_a_decay_that_makes_no_sense_is_refused(changes, words):
    with pytest.raises(ConfigError) as caught:
        Config(**changes)
    assert words in str(caught.value)


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

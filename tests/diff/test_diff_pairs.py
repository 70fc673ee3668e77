"""Pairs of graphs with one planted difference: what is said of each, side by side and by running.

The old graph is 1.15.5's and 2.21's; the new one always 2.21's, as after a migration.
"""

from typing import NamedTuple

import pytest
from pairs import NEW, OLD, compared, deciding, harmless, read

from tf1_dnn.diff import diff

TRAINED = "hidden1/kernel"
MEAN = "bn1/moving_mean"
DTYPES = [
    (f"the dtype of {name}", "float32", "float64")
    for name in (
        *("hidden1/kernel", "hidden1/bias", "bn1/gamma", "bn1/beta"),
        *("bn1/moving_mean", "bn1/moving_variance", "outputs/kernel", "outputs/bias"),
    )
]


class Planted(NamedTuple):
    """What a variant must be told apart by."""

    name: str
    differences: list  # (what, old, new), all of them
    when: str = ""  # where values part; "" where they do not
    at: str = ""
    new: tuple = ()  # the two, in the pair of 2.21 graphs, where that is another place
    base: str = "base"


PLANTED = [
    Planted("stddev", [("the initial deviation of hidden1/kernel", "0.3", "0.1")]),
    Planted(
        "seed",
        [("the seeds of hidden1/kernel's initializer", "(87654321, 1)", "(87654321, 7)")],
    ),
    Planted(
        "glorot",
        [
            ("the initial deviation of hidden1/kernel", "0.3", "0.392232"),
            ("the seeds of hidden1/kernel's initializer", "(87654321, 1)", "none"),
        ],
    ),
    Planted(
        "frozen",
        [("hidden1/kernel trainable", "yes", "no"), ("hidden1/bias trainable", "yes", "no")],
        "after 1 step",
        TRAINED,
    ),
    Planted(
        "epsilon", [("the epsilon of bn1", "0.001", "1e-05")], "inference", "bn1/batchnorm/add_1"
    ),
    Planted("bn_momentum", [("the momentum of bn1", "0.9", "0.99")], "after 1 step", MEAN),
    Planted("bn_share", [("the momentum of bn1", "0.9", "0.1")], "after 1 step", MEAN),
    Planted("no_updates", [("updates of bn1 run by the step", "yes", "no")], "after 1 step", MEAN),
    Planted("sgd", [("the optimizer", "Momentum", "GradientDescent")], "after 3 steps", TRAINED),
    Planted("adam", [("the optimizer", "Momentum", "Adam")], "after 1 step", TRAINED),
    Planted("nesterov", [("the optimizer's use_nesterov", "no", "yes")], "after 1 step", TRAINED),
    Planted(
        "learning_rate",
        [("the optimizer's learning rate", "0.01", "0.1")],
        "after 1 step",
        TRAINED,
    ),
    Planted("momentum", [("the optimizer's momentum", "0.9", "0.5")], "after 3 steps", TRAINED),
    Planted(
        "beta1",
        [("the optimizer's beta1", "0.9", "0.5")],
        "after 3 steps",
        "outputs/kernel",
        base="plain",
    ),
    Planted(
        "beta2",
        [("the optimizer's beta2", "0.999", "0.9")],
        "after 3 steps",
        "outputs/kernel",
        base="plain",
    ),
    Planted(
        "adam_epsilon",
        [("the optimizer's epsilon", "1e-08", "0.0001")],
        "after 1 step",
        "outputs/kernel",
        base="plain",
    ),
    Planted(
        "threshold",
        [("clipping", "by value -0.05 to 0.05", "by value -0.001 to 0.001")],
        "gradient applied",
        TRAINED,
    ),
    Planted(
        "clip_norm",
        [("clipping", "by value -0.05 to 0.05", "by norm 0.05")],
        "gradient applied",
        TRAINED,
    ),
    Planted(
        "clip_global",
        [("clipping", "by value -0.05 to 0.05", "by global norm 0.5")],
        "gradient applied",
        TRAINED,
    ),
    Planted(
        "no_clip", [("clipping", "by value -0.05 to 0.05", "none")], "gradient applied", TRAINED
    ),
    Planted("loss_sum", [("the loss's reduction", "mean", "sum")], "loss", "loss"),
    Planted(
        "rate",
        [("rates of dropout", "0.2", "0.5")],
        "training",
        "outputs/MatMul",
        ("training", "dropout/cond"),
    ),
    Planted("no_dropout", [("rates of dropout", "0.2", "none")], "training", "outputs/MatMul"),
    Planted("float64", DTYPES, base="no_dropout"),
    Planted("cast", DTYPES[-2:]),
    Planted(
        "relu",
        [("ops of type Elu", "1", "0"), ("ops of type Relu", "0", "1")],
        "inference",
        "activation",
    ),
    Planted(
        "deeper",
        [
            ("the variable hidden2/kernel", "missing", "there"),
            ("the variable hidden2/bias", "missing", "there"),
            ("ops of type Elu", "1", "2"),
            ("ops of type MatMul", "2", "3"),
        ],
        "inference",
        "outputs/MatMul",
    ),
    Planted(
        "outputs_norm",
        [
            (f"the variable bn2/{name}", "missing", "there")
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        ],
        "inference",
        "SparseSoftmaxCrossEntropyWithLogits/SparseSoftmaxCrossEntropyWithLogits",
    ),
    Planted(
        "axis",
        [("the axes that bn1 averages over", "0, 1, 2", "0, 2, 3")],
        "inference",
        "outputs/MatMul",
        ("inference", "bn1/cond"),
        base="conv",
    ),
    Planted(
        "fused_epsilon",
        [("the epsilon of bn1", "0.001", "0.0001")],
        "inference",
        "outputs/MatMul",
        ("inference", "bn1/cond"),
        base="conv",
    ),
    Planted(
        "fused_momentum",
        [("the momentum of bn1", "0.9", "0.99")],
        "after 1 step",
        MEAN,
        ("training", "bn1/cond_1"),  # the condition that gives the momentum itself
        base="conv",
    ),
    Planted(
        "unfused",
        [("bn1 fused, which moves its variance by n / (n - 1)", "yes", "no")],
        "after 3 steps",
        "bn1/moving_variance",
        base="conv",
    ),
]
NONE_OF_DIGITS = ["base", "renamed", "resource", "as_before", "cond_v1"]
versions = pytest.mark.parametrize("version", [OLD, NEW])
planted = pytest.mark.parametrize("planted", PLANTED, ids=lambda each: each.name)


@versions
@planted
def test_side_by_side_exactly_what_was_planted_is_told(version, planted):
    found = compared(version, planted.base, planted.name, static=True)
    assert deciding(found) == planted.differences
    assert not found.is_same
    assert found.stages == []


@versions
@planted
def test_values_part_where_the_difference_was_planted(version, planted):
    found = compared(version, planted.base, planted.name)
    assert deciding(found) == planted.differences
    expected = (planted.when, planted.at)
    if version == NEW and planted.new:
        expected = planted.new
    parting = (found.parting.when, found.parting.name) if found.parting else ("", "")
    assert parting == expected
    assert found.is_same == (not planted.when)
    assert any(each.when == "after 3 steps" for each in found.stages)


@versions
@pytest.mark.parametrize("name", NONE_OF_DIGITS)
def test_what_changes_no_digit_is_the_same_to_the_last_bit(version, name):
    found = compared(version, "base", name)
    assert deciding(found) == []
    assert found.is_same
    assert {each.when for each in found.stages} == {
        *("inference", "training", "loss", "gradient", "gradient applied"),
        *("after 1 step", "after 3 steps"),
    }
    assert max(each.difference for each in found.stages) < 1e-6


@versions
@pytest.mark.parametrize("name", ["conv", "plain", "glorot", "no_dropout"])
def test_the_other_bases_are_the_same_as_themselves(version, name):
    found = compared(version, name, name)
    assert (deciding(found), found.is_same) == ([], True)
    assert max(each.difference for each in found.stages) < 1e-6


def test_ref_or_resource_variables_are_the_same_in_the_old_graph_too():
    found = compared(OLD, "resource", "base")
    assert (deciding(found), found.is_same) == ([], True)
    assert max(each.difference for each in found.stages) < 1e-6


def test_images_in_another_layout_are_averaged_over_the_same():
    assert deciding(compared(OLD, "conv", "channels_first", static=True)) == []


def test_spellings_are_told_as_harmless():
    assert harmless(compared(OLD, "base", "base", static=True)) == [
        ("resource variables", "0", "14"),
        ("conditions as functions", "0", "8"),
        ("ops AddV2 for Add", "4", "7"),
    ]
    assert harmless(compared(NEW, "base", "base", static=True)) == []
    assert harmless(compared(NEW, "base", "renamed", static=True)) == [
        ("variables renamed", "0", "8")
    ]


def test_a_variable_is_renamed_with_its_layer():
    found = compared(OLD, "base", "renamed")
    assert dict(found.variables) == {
        f"{old}/{name}": f"{new}/{name}"
        for old, new, names in (
            ("hidden1", "first", ("kernel", "bias")),
            ("bn1", "norm", ("gamma", "beta", "moving_mean", "moving_variance")),
            ("outputs", "last", ("kernel", "bias")),
        )
        for name in names
    }


def test_the_hint_names_what_was_planted_and_no_seed():
    verdict = compared(OLD, "base", "bn_momentum").verdict
    assert verdict.endswith("look at the momentum of bn1")


def test_draws_of_another_dtype_are_said_to_differ_by_chance():
    found = compared(OLD, "base", "float64_dropout")
    assert deciding(found) == DTYPES
    assert "random ops that differ by chance: 2" in found.notes


def test_an_op_that_is_gone_leaves_the_structure():
    removed = read(OLD, "removed")
    found = diff(removed, removed, n_steps=3)
    assert (found.differences, found.stages, found.n_steps) == ([], [], 0)
    said = "gone: Resampler; what depends on it is compared by structure alone"
    assert found.notes == [said] and found.gone == ["Resampler"] and found.is_same
    assert found.verdict == "the same by structure; nothing was run"


def test_a_deep_graph_is_the_same_as_itself():
    deep = read(OLD, "deep")
    assert len(deep.graph_def.node) > 1000
    found = diff(deep, deep, n_steps=3)
    assert (found.differences, found.parting, found.is_same) == ([], None, True)
    names = {each.name for each in found.stages if each.when == "inference"}
    assert {f"hidden{number}/MatMul" for number in range(60)} <= names

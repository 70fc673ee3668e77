"""The post's graph of 1.15.5 against what build_graph makes of it, and Keras against tf.layers."""

import pytest
from pairs import NEW, OLD, compared, deciding

LAYERS = ("batch_normalization", "batch_normalization_1", "batch_normalization_2")
SEEDS = [
    ("the seeds of hidden1/kernel's initializer", "none", "(42, 7)"),
    ("the seeds of hidden2/kernel's initializer", "none", "(42, 96)"),
    ("the seeds of outputs/kernel's initializer", "none", "(42, 185)"),
]


def test_the_posts_graph_is_what_build_graph_builds():
    found = compared(OLD, "post", "ours")
    assert found.is_same
    assert deciding(found) == SEEDS
    assert len(found.variables) == 18
    assert max(each.difference for each in found.stages) < 1e-6
    assert found.n_steps == 3


@pytest.mark.parametrize(
    "name, differences, when, at",
    [
        (
            "post_momentum",
            [(f"the momentum of {layer}", "0.99", "0.9") for layer in LAYERS],
            "after 1 step",
            "batch_normalization/moving_mean",
        ),
        (
            "post_mean",
            [("the loss's reduction", "mean", "none (gradients are summed)")],
            "loss",
            "loss",
        ),
        (
            "post_no_updates",
            [(f"updates of {layer} run by the step", "no", "yes") for layer in LAYERS],
            "after 1 step",
            "batch_normalization/moving_mean",
        ),
        (
            "post_clip_norm",
            [("clipping", "by norm 1", "none")],
            "gradient applied",
            "hidden1/kernel",
        ),
    ],
)
def test_another_graph_than_the_posts_is_told(name, differences, when, at):
    found = compared(OLD, name, "ours")
    assert deciding(found) == differences + SEEDS
    assert (found.parting.when, found.parting.name) == (when, at)
    assert found.verdict.endswith(f"look at {differences[0][0]}")
    assert not found.is_same


@pytest.mark.parametrize("version", [OLD, NEW])
def test_keras_2_computes_what_its_twin_of_tf_layers_does(version):
    found = compared(version, "twin", "keras")
    assert (deciding(found), found.is_same) == ([], True)
    assert [old for old, _ in found.variables] == [new for _, new in found.variables]
    assert len(found.variables) == 8
    after = [each for each in found.stages if each.when == "after 3 steps"]
    assert {"hidden1/kernel", "bn1/moving_variance"} <= {each.name for each in after}
    assert max(each.difference for each in found.stages) < 1e-6

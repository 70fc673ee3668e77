"""Each rule on made-up figures: it holds, does not hold, or is undecided where it should be."""

import numpy as np
import pytest

from tf1_dnn.config import CLIP_KINDS, KERNEL_INITIALIZERS
from tf1_dnn.experiments import (
    EXPERIMENTS,
    clipping,
    initialization,
    learning_rates,
    momentum,
    optimizers,
    regularization,
    vanishing,
)
from tf1_dnn.experiments.estimates import FAILS, HOLDS, UNDECIDED, Estimate, all_of, exceeds
from tf1_dnn.experiments.pairs import BOTH, WITH, WITHOUT
from tf1_dnn.experiments.protocol import conclude


@pytest.fixture
def values():
    """Makes figures up: one entry per seed, evenly around a mean."""

    def make(mean, spread=0.001):
        return (mean + spread * np.linspace(-1, 1, 5)).tolist()

    return make


def test_intervals_beside_a_bound():
    assert exceeds(Estimate(2, 1, 3, 5)) == HOLDS
    assert exceeds(Estimate(2, -1, 5, 5)) == UNDECIDED
    assert exceeds(Estimate(-2, -3, -1, 5)) == FAILS
    assert exceeds(Estimate(2, 1, 3, 5), 4) == FAILS
    assert exceeds(Estimate(0, 0, 0, 5)) == FAILS  # no effect at all is not more than nothing


def test_words_together():
    assert all_of(HOLDS, HOLDS) == HOLDS
    assert all_of(HOLDS, UNDECIDED) == UNDECIDED
    assert all_of(HOLDS, UNDECIDED, FAILS) == FAILS
    assert all_of() == UNDECIDED


def fading(factor, values):
    """Norms per seed of ten layers, each `factor` times that of the layer above."""
    return [[each * factor ** (9 - layer) for layer in range(10)] for each in values(1.0)]


def vanishing_values(values, factors):
    """From (factor with, factor without batch norm) for each initializer."""
    return {
        vanishing.label("tanh", initializer, how): {"backpropagated": fading(factor, values)}
        for initializer, pair in zip(vanishing.INITIALIZERS, factors)
        for how, factor in zip(BOTH, pair)
    }


@pytest.mark.parametrize(
    "factors, word",
    [
        ([(0.9, 0.5), (0.9, 0.3)], HOLDS),
        ([(0.9, 0.5), (0.5, 0.9)], HOLDS),  # the second does not count: nothing vanishes
        ([(0.4, 0.5), (0.9, 0.3)], FAILS),
        ([(0.5, 0.5), (0.9, 0.3)], FAILS),
        ([(1.0, 0.9), (1.0, 0.95)], UNDECIDED),  # nothing to lessen
    ],
)
def test_vanishing(factors, word, values):
    assert vanishing.judge("tanh", vanishing_values(values, factors)).word == word


def accuracies(values, means, spread=0.001):
    return {name: {"accuracy": values(mean, spread=spread)} for name, mean in means.items()}


def initialization_values(values, worst_with, worst_without, spread=0.001):
    means = {}
    for each in ("normal:1", *KERNEL_INITIALIZERS):
        worst = each == "normal:1"
        means[initialization.label(each, WITH)] = worst_with if worst else 0.95
        means[initialization.label(each, WITHOUT)] = worst_without if worst else 0.95
    return accuracies(values, means, spread)


@pytest.mark.parametrize(
    "worst, sensitivity, carelessness",
    [
        ((0.945, 0.5), HOLDS, HOLDS),
        ((0.7, 0.5), HOLDS, FAILS),
        ((0.5, 0.7), FAILS, FAILS),
        ((0.93, 0.93), FAILS, UNDECIDED),
    ],
)
def test_initialization(worst, sensitivity, carelessness, values):
    made = initialization_values(values, *worst)
    if carelessness == UNDECIDED:  # the worst now better, now worse than the bound allows
        made[initialization.label("normal:1", WITH)]["accuracy"] = [0.94, 0.92, 0.94, 0.92, 0.94]
        sensitivity = UNDECIDED
    assert initialization.judge_sensitivity(made).word == sensitivity
    assert initialization.judge_carelessness(made).word == carelessness


def rate_values(values, highest_with, highest_without):
    means = {}
    for rate in learning_rates.RATES:
        for how, highest in ((WITH, highest_with), (WITHOUT, highest_without)):
            means[learning_rates.label(rate, how)] = 0.95 if rate <= highest else 0.1
    return accuracies(values, means)


def test_learning_rates(values):
    assert learning_rates.judge(rate_values(values, 3.0, 0.3)).word == HOLDS
    assert learning_rates.judge(rate_values(values, 0.3, 3.0)).word == FAILS
    assert learning_rates.judge(rate_values(values, 1.0, 1.0)).word == FAILS
    made = rate_values(values, 1.0, 1.0)
    made[learning_rates.label(3.0, WITH)]["accuracy"] = [0.95, 0.1, 0.1, 0.1, 0.1]
    assert learning_rates.judge(made).word == UNDECIDED
    assert learning_rates.highest(made, WITH) == pytest.approx([0.4771, 0, 0, 0, 0], abs=1e-4)
    assert list(learning_rates.width(made, WITH)) == [8, 7, 7, 7, 7]


def dropout_values(values, *tests):
    """From test accuracies at each size: without dropout with/without batch norm, then with it."""
    made = {}
    for size, means in zip(regularization.SIZES, tests):
        pairs = [(0.0, WITH), (0.0, WITHOUT), (0.5, WITH), (0.5, WITHOUT)]
        for pair, mean in zip(pairs, means):
            name = regularization.label(size, *pair)
            made[name] = {"train": [1.0] * 5, "test": values(mean)}
    return made


ALL_HOLD = (0.92, 0.90, 0.93, 0.93)


@pytest.mark.parametrize(
    "tests, words",
    [
        (ALL_HOLD, (HOLDS, HOLDS, HOLDS)),
        ((0.90, 0.92, 0.89, 0.93), (FAILS, HOLDS, FAILS)),
        ((0.92, 0.90, 0.95, 0.91), (HOLDS, FAILS, HOLDS)),
        ((0.92, 0.90, 0.92, 0.89), (HOLDS, HOLDS, FAILS)),  # no need without it: does not count
    ],
)
def test_regularization_takes_one_size_to_refute(tests, words, values):
    made = dropout_values(values, ALL_HOLD, tests)
    judged = [claim.judge(made).word for claim in EXPERIMENTS["regularization"].claims]
    assert tuple(judged) == words


def test_less_need_of_dropout_wants_a_need(values):
    no_need = dropout_values(values, (0.92, 0.90, 0.92, 0.89))
    assert regularization.judge_need(no_need).word == UNDECIDED


def test_regularization_wants_a_smaller_gap_and_a_better_test(values):
    made = dropout_values(values, (0.90, 0.90, 0.9, 0.9))
    made[regularization.label(500, 0.0, WITH)]["train"] = [0.95] * 5  # underfitting closes it too
    assert regularization.judge_overfitting(made).word == FAILS


def momentum_values(values, behind, n=5):
    """Moving averages behind by so much for the three momenta, at the last look and at 1,100."""
    looks = [100, momentum.FIRST_EPOCH, 2_000]
    made = {}
    for each, lost in zip(momentum.MOMENTA, behind):
        moving = [[0.5, 0.95 - lost, 0.95 - lost] for _ in range(n)]
        made[momentum.label(each)] = {
            "looks": [looks] * n, "moving": moving, "population": [[0.95] * 3] * n
        }  # fmt: skip
    return made


@pytest.mark.parametrize(
    "behind, replacement, usual",
    [
        ((0.0, 0.001, 0.002), HOLDS, HOLDS),
        ((0.0, 0.001, 0.3), FAILS, FAILS),
        ((0.0, 0.001, 0.008), FAILS, HOLDS),
        ((0.0, -0.008, 0.0), FAILS, HOLDS),  # better is not the same, but it serves
    ],
)
def test_momentum(behind, replacement, usual, values):
    made = momentum_values(values, behind)
    assert momentum.judge_replacement(made).word == replacement
    assert momentum.judge_usual_values(made).word == usual


def test_steps_until_moving_averages_serve(values):
    made = momentum_values(values, (0.0, 0.02, 0.005))
    steps = [set(momentum.serving_steps(made, each)) for each in momentum.MOMENTA]
    assert steps == [{1_100}, {2_000}, {1_100}]
    seeds = {"looks": [[1, 2, 3]] * 3, "population": [[0.9] * 3] * 3}
    seeds["moving"] = [[0.9, 0.5, 0.9], [0.9, 0.9, 0.9], [0.9, 0.9, 0.5]]
    # The first relapsed, so not 1; the last never does.
    assert momentum.serving_steps({momentum.label(0.9): seeds}, 0.9) == [3, 1, 3]


def clipping_values(values, clipped, unclipped, healthy=0.9, norms=(1e4, 1.0), spread=0.001):
    name = clipping.label
    means = {name(clipping.EXPLODING, kind): clipped for kind in CLIP_KINDS}
    means[name(clipping.EXPLODING, None)] = unclipped
    means[name(clipping.HEALTHY, None)] = healthy
    made = accuracies(values, means, spread)
    for initializer, norm in zip((clipping.EXPLODING, clipping.HEALTHY), norms):
        made[name(initializer, None)]["norm"] = values(norm)
    return made


@pytest.mark.parametrize("kind", CLIP_KINDS)
def test_clipping(kind, values):
    def word(*arguments, **settings):
        return clipping.judge(kind, clipping_values(values, *arguments, **settings)).word

    assert word(0.8, 0.1) == HOLDS
    assert word(0.1, 0.5) == FAILS
    assert word(0.8, 0.1, norms=(5.0, 1.0)) == UNDECIDED  # five times is no explosion
    assert word(0.95, 0.9, healthy=0.9) == UNDECIDED  # nor is one that does no harm


def optimizer_values(values, steps, reached=True):
    made = {}
    for optimizer, rates in optimizers.RATES.items():
        for index, rate in enumerate(rates):
            taken = values(steps.get(optimizer, 500) * (1 + abs(index - 1)), spread=5)
            name = optimizers.label(optimizer, rate)
            made[name] = {"steps": taken, "reached": [reached or optimizer == "sgd"] * 5}
    return made


def test_optimizers(values):
    made = optimizer_values(values, {"adam": 300, "rmsprop": 700})
    assert optimizers.judge("adam", made).word == HOLDS
    assert optimizers.judge("rmsprop", made).word == FAILS
    assert optimizers.best(made, "adam") == "adam, rate 0.001"
    not_reached = optimizer_values(values, {"adam": 300}, reached=False)
    assert optimizers.judge("adam", not_reached).word == FAILS
    made[optimizers.label("adam", 0.001)]["steps"] = [300, 700, 300, 700, 450]
    assert optimizers.judge("adam", made).word == UNDECIDED


def test_every_claim_has_a_rule_that_says_when_it_does_not_hold():
    claims = [claim for each in EXPERIMENTS.values() for claim in each.claims]
    assert len(claims) == 18
    for claim in claims:
        assert "olds if" in claim.rule and "does not hold if" in claim.rule
        assert "ndecided" in claim.rule


def test_two_experiments_from_values_to_rows(values):
    result = conclude(EXPERIMENTS["learning_rates"], rate_values(values, 3.0, 0.3))
    assert result.verdicts[0].word == HOLDS
    highest = [row for row in result.rows if row.quantity.startswith("highest")]
    assert highest[0].difference.mean == pytest.approx(1.0)
    result = conclude(EXPERIMENTS["optimizers"], optimizer_values(values, {"adam": 250}))
    row = next(row for row in result.rows if row.condition == "adam, rate 0.001")
    assert (row.control, row.difference.mean) == ("sgd, rate 0.1", pytest.approx(-250))

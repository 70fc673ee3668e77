"""Means and their intervals against closed forms and printed tables of Student's t."""

import math

import numpy as np
import pytest

from tf1_dnn.experiments.estimates import Estimate, difference, estimate, geometric, t_quantile


@pytest.mark.parametrize(
    "degrees, t",
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (7, 2.365), (9, 2.262), (100, 1.984)],
)
def test_quantiles_are_those_of_the_printed_tables(degrees, t):
    assert t_quantile(degrees) == pytest.approx(t, abs=5e-4)


def test_quantiles_in_closed_form():
    assert t_quantile(1, 0.5) == pytest.approx(1)  # of Cauchy's distribution: tan(π/4)
    assert t_quantile(1, 0.95) == pytest.approx(math.tan(0.95 * math.pi / 2))
    assert t_quantile(2, 0.5) == pytest.approx(math.sqrt(2 / 3))
    assert t_quantile(100_000) == pytest.approx(1.959964, abs=1e-4)  # the normal distribution's


def test_an_interval_by_hand():
    # mean 3, s = √2.5, so the half-width is 2.776445 · √(2.5 / 5)
    expected = Estimate(3.0, 3 - 1.963243, 3 + 1.963243, 5)
    assert estimate([1, 2, 3, 4, 5]) == pytest.approx(expected, abs=1e-5)


def test_intervals_hold_the_true_mean_as_often_as_they_say():
    random_state = np.random.RandomState(0)
    estimates = [estimate(random_state.randn(4)) for _ in range(2_000)]
    share = np.mean([each.low <= 0 <= each.high for each in estimates])
    assert 0.935 < share < 0.965
    # With the normal distribution's 1.96 in place of t = 3.182 they would not:
    ratio = 1.96 / t_quantile(3)
    halves = [(each.high - each.low) / 2 * ratio for each in estimates]
    assert np.mean([abs(e.mean) <= half for e, half in zip(estimates, halves)]) < 0.9


def test_a_difference_is_paired():
    first, second = [1.0, 2.0, 3.0], [0.9, 1.9, 2.9]
    assert difference(first, second) == pytest.approx(Estimate(0.1, 0.1, 0.1, 3))
    assert difference(first, second[::-1]).low < 0  # the seeds mixed up


def test_a_geometric_mean():
    made = geometric([10, 100, 1_000])
    assert made.mean == pytest.approx(100)
    assert math.log10(made.high / 100) == pytest.approx(4.30265 / math.sqrt(3), rel=1e-5)
    assert made.low * made.high == pytest.approx(100**2)


def test_one_value_has_no_interval():
    assert estimate([0.5]) == Estimate(0.5, -math.inf, math.inf, 1)


def test_text():
    assert Estimate(0.97123, 0.97, 0.9724, 5).text(".4f") == "0.9712 [0.9700, 0.9724]"

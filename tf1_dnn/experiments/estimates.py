"""Means over seeds with their 95% intervals (Student's t), and what an interval decides."""

import math
from typing import Any, NamedTuple, Sequence

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
Numbers = Sequence[float] | npt.NDArray[Any]  # one per seed


class Estimate(NamedTuple):
    """A mean over seeds and the interval that holds the true mean with 95% confidence."""

    mean: float
    low: float  # -inf where there is one value only
    high: float
    n: int  # seeds

    def text(self, form: str) -> str:
        """Such as "0.9712 [0.9700, 0.9724]" for the format ".4f"."""
        return f"{self.mean:{form}} [{self.low:{form}}, {self.high:{form}}]"


def estimate(values: Numbers) -> Estimate:
    """The mean of independent values, one per seed, ± t · s / √n."""
    array = np.asarray(values, np.float64)
    mean, n = float(array.mean()), len(array)
    if n == 1:
        return Estimate(mean, -math.inf, math.inf, 1)
    half = t_quantile(n - 1) * float(array.std(ddof=1)) / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, n)


def difference(values: Numbers, control: Numbers) -> Estimate:
    """The mean of values − control, paired: entry i of both has the same seed."""
    return estimate(np.asarray(values, np.float64) - np.asarray(control, np.float64))


def geometric(values: Numbers) -> Estimate:
    """The geometric mean of positive values: the interval is that of their logarithms."""
    of_logarithms = estimate(np.log(values))
    mean, low, high = (math.exp(each) for each in of_logarithms[:3])
    return Estimate(mean, low, high, of_logarithms.n)


def exceeds(value: Estimate, bound: float = 0.0) -> str:
    """HOLDS if the interval lies above the bound, FAILS if nothing of it does, else UNDECIDED."""
    if value.low > bound:
        return HOLDS
    return UNDECIDED if value.high > bound else FAILS


def all_of(*words: str) -> str:
    """FAILS if one does, HOLDS if all do and there is one, else UNDECIDED."""
    if FAILS in words:
        return FAILS
    return HOLDS if set(words) == {HOLDS} else UNDECIDED


def t_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """The t with P(|T| ≤ t) = confidence for Student's T, found by bisection."""
    low, high = 0.0, 1e6
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < confidence else (low, middle)
    return high


def _within(t: float, degrees: int) -> float:
    """P(|T| ≤ t), by the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(degrees))
    is_odd = degrees % 2
    term = math.sin(angle) * (math.cos(angle) if is_odd else 1.0)
    total = 0.0
    for k in range(2 + is_odd, degrees + 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (k - 1) / k
    return 2 / math.pi * (angle + total) if is_odd else total

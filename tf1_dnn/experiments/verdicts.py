"""What figures say of a claim: a word for an interval beside a bound, and for several words."""

from __future__ import annotations

from typing import NamedTuple

from tf1_dnn.experiments.estimates import Estimate

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"


class Verdict(NamedTuple):
    word: str  # HOLDS, FAILS or UNDECIDED
    because: str  # the figures that decided


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

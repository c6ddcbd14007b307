"""Rates with their intervals, and the challenge age that keeps a rate."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
CONFIDENCE = 0.95
CHALLENGE_AGE_STEP_YEARS = 0.1


def minors_needed(rate: float) -> int:
    """How many minors a rate needs: with none of them passing, it is exceeded in 5 % of cases."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - rate))


def share_with_interval(passed: NDArray[np.bool_]) -> dict[str, object]:
    """A share with its n and Wilson's 95 % interval."""
    # scipy comes with the `bench` extra alone; the rest of this module works without it.
    from scipy.stats import binomtest

    count, n = int(passed.sum()), int(passed.size)
    interval = binomtest(count, n).proportion_ci(CONFIDENCE, method="wilson")
    return {
        "value": round(count / n, 4),
        "n": n,
        "interval": [round(interval.low, 4), round(interval.high, 4)],
    }


def score_at_rate(minors: FloatArray, rate: float) -> float:
    """The smallest score that at most `rate` of the minors exceed; passing means exceeding it.

    Args:
        minors: one score for each minor; -inf for those who cannot pass.
    """
    allowed = math.floor(rate * minors.size)
    return float(np.sort(minors)[::-1][allowed])


def challenge_age_at_rate(minors_years: FloatArray, rate: float) -> float:
    """The smallest challenge age, in steps of 0.1 years, that at most `rate` of minors reach."""
    score_years = score_at_rate(minors_years, rate)
    if not math.isfinite(score_years):
        return CHALLENGE_AGE_STEP_YEARS
    # Rounded first: a score of exactly 10.1 is 100.99999 steps in floating point.
    steps = math.floor(round(score_years / CHALLENGE_AGE_STEP_YEARS, 6)) + 1
    return round(steps * CHALLENGE_AGE_STEP_YEARS, 1)


def rounded_up(years: float) -> float:
    """To the next step of 0.1 years, on the cautious side."""
    return round(math.ceil(years / CHALLENGE_AGE_STEP_YEARS) * CHALLENGE_AGE_STEP_YEARS, 1)


def bootstrap_interval(values: FloatArray) -> list[float]:
    """The central 95 % of bootstrapped values."""
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return [round(float(low), 4), round(float(high), 4)]

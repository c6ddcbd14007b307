"""Shares and means with their intervals, and the challenge age that keeps a rate.

A figure is a dict with `value`, `n` and `interval` (95 %). One that the data cannot support has the
value and interval None and says in `needs_n` how many it needs. Nothing is shown under MIN_N.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Figure = dict[str, Any]

CONFIDENCE = 0.95
MIN_N = 20
"""A figure over fewer pictures would say something about single people."""
CHALLENGE_AGE_STEP_YEARS = 0.1
DIGITS = 4
YEARS_DIGITS = 2
"""Means of years are rounded further: from two means over nearly the same pictures, and their n,
the sum over the rest follows, to n times what is rounded off."""


def minors_needed(rate: float) -> int:
    """How many minors a rate needs: with none of them passing, it is exceeded in 5 % of cases."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(1 - rate))


def unsupported(n: int, needs_n: int) -> Figure:
    """The place of a figure that `n` pictures cannot support."""
    return {"value": None, "n": n, "interval": None, "needs_n": needs_n}


def share(count: int, n: int) -> Figure:
    """A share with Wilson's 95 % interval (E. B. Wilson, 1927); None under MIN_N."""
    if n < MIN_N:
        return unsupported(n, MIN_N)
    # scipy comes with the `bench` extra alone; the rest of this module works without it.
    from scipy.stats import binomtest

    interval = binomtest(count, n).proportion_ci(CONFIDENCE, method="wilson")
    return {
        "value": round(count / n, DIGITS),
        "n": n,
        "interval": [round(interval.low, DIGITS), round(interval.high, DIGITS)],
    }


def share_with_interval(passed: NDArray[np.bool_]) -> Figure:
    """The share of true values."""
    return share(int(passed.sum()), int(passed.size))


def mean_years(numerators: IntArray, denominators: IntArray, scale: float) -> Figure:
    """A mean in years with its bootstrap interval; None under MIN_N.

    Args:
        numerators, denominators: (1 + replicates,): the sum and the count over the pictures as they
            are, then over each bootstrap replicate.
        scale: what the ratio is divided by.
    """
    n = int(denominators[0])
    if n < MIN_N:
        return unsupported(n, MIN_N)
    means = replicate_ratios(numerators, denominators, scale)
    return {
        "value": round(float(means[0]), YEARS_DIGITS),
        "n": n,
        "interval": [round(end, YEARS_DIGITS) for end in bootstrap_interval(means[1:])],
    }


def replicate_ratios(
    numerators: IntArray, denominators: IntArray, scale: float = 1.0
) -> FloatArray:
    """The ratio of each replicate, NaN where a replicate drew nobody: (1 + replicates,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(numerators / denominators / scale)


def bootstrap_interval(values: FloatArray) -> list[float]:
    """The central 95 % of bootstrapped values; NaN is left out."""
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return [round(float(low), DIGITS), round(float(high), DIGITS)]


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


def challenge_steps_at_rate(at_least: IntArray, rate: float) -> IntArray:
    """The same for counts, one for each replicate, in steps of 0.1 years: (replicates,).

    Args:
        at_least: (replicates, steps): how many minors reach each step; all of them reach step 0.
    """
    allowed = np.floor(rate * at_least[:, :1])
    # Nobody lies beyond the last step, so that one more always keeps the rate.
    kept = np.concatenate([at_least <= allowed, np.ones((len(at_least), 1), dtype=bool)], axis=1)
    return np.asarray(kept[:, 1:].argmax(axis=1) + 1)


def rounded_up(years: float) -> float:
    """To the next step of 0.1 years, on the cautious side."""
    return round(math.ceil(years / CHALLENGE_AGE_STEP_YEARS) * CHALLENGE_AGE_STEP_YEARS, 1)

"""Shares and means with their intervals, and the challenge age that keeps a rate.

A figure is a dict with `value`, `n` and `interval` (95 %). One that the data cannot support has the
value and interval None and says in `needs_n` how many it needs. Nothing is shown under MIN_N.

Where labels name whose picture each is, a figure also has `people`: how many single pictures its
pictures are worth if all of one person say the same (the effective sample size of L. Kish, Survey
Sampling, 1965). Intervals of shares and minimum numbers go by it.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Figure = dict[str, Any]

CONFIDENCE = 0.95
MIN_N = 20
"""A figure over fewer pictures would say something about single people."""
MIN_PEOPLE = 10
"""The same where many pictures may show one person."""
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
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


def too_few(n: int, people: int | None) -> Figure | None:
    """The place of a figure over fewer than MIN_N pictures or MIN_PEOPLE people, or None."""
    if n < MIN_N:
        return unsupported(n, MIN_N)
    if people is not None and people < MIN_PEOPLE:
        return unsupported(n, MIN_N) | {"people": people, "needs_people": MIN_PEOPLE}
    return None


def share(count: int, n: int, people: int | None = None) -> Figure:
    """A share with Wilson's 95 % interval; None under MIN_N pictures or MIN_PEOPLE people.

    Args:
        people: what the `n` pictures are worth, where that is not n.
    """
    missing = too_few(n, people)
    if missing is not None:
        return missing
    worth = {} if people is None else {"people": people}
    interval = wilson_interval(count / n, n if people is None else people)
    return {"value": round(count / n, DIGITS), "n": n, "interval": interval} | worth


def wilson_interval(value: float, n: int) -> list[float]:
    """The 95 % score interval of a share over n (E. B. Wilson, JASA 22, 1927)."""
    z2 = _Z**2
    centre = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * math.sqrt(value * (1 - value) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low = 0.0 if value == 0 else max(0.0, centre - half)
    high = 1.0 if value == 1 else min(1.0, centre + half)
    return [round(low, DIGITS), round(high, DIGITS)]


def effective_people(counts: IntArray) -> int:
    """What pictures are worth when those of one person say the same: n^2 / sum of squares, rounded.

    Args:
        counts: (1 + replicates,): how many there are, then in each Poisson replicate, whose
            variance is that sum.
    """
    n, variance = int(counts[0]), float(counts[1:].var())
    return min(n, round(n * n / variance)) if variance else n


def share_with_interval(passed: NDArray[np.bool_]) -> Figure:
    """The share of true values."""
    return share(int(passed.sum()), int(passed.size))


def mean_years(
    numerators: IntArray, denominators: IntArray, scale: float, *, by_people: bool = False
) -> Figure:
    """A mean in years with its bootstrap interval; None where there are too few.

    Args:
        numerators, denominators: (1 + replicates,): the sum and the count over the pictures as they
            are, then over each bootstrap replicate.
        scale: what the ratio is divided by.
        by_people: whether many pictures may show one person.
    """
    n = int(denominators[0])
    people = effective_people(denominators) if by_people else None
    missing = too_few(n, people)
    if missing is not None:
        return missing
    means = replicate_ratios(numerators, denominators, scale)
    return {
        "value": round(float(means[0]), YEARS_DIGITS),
        "n": n,
        "interval": [round(end, YEARS_DIGITS) for end in bootstrap_interval(means[1:])],
    } | ({} if people is None else {"people": people})


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
    return challenge_age_above(score_at_rate(minors_years, rate))


def challenge_age_above(score_years: float) -> float:
    """The smallest challenge age, in steps of 0.1 years, that this score does not reach."""
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

"""Timing of calls: interleaved rounds, and percentiles with their intervals."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from agecheck.bench.statistics import CONFIDENCE, MIN_N, Figure, unsupported

PERCENTILES = (50, 90, 95, 99)
WARM_UP_ROUNDS = 5
_DIGITS = 3

Subject = Callable[[], object]


def interleaved_ms(
    subjects: Mapping[str, Subject], rounds: int, warm_up_rounds: int = WARM_UP_ROUNDS
) -> dict[str, list[float]]:
    """Time every subject once a round, in ms.

    The order is a new one in each round: who comes after whom decides what the caches hold. And
    whatever else the machine does meanwhile falls on all of them.
    """
    timings_ms: dict[str, list[float]] = {name: [] for name in subjects}
    order = random.Random(0)  # noqa: S311
    for round_index in range(warm_up_rounds + rounds):
        for name in order.sample(list(subjects), len(subjects)):
            started_s = time.perf_counter()
            subjects[name]()
            if round_index >= warm_up_rounds:
                timings_ms[name].append((time.perf_counter() - started_s) * 1e3)
    return timings_ms


def percentiles_ms(timings_ms: Sequence[float]) -> dict[str, Figure]:
    """The percentiles of PERCENTILES as figures, under names such as "p95"."""
    return {f"p{percent}": percentile_ms(timings_ms, percent) for percent in PERCENTILES}


def percentile_ms(timings_ms: Sequence[float], percent: int) -> Figure:
    """One percentile with its 95 % interval, from the ranks that a binomial law allows.

    The interval takes the calls for independent (H. A. David, H. N. Nagaraja, Order Statistics,
    2003, 7.1); it says nothing about another day's load.

    Args:
        percent: a whole number, 50 for the median.

    Returns:
        A figure; without a value where there are so few calls that the interval has no upper end.
    """
    ordered, share = sorted(timings_ms), percent / 100
    n, needed = len(ordered), calls_needed(percent)
    if n < needed:
        return unsupported(n, needed)
    from scipy.stats import binom  # with the `bench` extra alone

    tail = (1 - CONFIDENCE) / 2
    low_rank, high_rank = int(binom.ppf(tail, n, share)), int(binom.ppf(1 - tail, n, share)) + 1
    value = median(ordered) if percent == 50 else ordered[math.ceil(share * n) - 1]
    return {
        "value": round(value, _DIGITS),
        "n": n,
        "interval": [
            round(ordered[max(low_rank, 1) - 1], _DIGITS),
            round(ordered[min(high_rank, n) - 1], _DIGITS),
        ],
    }


def calls_needed(percent: int) -> int:
    """How many calls a percentile needs: with fewer, it may lie above all of them."""
    tail = (1 - CONFIDENCE) / 2
    return max(MIN_N, math.ceil(math.log(tail) / math.log(percent / 100)))

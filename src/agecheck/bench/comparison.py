"""agecheck beside another estimator: each figure less the other's, on the same bootstrap draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from agecheck.bench import bands
from agecheck.bench.measures import Measures, Slice
from agecheck.bench.statistics import DIGITS, Figure, FloatArray, bootstrap_interval
from agecheck.bench.tally import EVERYBODY


def comparison(own: Measures, other: Measures, groups: Sequence[Slice]) -> dict[str, Any]:
    """Differences with paired bootstrap intervals.

    A positive difference of adults passed, or a negative one of the error, is in agecheck's favour.
    The error is each estimator's own, over the faces that it found.

    Args:
        groups: the slices in which errors are compared one by one.
    """
    return {
        "adult_pass": {
            adults.name: {
                f"{rate:g}": _pass_difference(own, other, adults, rate)
                for rate in bands.FALSE_OVER_RATES
            }
            for adults in bands.ADULTS
        },
        "mae_years": {
            band.name: _mean_difference(own, other, (*EVERYBODY, band.name)) for band in bands.BANDS
        },
        "mae_years_by_group": {where[1]: _mean_difference(own, other, where) for where in groups},
    }


def _pass_difference(own: Measures, other: Measures, adults: bands.Band, rate: float) -> Figure:
    return _difference(
        own.pass_at_rate(adults, bands.MINORS_18, rate),
        other.pass_at_rate(adults, bands.MINORS_18, rate),
        own.pass_replicates(adults, bands.MINORS_18, rate),
        other.pass_replicates(adults, bands.MINORS_18, rate),
    )


def _mean_difference(own: Measures, other: Measures, where: Slice) -> Figure:
    what = "absolute error"
    return _difference(
        own.mean(where, what),
        other.mean(where, what),
        own.mean_replicates(where, what),
        other.mean_replicates(where, what),
    )


def _difference(
    own: Figure, other: Figure, own_replicates: FloatArray, other_replicates: FloatArray
) -> Figure:
    for figure in (own, other):
        if figure["value"] is None:
            return {key: figure[key] for key in ("value", "n", "interval", "needs_n")}
    drawn = np.asarray(own_replicates - other_replicates)
    return {
        "value": round(float(drawn[0]), DIGITS),
        "n": min(own["n"], other["n"]),
        "interval": bootstrap_interval(drawn[1:]),
    }

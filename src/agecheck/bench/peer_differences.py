"""agecheck beside another estimator: each figure less the other's, on the same bootstrap draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from agecheck.bench import bands
from agecheck.bench.measures import Measures
from agecheck.bench.slices import EVERYBODY, Place
from agecheck.bench.statistics import DIGITS, Figure, bootstrap_interval


def comparison(own: Measures, other: Measures, groups: Sequence[Place]) -> dict[str, Any]:
    """Differences with paired bootstrap intervals.

    A positive difference of adults passed, or a negative one of the error, is in agecheck's favour.
    Errors are compared over the faces that both have an estimate of: who refuses hard ones gains
    nothing by it.

    Args:
        groups: the slices in which errors are compared one by one.
    """
    return {
        "adult_pass": {
            adults.name: {
                f"{rate:g}": _pass_difference(own, other, adults, rate)
                for rate in bands.REPORTED_RATES
            }
            for adults in bands.ADULTS
        },
        "mae_years": {
            band.name: other.further_off((*EVERYBODY, band.name)) for band in bands.BANDS
        },
        "mae_years_by_group": {where[1]: other.further_off(where) for where in groups},
    }


def _pass_difference(own: Measures, other: Measures, adults: bands.Band, rate: float) -> Figure:
    figures = [of.pass_at_rate(adults, bands.MINORS_18, rate) for of in (own, other)]
    for figure in figures:
        if figure["value"] is None:
            return figure
    of_own, of_other = (of.pass_replicates(adults, bands.MINORS_18, rate) for of in (own, other))
    drawn = np.asarray(of_own - of_other)
    kept = {key: figures[0][key] for key in ("n", "people", "minors_n") if key in figures[0]}
    return {
        "value": round(float(drawn[0]), DIGITS),
        "interval": bootstrap_interval(drawn[1:]),
    } | kept

"""From two networks' outputs on one face to a calibrated age distribution.

Heads on "at least this old" separate minors from adults better than a regression on the age does,
and together they are a distribution: an ordinal regression (Frank and Hall, "A simple approach to
ordinal classification", ECML 2001). A face that is uncertain for its age is judged younger: the
decision is taken on the mean less some standard deviations, put back on the scale of years.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agecheck.calibration import Fusion
from agecheck.estimate import AgeEstimate

FEATURE_SET_ID = "mobilenet-0.3+tinyxception-0.2-flip/1"
"""Name of the feature set; a calibration fitted on another one is refused."""

MAX_AGE_YEARS = 95.0
"""Where the distribution ends; nobody older is told apart."""

_CLASS_AGES_YEARS = np.arange(1.0, 101.0)  # its author's: the first class is one year
_CUMULATIVE_CLASSES = np.array([7, 11, 14, 16, 19, 23, 28, 38, 53])
"""At most 8, 12, 15, 17, 20, 24, 29, 39 and 54 years old."""
_MIN_PROBABILITY = 1e-4
_SUM_TOLERANCE = 1e-3
_PLAUSIBLE_YEARS = (-10.0, 120.0)
"""On 800 faces age-tinyxception answers from 1 to 96."""
NUM_FEATURES = 13


def features(
    probabilities: NDArray[np.float32], ages_years: NDArray[np.float32]
) -> NDArray[np.float64]:
    """What the fusion sees of one face, (13,). All NaN when a network's output is no answer.

    Without that check a network that answers 300 years would be fused to a certain adult.

    Args:
        probabilities: age-mobilenet's output, float32 (100,).
        ages_years: age-tinyxception's output, float32 (2,): the chip and its mirror image.
    """
    lowest_years, highest_years = _PLAUSIBLE_YEARS
    total = float(probabilities.sum(dtype=np.float64))
    tiny_years: list[float] = ages_years.tolist()
    # NaN fails every comparison, and min() of an array that holds one is NaN.
    plausible = (
        probabilities.min() >= 0
        and abs(total - 1) <= _SUM_TOLERANCE
        and all(lowest_years <= years <= highest_years for years in tiny_years)
    )
    if not plausible:
        return np.full(NUM_FEATURES, np.nan)
    shares = probabilities.astype(np.float64)
    mean_years = float(shares @ _CLASS_AGES_YEARS)
    variance = float(shares @ (_CLASS_AGES_YEARS - mean_years) ** 2)
    cumulative: list[float] = shares.cumsum()[_CUMULATIVE_CLASSES].tolist()
    return np.array(
        [
            sum(tiny_years) / 2,
            mean_years,
            math.sqrt(variance),
            *(_log_odds(probability) for probability in cumulative),
            abs(tiny_years[0] - tiny_years[1]),
        ]
    )


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, _MIN_PROBABILITY), 1 - _MIN_PROBABILITY)
    return math.log(clipped / (1 - clipped))


class _Heads(NamedTuple):
    """A fusion's numbers as arrays: making them takes longer than the fusion itself."""

    feature_mean: NDArray[np.float64]
    feature_scale: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    thresholds_years: NDArray[np.float64]
    caution_knots_years: NDArray[np.float64]


@lru_cache(maxsize=1)  # a process has one calibration
def _heads(fusion: Fusion) -> _Heads:
    return _Heads(
        np.array(fusion.feature_mean),
        np.array(fusion.feature_scale),
        np.array(fusion.coefficients),
        np.array(fusion.intercepts),
        np.array(fusion.thresholds_years),
        np.array(fusion.caution_knots_years),
    )


def fuse(fusion: Fusion, feature_vector: NDArray[np.float64]) -> AgeEstimate:
    """The calibrated estimate of one face; NaN in, NaN out.

    Args:
        fusion: parameters fitted on this feature set.
        feature_vector: float64 (features,).
    """
    heads = _heads(fusion)
    standardised = (feature_vector - heads.feature_mean) / heads.feature_scale
    logits = heads.coefficients @ standardised + heads.intercepts
    mean_years, sd_years = distribution_moments(heads.thresholds_years, 1 / (1 + np.exp(-logits)))
    return AgeEstimate(
        mean_years=mean_years,
        sd_years=sd_years,
        cautious_years=cautious_age_years(fusion, mean_years - fusion.caution_sds * sd_years),
    )


def distribution_moments(
    thresholds_years: NDArray[np.float64], at_least: NDArray[np.float64]
) -> tuple[float, float]:
    """Mean and standard deviation, in completed years, of a distribution given by its heads.

    Args:
        thresholds_years: ascending (heads,).
        at_least: probability of being at least that old (heads,); heads that contradict a
            younger head are lowered to it.
    """
    survival, edges = np.empty((2, len(thresholds_years) + 2))
    survival[0], survival[-1] = 1.0, 0.0
    np.minimum.accumulate(at_least, out=survival[1:-1])
    edges[0], edges[1:-1], edges[-1] = 0.0, thresholds_years, MAX_AGE_YEARS
    mass = survival[:-1] - survival[1:]
    centres = (edges[:-1] + edges[1:]) / 2
    mean_years = float(mass @ centres)
    sd_years = math.sqrt(mass @ (centres - mean_years) ** 2)
    # A person of 17.0 to 17.99 years has the label 17: half a year on average.
    return mean_years - 0.5, sd_years


def cautious_age_years(fusion: Fusion, lowered_years: float) -> float:
    """Put a lowered mean back on the scale of years: piecewise linear, strictly increasing."""
    lowered, years = _heads(fusion).caution_knots_years.T
    if lowered_years < lowered[0]:
        return float(years[0] + (lowered_years - lowered[0]))
    if lowered_years > lowered[-1]:
        return float(years[-1] + (lowered_years - lowered[-1]))
    return float(np.interp(lowered_years, lowered, years))

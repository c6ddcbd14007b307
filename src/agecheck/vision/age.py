"""From two networks' outputs on one face to a calibrated age distribution.

Heads on "at least this old" separate minors from adults better than a regression on the age does,
and together they are a distribution: an ordinal regression (Frank and Hall, "A simple approach to
ordinal classification", ECML 2001). A face that is uncertain for its age is judged younger: the
decision is taken on the mean less some standard deviations, put back on the scale of years.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agecheck.calibration import Fusion
from agecheck.estimate import AgeEstimate

FEATURES = "resnet10-0.2-flip+tinyxception-0.2-flip/1"
"""Name of the feature set; a calibration fitted on another one is refused."""

MAX_AGE_YEARS = 95.0
"""Where the distribution ends; nobody older is told apart."""

_CLASS_AGES_YEARS = np.arange(81.0)
_CLASS_AGES_YEARS[0] = 0.25  # the youngest class is below one year: dlib's own value
_CUMULATIVE_AGES_YEARS = np.array([8, 12, 15, 17, 20, 24, 29, 39, 54])
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
        probabilities: age-resnet10's output, float32 (2, 81): the chip and its mirror image.
        ages_years: age-tinyxception's output, float32 (2,): the chip and its mirror image.
    """
    lowest_years, highest_years = _PLAUSIBLE_YEARS
    plausible = (
        np.all(probabilities >= 0)
        and np.all(np.abs(probabilities.sum(axis=1, dtype=np.float64) - 1) <= _SUM_TOLERANCE)
        and np.all((ages_years >= lowest_years) & (ages_years <= highest_years))
    )
    if not plausible:
        return np.full(NUM_FEATURES, np.nan)
    mean_probabilities = probabilities.astype(np.float64).mean(axis=0)
    mean_years = mean_probabilities @ _CLASS_AGES_YEARS
    variance = mean_probabilities @ (_CLASS_AGES_YEARS - mean_years) ** 2
    cumulative = np.cumsum(mean_probabilities)[_CUMULATIVE_AGES_YEARS]
    clipped = np.clip(cumulative, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
    tiny_years = ages_years.astype(np.float64)
    return np.concatenate(
        [
            [tiny_years.mean(), mean_years, np.sqrt(variance)],
            np.log(clipped / (1 - clipped)),
            [abs(tiny_years[0] - tiny_years[1])],
        ]
    )


def fuse(fusion: Fusion, feature_vector: NDArray[np.float64]) -> AgeEstimate:
    """The calibrated estimate of one face; NaN in, NaN out.

    Args:
        fusion: parameters fitted on this feature set.
        feature_vector: float64 (features,).
    """
    standardised = (feature_vector - fusion.feature_mean) / fusion.feature_scale
    logits = np.asarray(fusion.coefficients) @ standardised + fusion.intercepts
    mean_years, sd_years = distribution_moments(
        np.asarray(fusion.thresholds_years), 1 / (1 + np.exp(-logits))
    )
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
    survival = np.concatenate([[1.0], np.minimum.accumulate(at_least), [0.0]])
    edges = np.concatenate([[0.0], thresholds_years, [MAX_AGE_YEARS]])
    mass = survival[:-1] - survival[1:]
    centres = (edges[:-1] + edges[1:]) / 2
    mean_years = mass @ centres
    sd_years = np.sqrt(mass @ (centres - mean_years) ** 2)
    # A person of 17.0 to 17.99 years has the label 17: half a year on average.
    return float(mean_years - 0.5), float(sd_years)


def cautious_age_years(fusion: Fusion, lowered_years: float) -> float:
    """Put a lowered mean back on the scale of years: piecewise linear, strictly increasing."""
    lowered, years = np.asarray(fusion.caution_knots_years).T
    if lowered_years < lowered[0]:
        return float(years[0] + (lowered_years - lowered[0]))
    if lowered_years > lowered[-1]:
        return float(years[-1] + (lowered_years - lowered[-1]))
    return float(np.interp(lowered_years, lowered, years))

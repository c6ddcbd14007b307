"""Fits the fusion: heads on "at least this old", and the map from lowered means to years.

Needs scikit-learn (the extra `bench`). Every choice was made on predictions for faces that a fit
had not seen (docs/adr/0002-cautious-age.md).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agecheck.bench.statistics import MIN_N, FloatArray
from agecheck.calibration import Fusion
from agecheck.errors import AgecheckError
from agecheck.vision import age

FOLDS = 5
MAX_LABEL_YEARS = 90
THRESHOLDS_YEARS = (
    *(3, 6, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 30),
    *(33, 36, 40, 45, 50, 55, 60, 65, 70, 80),
)
INVERSE_REGULARISATION = 0.1
CAUTION_SDS = 1.5
CAUTION_BINS = 24


class FitError(AgecheckError, ValueError):
    """These faces cannot make a calibration; the message says what is missing."""


def fit_fusion(
    vectors: FloatArray,
    ages_years: FloatArray,
    *,
    weights: FloatArray | None = None,
    inverse_regularisation: float = INVERSE_REGULARISATION,
) -> Fusion:
    """Fit the heads and the map from lowered means to years.

    Args:
        vectors: (n, features).
        ages_years: labels (n,), at most MAX_LABEL_YEARS.
        weights: how much each face counts (n,); by default `balanced_weights`.
        inverse_regularisation: of the heads, scikit-learn's C.

    Raises:
        FitError: the labels lie on one side of all thresholds but one.
    """
    from sklearn.linear_model import LogisticRegression

    thresholds_years = usable_thresholds(ages_years)
    weights = balanced_weights(ages_years) if weights is None else weights
    mean, scale = vectors.mean(axis=0), vectors.std(axis=0)
    standardised = (vectors - mean) / scale
    heads = [
        LogisticRegression(C=inverse_regularisation, max_iter=500).fit(
            standardised, ages_years >= threshold, sample_weight=weights
        )
        for threshold in thresholds_years
    ]
    fusion = Fusion(
        features=age.FEATURE_SET_ID,
        thresholds_years=tuple(float(threshold) for threshold in thresholds_years),
        feature_mean=_rounded(mean),
        feature_scale=_rounded(scale),
        coefficients=tuple(_rounded(head.coef_[0]) for head in heads),
        intercepts=_rounded(np.array([head.intercept_[0] for head in heads])),
        caution_sds=CAUTION_SDS,
        caution_knots_years=((0.0, 0.0), (1.0, 1.0)),
    )
    lowered_years = np.array([age.fuse(fusion, vector).cautious_years for vector in vectors])
    return replace(
        fusion, caution_knots_years=fit_caution_knots(lowered_years, ages_years, weights)
    )


def usable_thresholds(ages_years: FloatArray) -> tuple[int, ...]:
    """Those with enough labels on either side for a head.

    Raises:
        FitError: fewer than two are.
    """
    usable = tuple(
        threshold
        for threshold in THRESHOLDS_YEARS
        if min((ages_years >= threshold).sum(), (ages_years < threshold).sum()) >= MIN_N
    )
    if len(usable) < 2:
        raise FitError("the labels are of too few different ages to tell ages apart")
    return usable


def balanced_weights(ages_years: FloatArray) -> FloatArray:
    """Weights that make rare ages count more: the inverse root of each age's frequency.

    Research sets are full of 26-year-olds; users need not be.
    """
    counts = np.bincount(ages_years.astype(int), minlength=MAX_LABEL_YEARS + 1)
    smooth = np.convolve(np.pad(counts, 3, mode="edge"), np.ones(7) / 7, mode="valid")
    weights = 1 / np.sqrt(smooth[ages_years.astype(int)])
    return np.asarray(weights / weights.mean())


def fit_caution_knots(
    lowered_years: FloatArray, ages_years: FloatArray, weights: FloatArray
) -> tuple[tuple[float, float], ...]:
    """The mean age of people with the same lowered mean, strictly increasing."""
    from sklearn.isotonic import IsotonicRegression

    edges = np.quantile(lowered_years, np.linspace(0, 1, CAUTION_BINS + 1))
    bins = np.clip(np.searchsorted(edges, lowered_years, side="right") - 1, 0, CAUTION_BINS - 1)
    members = [bins == index for index in range(CAUTION_BINS) if (bins == index).any()]
    x = np.array([np.average(lowered_years[m], weights=weights[m]) for m in members])
    y = np.array([np.average(ages_years[m], weights=weights[m]) for m in members])
    y = IsotonicRegression().fit_transform(x, y) + 0.01 * np.arange(len(members))
    return tuple((round(float(a), 4), round(float(b), 4)) for a, b in zip(x, y, strict=True))


def held_out_estimates(
    vectors: FloatArray, ages_years: FloatArray, people: Sequence[str]
) -> FloatArray:
    """Mean, sd and cautious age of every face by a fit that saw nobody of its fold: (n, 3).

    Args:
        vectors: (n, features); NaN without a face.
        ages_years: labels (n,).
        people: whose picture each is; all pictures of one person are in one fold.

    Raises:
        FitError: a fold's rest cannot be fitted.
    """
    folds = np.array([zlib.crc32(person.encode()) % FOLDS for person in people])
    has_face = np.isfinite(vectors).all(axis=1)
    estimates = np.full((len(vectors), 3), np.nan)
    for fold in range(FOLDS):
        training = has_face & (folds != fold) & (ages_years <= MAX_LABEL_YEARS)
        fusion = fit_fusion(vectors[training], ages_years[training])
        held_out = has_face & (folds == fold)
        estimates[held_out] = estimates_by(fusion, vectors[held_out])
    return estimates


def estimates_by(fusion: Fusion, vectors: FloatArray) -> FloatArray:
    """Mean, sd and cautious age of each face: (n, 3); NaN stays NaN."""
    fused = [age.fuse(fusion, vector) for vector in vectors]
    rows = [(one.mean_years, one.sd_years, one.cautious_years) for one in fused]
    return np.array(rows).reshape(-1, 3)


def _rounded(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)

"""Fits the calibration that ships: `python -m benchmarks.calibrate FOLDER`.

FOLDER holds images/ and labels.csv. Only the split `calibrate` is read. Every choice is judged on
predictions for faces that the fit did not see (5 folds by file name); the challenge-age table is
read off the same predictions. What is written holds parameters and counts, no picture and no
person's age.
"""

from __future__ import annotations

import argparse
import json
import zlib
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from agecheck.bench.statistics import (
    FloatArray,
    bootstrap_interval,
    challenge_age_at_rate,
    minors_needed,
    rounded_up,
    share_with_interval,
)
from agecheck.calibration import SCHEMA, Fusion
from agecheck.models.store import ModelStore
from agecheck.policy import MAX_CHALLENGE_AGE_YEARS
from agecheck.vision import age
from benchmarks.extraction import FaceFeatures, extract_features
from benchmarks.labelled_faces import LabelledFace, read_labels

SHIPPED = Path(__file__).parent.parent / "src/agecheck/models/data/calibration.json"

FOLDS = 5
MAX_LABEL_YEARS = 90
THRESHOLDS_YEARS = (
    *(3, 6, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 30),
    *(33, 36, 40, 45, 50, 55, 60, 65, 70, 80),
)
INVERSE_REGULARISATION = 0.1
CAUTION_SDS = 1.5
CAUTION_BINS = 24
AGE_LIMITS = range(13, 22)
FALSE_OVER_RATES = (0.10, 0.05, 0.03, 0.02, 0.01, 0.005)
MINOR_BAND_YEARS = 4
MAX_SD_QUANTILE = 0.998
BOOTSTRAPS = 1000


def fit_fusion(vectors: FloatArray, ages_years: FloatArray) -> Fusion:
    """Fit the heads and the map from lowered means to years.

    Args:
        vectors: (n, features).
        ages_years: labels (n,).
    """
    weights = balanced_weights(ages_years)
    mean, scale = vectors.mean(axis=0), vectors.std(axis=0)
    standardised = (vectors - mean) / scale
    heads = [
        LogisticRegression(C=INVERSE_REGULARISATION, max_iter=500).fit(
            standardised, ages_years >= threshold, sample_weight=weights
        )
        for threshold in THRESHOLDS_YEARS
    ]
    fusion = Fusion(
        features=age.FEATURES,
        thresholds_years=tuple(float(threshold) for threshold in THRESHOLDS_YEARS),
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
    edges = np.quantile(lowered_years, np.linspace(0, 1, CAUTION_BINS + 1))
    bins = np.clip(np.searchsorted(edges, lowered_years, side="right") - 1, 0, CAUTION_BINS - 1)
    members = [bins == index for index in range(CAUTION_BINS)]
    x = np.array([np.average(lowered_years[m], weights=weights[m]) for m in members])
    y = np.array([np.average(ages_years[m], weights=weights[m]) for m in members])
    y = IsotonicRegression().fit_transform(x, y) + 0.01 * np.arange(CAUTION_BINS)
    return tuple((round(float(a), 4), round(float(b), 4)) for a, b in zip(x, y, strict=True))


def held_out_estimates(
    faces: list[LabelledFace], found: list[FaceFeatures], ages_years: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, sd and cautious age of every face by a fit without its fold; NaN without a face."""
    folds = np.array([zlib.crc32(face.path.name.encode()) % FOLDS for face in faces])
    has_face = np.array([features.vector is not None for features in found])
    estimates = np.full((len(faces), 3), np.nan)
    for fold in range(FOLDS):
        training = has_face & (folds != fold) & (ages_years <= MAX_LABEL_YEARS)
        fusion = fit_fusion(_vectors(found, training), ages_years[training])
        held_out = np.flatnonzero(has_face & (folds == fold))
        for index, vector in zip(held_out, _vectors(found, held_out), strict=True):
            estimate = age.fuse(fusion, vector)
            estimates[index] = estimate.mean_years, estimate.sd_years, estimate.cautious_years
    return estimates[:, 0], estimates[:, 1], estimates[:, 2]


def challenge_age_table(
    passing_years: FloatArray, ages_years: FloatArray
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, object]]]:
    """Age limit x false-over rate -> challenge age, and what each was measured on.

    A small rate is read off a handful of minors, so the challenge age is the mean over bootstrap
    samples of the minors (a bagged quantile), which is steadier than the one sample's.

    Args:
        passing_years: the age that a face is judged by (n,); -inf for refused faces.
        ages_years: labels (n,).
    """
    table: dict[str, dict[str, float]] = {}
    measured: dict[str, dict[str, object]] = {}
    rng = np.random.default_rng(0)
    for limit in AGE_LIMITS:
        minors = passing_years[(ages_years < limit) & (ages_years >= limit - MINOR_BAND_YEARS)]
        resamples = rng.choice(minors, (BOOTSTRAPS, minors.size))
        for rate in FALSE_OVER_RATES:
            if minors.size < minors_needed(rate):
                continue
            bootstrapped = np.array([challenge_age_at_rate(row, rate) for row in resamples])
            # What holds for a younger limit is kept for an older one, whatever its few minors say.
            younger = max((t.get(f"{rate:g}", 0.0) for t in table.values()), default=0.0)
            challenge_age = max(younger, rounded_up(float(bootstrapped.mean())))
            if not limit < challenge_age <= MAX_CHALLENGE_AGE_YEARS:
                continue
            table.setdefault(str(limit), {})[f"{rate:g}"] = challenge_age
            measured.setdefault(str(limit), {})[f"{rate:g}"] = {
                "minors": int(minors.size),
                "challenge_age_interval": bootstrap_interval(bootstrapped),
                "adults_25_40_passed": share_with_interval(
                    passing_years[(ages_years >= 25) & (ages_years <= 40)] >= challenge_age
                ),
            }
    return table, measured


def _vectors(found: list[FaceFeatures], chosen: NDArray[np.generic]) -> FloatArray:
    indices = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
    return np.array([found[int(index)].vector for index in indices])


def _rounded(values: FloatArray) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--name", default="UTKFace, split calibrate")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()

    models_digest = ModelStore().digest()
    faces = read_labels(arguments.folder, "calibrate")
    found = extract_features([face.path for face in faces], arguments.workers)
    ages_years = np.array([float(face.age_years) for face in faces])

    means, sds, cautious = held_out_estimates(faces, found, ages_years)
    max_sd_years = round(float(np.nanquantile(sds, MAX_SD_QUANTILE)), 1)
    fit = np.array([features.reason is None for features in found]) & (sds <= max_sd_years)
    passing_years = np.where(fit, cautious, -np.inf)
    table, measured = challenge_age_table(passing_years, ages_years)

    has_face = np.array([features.vector is not None for features in found])
    training = has_face & (ages_years <= MAX_LABEL_YEARS)
    fusion = fit_fusion(_vectors(found, training), ages_years[training])
    document = {
        "schema": SCHEMA,
        "models_digest": models_digest,
        "measured_on": {
            "name": arguments.name,
            "pictures": len(faces),
            "with_face": int(has_face.sum()),
            "fit": int(fit.sum()),
            "mean_absolute_error_years": round(float(np.nanmean(np.abs(means - ages_years))), 2),
            "challenge_ages": measured,
        },
        "max_sd_years": max_sd_years,
        "challenge_ages_years": table,
        "fusion": asdict(fusion),
    }
    arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(document["measured_on"], indent=1))
    print(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()

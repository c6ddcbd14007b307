"""Makes a calibration from labelled faces: the file that a checker loads, and what it rests on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from agecheck.bench.bands import AGE_LIMITS_YEARS
from agecheck.bench.challenge_table import (
    CALIBRATED_RATES,
    RefusedRate,
    challenge_ages,
    count_minors,
)
from agecheck.bench.extraction import FaceFeatures
from agecheck.bench.fitting import (
    MAX_LABEL_YEARS,
    FitError,
    estimates_by,
    fit_fusion,
    held_out_estimates,
)
from agecheck.bench.labels import FaceLabel
from agecheck.bench.statistics import MIN_N, FloatArray, minors_needed
from agecheck.calibration import SCHEMA, Calibration, parse_calibration
from agecheck.errors import CalibrationError
from agecheck.models.store import ModelStore
from agecheck.vision.age import NUM_FEATURES

MIN_FACES = 2000
"""To fit a fusion; with fewer the shipped one is the better one (docs/how-to/calibrate.md)."""
MAX_SD_QUANTILE = 0.998


@dataclass(frozen=True, slots=True)
class LabelledFeatures:
    """Faces with exact labels, as arrays; what cannot be used is counted.

    Attributes:
        vectors: float64 (n, features); NaN where no face was found.
        ages_years: labels (n,).
        people: whose picture each is; the file's name where that is not known.
        refused: why a picture is refused, or None (n,).
        unreadable: files without content, which are no pictures.
    """

    vectors: FloatArray
    ages_years: FloatArray
    people: tuple[str, ...]
    refused: tuple[str | None, ...]
    unreadable: int

    @property
    def has_face(self) -> NDArrayBool:
        return np.asarray(np.isfinite(self.vectors).all(axis=1))


NDArrayBool = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class MadeCalibration:
    """A calibration, checked as a checker would, and what its card says.

    Attributes:
        content: the file's bytes.
        calibration: the same, read back.
        measured_on: the file's own account.
        refused_rates: what it does not offer.
        estimates: mean, sd and cautious age of each face by a fit that had not seen it (n, 3).
        is_fitted: whether the fusion was fitted on these faces.
    """

    content: bytes
    calibration: Calibration
    measured_on: dict[str, Any]
    refused_rates: tuple[RefusedRate, ...]
    estimates: FloatArray
    is_fitted: bool


def require_enough(labels: Sequence[FaceLabel], *, fits: bool) -> None:
    """Refuse what cannot become a calibration, before any picture is looked at.

    Raises:
        FitError: too few faces, or no rate that the minors could support.
    """
    if fits and len(labels) < MIN_FACES:
        raise FitError(
            f"a fusion takes at least {MIN_FACES} faces with exact ages, and there are "
            f"{len(labels)}; --keep-fusion measures challenge ages for the shipped one"
        )
    ages_years = np.array([float(label.lowest_age_years) for label in labels])
    people = [_person(label) for label in labels]
    most = max(count_minors(limit, ages_years, people) for limit in AGE_LIMITS_YEARS)
    easiest = max(CALIBRATED_RATES)
    needed = max(minors_needed(easiest), MIN_N)
    if most < needed:
        raise FitError(
            f"no false-over rate can be measured: {easiest:.0%} takes {needed} people up to four "
            f"years below an age limit, and there are {most} at most"
        )


def join(labels: Sequence[FaceLabel], features: Sequence[FaceFeatures | None]) -> LabelledFeatures:
    """Put labels and features side by side; unreadable files are left out."""
    pairs = [(label, of) for label, of in zip(labels, features, strict=True) if of is not None]
    no_face = np.full(NUM_FEATURES, np.nan)
    return LabelledFeatures(
        vectors=np.array([no_face if of.vector is None else of.vector for _, of in pairs]).reshape(
            -1, NUM_FEATURES
        ),
        ages_years=np.array([float(label.lowest_age_years) for label, _ in pairs]),
        people=tuple(_person(label) for label, _ in pairs),
        refused=tuple(of.reason for _, of in pairs),
        unreadable=len(labels) - len(pairs),
    )


def make_calibration(
    faces: LabelledFeatures, name: str, keep: Calibration | None
) -> MadeCalibration:
    """Fit the fusion, or keep one, and read the challenge ages off faces that no fit has seen.

    Args:
        name: of the labelled set, for the file.
        keep: a calibration whose fusion is kept; it must not have been fitted on these faces.

    Raises:
        FitError: there are no faces, or too few, or too alike.
    """
    if not faces.people:
        raise FitError(f"not one of the {faces.unreadable} files can be read")
    if not faces.has_face.any():
        raise FitError("a face was found in none of the pictures")
    ages_years, has_face = faces.ages_years, faces.has_face
    if keep is None:
        estimates = held_out_estimates(faces.vectors, ages_years, faces.people)
        max_sd_years = round(float(np.nanquantile(estimates[:, 1], MAX_SD_QUANTILE)), 1)
        training = has_face & (ages_years <= MAX_LABEL_YEARS)
        fusion = fit_fusion(faces.vectors[training], ages_years[training])
    else:
        estimates = estimates_by(keep.fusion, faces.vectors)
        max_sd_years, fusion = keep.max_sd_years, keep.fusion
    means_years, sds_years, cautious_years = estimates.T
    is_fit = np.array([reason is None for reason in faces.refused]) & (sds_years <= max_sd_years)
    passing_years = np.where(is_fit, cautious_years, -np.inf)
    found = challenge_ages(passing_years, ages_years, faces.people)
    if not found.table:
        raise FitError("the minors support no challenge age at any age limit")
    measured_on = {
        "name": name,
        "pictures": len(ages_years),
        "with_face": int(has_face.sum()),
        "fit": int(is_fit.sum()),
        "mean_absolute_error_years": round(float(np.nanmean(np.abs(means_years - ages_years))), 2),
        "challenge_ages": found.measured,
    }
    document = {
        "schema": SCHEMA,
        "models_digest": ModelStore().digest(),
        "measured_on": measured_on,
        "max_sd_years": max_sd_years,
        "challenge_ages_years": found.table,
        "fusion": asdict(fusion),
    }
    content = (json.dumps(document, indent=1) + "\n").encode()
    return MadeCalibration(
        content,
        _read_back(content),
        measured_on,
        tuple(found.refused),
        estimates,
        is_fitted=keep is None,
    )


def refusals(faces: LabelledFeatures) -> Counter[str]:
    """How many pictures the gate refuses, by reason."""
    return Counter(reason for reason in faces.refused if reason is not None)


def _read_back(content: bytes) -> Calibration:
    """What a checker would make of it.

    Raises:
        FitError: a checker would refuse it.
    """
    try:
        return parse_calibration(content)
    except CalibrationError:
        raise FitError("the faces are too few or too alike: no checker could use the fit") from None


def _person(label: FaceLabel) -> str:
    return label.subject or label.file

"""Recipes for the fusion: what it sees of a face, how it is fitted, what OVER is decided on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from agecheck.bench.fitting import (
    FOLDS,
    INVERSE_REGULARISATION,
    MAX_LABEL_YEARS,
    balanced_weights,
    fit_fusion,
)
from agecheck.bench.statistics import FloatArray
from agecheck.calibration import Fusion
from agecheck.vision import age
from agecheck.vision.alignment import CHIP_PADDING, WIDE_CHIP_PADDING
from benchmarks.face_views import Crops, View

SHIPPED = "shipped"
TINY_PADDINGS = (0.1, CHIP_PADDING, 0.3)
MOBILE_PADDINGS = (0.2, WIDE_CHIP_PADDING, 0.4)
VIEWS = tuple(View(*paddings) for paddings in zip(TINY_PADDINGS, MOBILE_PADDINGS, strict=True))


@dataclass(frozen=True, slots=True)
class Faces:
    """All pictures of the split; whoever is refused cannot pass.

    Attributes:
        crops: what the networks answer to the views; NaN without a face (n, …).
        ages_years: labels (n,).
        folds: of each picture (n,).
        groups: number of each person's gender and race (n,).
        is_fit: not refused by the shipped pipeline (n,).
    """

    crops: Crops
    ages_years: FloatArray
    folds: NDArray[np.int64]
    groups: NDArray[np.int64]
    is_fit: NDArray[np.bool_]

    def vectors(
        self, tiny: float = CHIP_PADDING, mobile: float = WIDE_CHIP_PADDING, *, mirror: bool = True
    ) -> FloatArray:
        """The fusion's 13 features, from those of VIEWS that have these paddings: (n, 13)."""
        views = TINY_PADDINGS.index(tiny), MOBILE_PADDINGS.index(mobile)
        return vectors_of(self.crops, *views, mirror=mirror)


def vectors_of(
    crops: Crops, tiny_view: int, mobile_view: int, *, mirror: bool = True
) -> FloatArray:
    """The fusion's 13 features, each network's from the view with that number: (n, 13)."""
    tiny_years, probabilities = crops.tiny_years[:, tiny_view], crops.probabilities[:, mobile_view]
    both = slice(None) if mirror else [0, 0]
    return np.array(
        [age.features(p, a[both]) for p, a in zip(probabilities, tiny_years, strict=True)]
    )


Fit = Callable[[FloatArray, FloatArray], Fusion]
Decide = Callable[[Fusion, FloatArray], tuple[float, float]]
"""From one face's features: the mean, or another estimate, and what OVER is decided on."""


def trimmed_fit(max_sds: float, vectors: FloatArray, ages_years: FloatArray) -> Fusion:
    """Without the faces whose label a first fit finds implausible."""
    first = fit_fusion(vectors, ages_years)
    fused = [age.fuse(first, vector) for vector in vectors]
    surprise = [abs(a - e.mean_years) / e.sd_years for a, e in zip(ages_years, fused, strict=True)]
    kept = np.array(surprise) <= max_sds
    return fit_fusion(vectors[kept], ages_years[kept])


def weighted_fit(power: float, vectors: FloatArray, ages_years: FloatArray) -> Fusion:
    """Each age counts by its frequency to a power; the shipped recipe has -1/2."""
    weights = balanced_weights(ages_years) ** (-2 * power)
    return fit_fusion(vectors, ages_years, weights=weights / weights.mean())


def regularised_fit(inverse: float, vectors: FloatArray, ages_years: FloatArray) -> Fusion:
    return fit_fusion(vectors, ages_years, inverse_regularisation=inverse)


def as_shipped(fusion: Fusion, vector: FloatArray) -> tuple[float, float]:
    fused = age.fuse(fusion, vector)
    return fused.mean_years, fused.cautious_years


def by_mean(fusion: Fusion, vector: FloatArray) -> tuple[float, float]:
    mean_years = age.fuse(fusion, vector).mean_years
    return mean_years, mean_years


def by_quantile(share: float, fusion: Fusion, vector: FloatArray) -> tuple[float, float]:
    """Decides on the age that the distribution gives `share` of its mass below."""
    return age.fuse(fusion, vector).mean_years, _quantile_years(fusion, vector, share)


def median_as_estimate(fusion: Fusion, vector: FloatArray) -> tuple[float, float]:
    return _quantile_years(fusion, vector, 0.5), age.fuse(fusion, vector).cautious_years


def by_heads(low: int, high: int, fusion: Fusion, vector: FloatArray) -> tuple[float, float]:
    """Decides on the mean log odds of the heads from `low` to `high` years."""
    near = [low <= threshold <= high for threshold in fusion.thresholds_years]
    return age.fuse(fusion, vector).mean_years, float(_logits(fusion, vector)[near].mean())


def _logits(fusion: Fusion, vector: FloatArray) -> FloatArray:
    standardised = (vector - np.array(fusion.feature_mean)) / np.array(fusion.feature_scale)
    return np.asarray(np.array(fusion.coefficients) @ standardised + np.array(fusion.intercepts))


def _quantile_years(fusion: Fusion, vector: FloatArray, share: float) -> float:
    at_least = 1 / (1 + np.exp(-_logits(fusion, vector)))
    below = np.concatenate([[0.0], 1 - np.minimum.accumulate(at_least), [1.0]])
    edges = np.array([0.0, *fusion.thresholds_years, age.MAX_AGE_YEARS])
    return float(np.interp(share, below + 1e-9 * np.arange(below.size), edges)) - 0.5


def held_out(faces: Faces, vectors: FloatArray, fit: Fit, decide: Decide) -> FloatArray:
    """Estimate and decision of each face by a fit that saw nobody of its fold: (n, 2)."""
    has_face = np.isfinite(vectors).all(axis=1)
    found = np.full((len(vectors), 2), np.nan)
    for fold in range(FOLDS):
        training = has_face & (faces.folds != fold) & (faces.ages_years <= MAX_LABEL_YEARS)
        fusion = fit(vectors[training], faces.ages_years[training])
        for index in np.flatnonzero(has_face & (faces.folds == fold)):
            found[index] = decide(fusion, vectors[index])
    return found


def recipes(faces: Faces) -> dict[str, Callable[[], FloatArray]]:
    """Each by its name; the shipped one first."""
    shipped = faces.vectors()
    tiny = {padding: faces.vectors(tiny=padding) for padding in TINY_PADDINGS}
    two = np.hstack([shipped, tiny[0.3][:, [0, -1]]])
    three = np.hstack([two, tiny[0.1][:, [0, -1]]])
    told = np.eye(faces.groups.max() + 1)[faces.groups]
    apart_years = np.abs(shipped[:, :1] - shipped[:, 1:2])
    every = np.hstack(
        [faces.vectors(*paddings) for paddings in zip(TINY_PADDINGS, MOBILE_PADDINGS, strict=True)]
    )

    def of(
        vectors: FloatArray, fit: Fit = fit_fusion, decide: Decide = as_shipped
    ) -> Callable[[], FloatArray]:
        return partial(held_out, faces, vectors, fit, decide)

    return {
        SHIPPED: of(shipped),
        "age-tinyxception alone": lambda: shipped[:, [0, 0]],
        "age-mobilenet alone": lambda: shipped[:, [1, 1]],
        "decided on the distribution's mean": of(shipped, decide=by_mean),
        **{
            f"decided on its {share:.0%} quantile": of(shipped, decide=partial(by_quantile, share))
            for share in (0.05, 0.1, 0.2, 0.4)
        },
        "decided on the heads at 16-22": of(shipped, decide=partial(by_heads, 16, 22)),
        "decided on the heads at 18-25": of(shipped, decide=partial(by_heads, 18, 25)),
        "its median for the estimate": of(shipped, decide=median_as_estimate),
        # The last feature is what crop and mirror image differ by.
        "age-tinyxception without the mirror image": of(faces.vectors(mirror=False)[:, :-1]),
        "age-tinyxception at padding 0.3 instead of 0.2": of(tiny[0.3]),
        "age-tinyxception at 0.2 and 0.3": of(two),
        "age-tinyxception at 0.1, 0.2 and 0.3": of(three),
        "age-mobilenet at padding 0.2 instead of 0.3": of(faces.vectors(mobile=0.2)),
        "age-mobilenet at padding 0.4 instead of 0.3": of(faces.vectors(mobile=0.4)),
        "both networks at three paddings each": of(every),
        "with the years that the networks differ by": of(np.hstack([shipped, apart_years])),
        **{
            f"without labels beyond {sds:g} sd of a first fit": of(
                shipped, fit=partial(trimmed_fit, sds)
            )
            for sds in (1.5, 2.0, 2.5)
        },
        "with 35 lengths of the face's shape": of(np.hstack([shipped, faces.crops.log_lengths])),
        "told gender and race (a control)": of(np.hstack([shipped, told])),
        "every face counts the same": of(shipped, fit=partial(weighted_fit, 0.0)),
        "every age counts the same": of(shipped, fit=partial(weighted_fit, -1.0)),
        "regularised ten times less": of(
            shipped, fit=partial(regularised_fit, 10 * INVERSE_REGULARISATION)
        ),
    }

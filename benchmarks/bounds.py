"""What bounds the accuracy: `python -m benchmarks.bounds FOLDER`.

Weights, labels, alignment, resolution, the number of faces to fit on, and whether refusing more
people would help. As in fusion_tries: five-fold cross-validation inside the split `calibrate`, and
the adults of 25 to 40 who pass, averaged over rates. Each view of the faces is both fitted on and
judged. Writes results/bounds.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from agecheck.bench.fitting import MAX_LABEL_YEARS, fit_fusion
from agecheck.bench.machine import describe_machine
from agecheck.bench.statistics import FloatArray, score_at_rate
from agecheck.calibration import Fusion
from agecheck.vision import age
from benchmarks.face_views import View, eyes_apart, points_off
from benchmarks.fusion_tries import described, judge, look_at_faces
from benchmarks.recipes import SHIPPED, Faces, as_shipped, held_out, vectors_of

RESULT = Path(__file__).parent / "results" / "bounds.json"
ALTERED = {
    "mesh points off by 2 % of the eye distance": View(alter=partial(points_off, 0.02)),
    "mesh points off by 5 %": View(alter=partial(points_off, 0.05)),
    "eyes 48 pixels apart": View(alter=partial(eyes_apart, 48.0)),
    "eyes 32 pixels apart": View(alter=partial(eyes_apart, 32.0)),
    "eyes 24 pixels apart": View(alter=partial(eyes_apart, 24.0)),
}
LABEL_NOISES_YEARS = (2.0, 4.0)
ABSTAINING_SHARES = (0.02, 0.05, 0.1)
FACES_TO_FIT_ON = (250, 500, 1000, 2000, 4000, 8000)
N_JUDGED, N_TRIES = 5000, 5
WRONG_LABEL_SHARES, N_RELABELLINGS = (0.004, 0.01, 0.02), 200
RATES = (0.05, 0.02)


def noisy_fit(sd_years: float, vectors: FloatArray, ages_years: FloatArray) -> Fusion:
    """Fitted on labels that are normally distributed about those given."""
    noise = np.random.default_rng(0).normal(0.0, sd_years, ages_years.size)
    return fit_fusion(vectors, np.clip(np.rint(ages_years + noise), 0, MAX_LABEL_YEARS))


def with_sd(fusion: Fusion, vector: FloatArray) -> tuple[float, float]:
    """The distribution's standard deviation, in place of what OVER is decided on."""
    fused = age.fuse(fusion, vector)
    return fused.mean_years, fused.sd_years


def without(share: float, doubt: FloatArray, found: FloatArray) -> FloatArray:
    """As found, but the share of all with the largest doubt has no estimate, and cannot pass."""
    judged = found.copy()
    judged[doubt > np.nanquantile(doubt, 1 - share)] = np.nan, -np.inf
    return judged


def runs(faces: Faces) -> Iterator[tuple[str, Callable[[], FloatArray]]]:
    """What is compared with the shipped recipe, each by its name; that comes first."""
    shipped = vectors_of(faces.crops, 0, 0)
    found = held_out(faces, shipped, fit_fusion, as_shipped)
    yield SHIPPED, lambda: found
    for view, name in enumerate(ALTERED, start=1):
        vectors = vectors_of(faces.crops, view, view)
        yield name, partial(held_out, faces, vectors, fit_fusion, as_shipped)
    for sd_years in LABEL_NOISES_YEARS:
        fit = partial(noisy_fit, sd_years)
        name = f"fitted on labels that miss by {sd_years:g} years"
        yield name, partial(held_out, faces, shipped, fit, as_shipped)
    doubts = {
        "are least certain": held_out(faces, shipped, fit_fusion, with_sd)[:, 1],
        "the networks differ most about": np.abs(shipped[:, 0] - shipped[:, 1]),
    }
    for why, doubt in doubts.items():
        for share in ABSTAINING_SHARES:
            yield f"without the {share:.0%} that {why}", partial(without, share, doubt, found)


def passed_at(judged_years: FloatArray, ages_years: FloatArray, rate: float) -> float:
    """The share of adults of 25 to 40 who pass where that share of the minors of 14 to 17 does."""
    minors = judged_years[(ages_years >= 14) & (ages_years <= 17)]
    adults = judged_years[(ages_years >= 25) & (ages_years <= 40)]
    return float((adults > score_at_rate(minors, rate)).mean())


def by_number_of_faces(vectors: FloatArray, ages_years: FloatArray) -> list[dict[str, Any]]:
    """Fits on ever more faces, judged on others: the mean of N_TRIES draws."""
    rng, rows = np.random.default_rng(0), []
    usable = np.flatnonzero(np.isfinite(vectors).all(axis=1) & (ages_years <= MAX_LABEL_YEARS))
    draws = [rng.permutation(usable) for _ in range(N_TRIES)]
    for n_faces in FACES_TO_FIT_ON:
        errors_years, passed = [], []
        for drawn in draws:
            judged, fitted = drawn[:N_JUDGED], drawn[N_JUDGED : N_JUDGED + n_faces]
            fusion = fit_fusion(vectors[fitted], ages_years[fitted])
            found = np.array([as_shipped(fusion, vector) for vector in vectors[judged]])
            errors_years.append(np.abs(found[:, 0] - ages_years[judged]).mean())
            passed.append(passed_at(found[:, 1], ages_years[judged], 0.05))
        rows.append(
            {
                "faces": n_faces,
                "mae_years": round(float(np.mean(errors_years)), 3),
                "adults_25_40_passed_at_5_percent": round(float(np.mean(passed)), 4),
            }
        )
    return rows


def with_wrong_labels(judged_years: FloatArray, ages_years: FloatArray) -> list[dict[str, Any]]:
    """A share of the minors replaced by adults, as by wrong labels: the mean of many draws."""
    rng, rows = np.random.default_rng(0), []
    minors = np.flatnonzero((ages_years >= 14) & (ages_years <= 17))
    adults = np.flatnonzero((ages_years >= 25) & (ages_years <= 40))
    for share in (0.0, *WRONG_LABEL_SHARES):
        n_wrong, passed = round(share * minors.size), []
        for _ in range(N_RELABELLINGS if n_wrong else 1):
            labelled_years = ages_years.copy()
            labelled_years[rng.choice(minors, n_wrong, replace=False)] = np.nan
            labelled_years[rng.choice(adults, n_wrong, replace=False)] = 17.0
            passed.append([passed_at(judged_years, labelled_years, rate) for rate in RATES])
        at_5, at_2 = np.mean(passed, axis=0)
        rows.append(
            {
                "wrong_share": share,
                "adults_25_40_passed_at_5_percent": round(float(at_5), 4),
                "adults_25_40_passed_at_2_percent": round(float(at_2), 4),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    started_s = time.monotonic()
    faces = look_at_faces(arguments.folder, (View(), *ALTERED.values()), arguments.workers)
    bounds, base = [], None
    for name, run in runs(faces):
        found = run()
        base = found if base is None else base
        bounds.append(judge(name, found, base, faces))
        print(json.dumps(bounds[-1]), flush=True)
    if base is None:
        raise RuntimeError("nothing was compared")
    judged_years = np.where(faces.is_fit, base[:, 1], -np.inf)
    document = {
        **described(faces),
        "bounds": bounds,
        "by_number_of_faces": by_number_of_faces(vectors_of(faces.crops, 0, 0), faces.ages_years),
        "with_wrong_labels": with_wrong_labels(judged_years, faces.ages_years),
        "seconds": round(time.monotonic() - started_s, 1),
        "machine": describe_machine(),
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

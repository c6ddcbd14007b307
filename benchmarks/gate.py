"""Is the shipped gate better than either network alone? `make bench-gate FACES=FOLDER`.

Runs the shipped pipeline and calibration over the split `test`. All labelled pictures are in every
denominator: a picture without a face, or refused, is not OVER. The raw networks are given the same
aligned chips, both mirror images, and no refusals. Minors are those of 14 to 17, adults those of
25 to 40. Every run is appended to results/gate-runs.jsonl, misses included.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agecheck.bench.extraction import FaceFeatures
from agecheck.bench.machine import describe_machine
from agecheck.bench.observe import MOBILENET_COLUMN, TINYXCEPTION_COLUMN
from agecheck.bench.statistics import (
    FloatArray,
    bootstrap_interval,
    challenge_age_at_rate,
    score_at_rate,
    share_with_interval,
)
from agecheck.calibration import Calibration, load_calibration, shipped_calibration
from agecheck.errors import CalibrationError
from agecheck.models.store import ModelStore
from agecheck.vision import age
from benchmarks.extraction import extract_features
from benchmarks.labelled_faces import read_labels
from benchmarks.log_run import log_run

RESULTS = Path(__file__).parent / "results"
RATES = (0.05, 0.02)
AGE_LIMIT = 18
SHIPPED_RATE = 0.02
BOOTSTRAPS = 1000
SUBJECTS = ("agecheck", "age-mobilenet alone", "age-tinyxception alone")


def scores(found: list[FaceFeatures], calibration: Calibration) -> dict[str, FloatArray]:
    """The age that each subject judges each picture by; -inf where it cannot pass."""
    by_subject = {subject: np.full(len(found), -np.inf) for subject in SUBJECTS}
    for index, features in enumerate(found):
        if features.vector is None:
            continue
        by_subject["age-mobilenet alone"][index] = features.vector[MOBILENET_COLUMN]
        by_subject["age-tinyxception alone"][index] = features.vector[TINYXCEPTION_COLUMN]
        estimate = age.fuse(calibration.fusion, features.vector)
        if features.reason is None and estimate.sd_years <= calibration.max_sd_years:
            by_subject["agecheck"][index] = estimate.cautious_years
    return by_subject


def adults_passed(
    judged_years: FloatArray, ages_years: FloatArray, rate: float
) -> NDArray[np.bool_]:
    """Which adults of 25 to 40 pass where at most `rate` of the minors do."""
    minors = judged_years[(ages_years >= 14) & (ages_years <= 17)]
    adults = judged_years[(ages_years >= 25) & (ages_years <= 40)]
    return np.asarray(adults > score_at_rate(minors, rate))


def compare(by_subject: dict[str, FloatArray], ages_years: FloatArray) -> dict[str, object]:
    """Adults passed at each rate, and agecheck's lead with a paired bootstrap interval."""
    rng = np.random.default_rng(0)
    resamples = [rng.integers(0, ages_years.size, ages_years.size) for _ in range(BOOTSTRAPS)]
    comparison: dict[str, object] = {}
    for rate in RATES:
        passed = {s: adults_passed(by_subject[s], ages_years, rate) for s in SUBJECTS}
        bootstrapped = {
            s: np.array(
                [adults_passed(by_subject[s][r], ages_years[r], rate).mean() for r in resamples]
            )
            for s in SUBJECTS
        }
        comparison[f"{rate:g}"] = {
            subject: share_with_interval(passed[subject])
            | {
                "bootstrap_interval": bootstrap_interval(bootstrapped[subject]),
                "agecheck_leads_by": round(
                    float(passed["agecheck"].mean() - passed[subject].mean()), 4
                ),
                "lead_interval": bootstrap_interval(
                    bootstrapped["agecheck"] - bootstrapped[subject]
                ),
            }
            for subject in SUBJECTS
        }
    return comparison


def shipped_challenge_age(
    judged_years: FloatArray, ages_years: FloatArray, calibration: Calibration
) -> dict[str, object]:
    """Where the shipped challenge age for 2 % lies in the interval that this split gives it."""
    shipped = calibration.challenge_ages_years[AGE_LIMIT][SHIPPED_RATE]
    minors = judged_years[(ages_years >= 14) & (ages_years <= 17)]
    resamples = np.random.default_rng(0).choice(minors, (BOOTSTRAPS, minors.size))
    low, high = bootstrap_interval(
        np.array([challenge_age_at_rate(row, SHIPPED_RATE) for row in resamples])
    )
    adults = (ages_years >= 25) & (ages_years <= 40)
    return {
        "shipped_years": shipped,
        "this_split_years": challenge_age_at_rate(minors, SHIPPED_RATE),
        "interval": [low, high],
        "inside": low <= shipped <= high,
        "false_over_14_17": share_with_interval(minors >= shipped),
        "adults_25_40_passed": share_with_interval(judged_years[adults] >= shipped),
        "adults_30_plus_passed": share_with_interval(judged_years[ages_years >= 30] >= shipped),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--calibration", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--note", default="", help="kept with the run in gate-runs.jsonl")
    arguments = parser.parse_args()
    path = arguments.calibration
    calibration = shipped_calibration() if path is None else load_calibration(path)
    if calibration.models_digest != ModelStore().digest():
        raise CalibrationError("the calibration was made for other models")

    faces = read_labels(arguments.folder, arguments.split)
    started = time.monotonic()
    found = extract_features([face.path for face in faces], arguments.workers)
    ages_years = np.array([float(face.age_years) for face in faces])
    by_subject = scores(found, calibration)
    comparison = compare(by_subject, ages_years)
    shipped = shipped_challenge_age(by_subject["agecheck"], ages_years, calibration)
    missed = [
        f"not better than {subject} at {rate}"
        for rate, row in comparison.items()
        for subject in SUBJECTS[1:]
        if not row[subject]["agecheck_leads_by"] > 0  # type: ignore[index]
    ] + ([] if shipped["inside"] else ["shipped challenge age outside its interval"])
    document = {
        "split": arguments.split,
        "pictures": len(faces),
        "calibration_digest": calibration.digest,
        "models_digest": calibration.models_digest,
        "adults_25_40_passed_at_false_over_14_17": comparison,
        "challenge_age_for_2_percent": shipped,
        "refused": dict(Counter(str(f.reason) for f in found if f.reason is not None)),
        "refused_share": share_with_interval(np.array([f.reason is not None for f in found])),
        "missed": missed,
        "seconds": round(time.monotonic() - started, 1),
        "machine": describe_machine(),
    }
    print(json.dumps(document, indent=1))
    log_run(document, arguments.note)
    if arguments.split == "test" and path is None:
        (RESULTS / "gate.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()

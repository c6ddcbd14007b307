"""Other recipes for the fusion, beside the shipped one: `python -m benchmarks.fusion_tries FOLDER`.

Five-fold cross-validation inside the split `calibrate`, with the folds of `make calibrate`: each
face is judged by a fit that saw nobody of its fold. A recipe is judged by the adults of 25 to 40
who pass where at most 1, 2, … 10 % of the minors of 14 to 17 do, averaged over those rates;
refused pictures are in the denominators and do not pass. UTKFace's minors are of other peoples and
sexes than its adults, so that whatever tells these apart gains by that; beside it stands how often
such an adult is judged older than such a minor of the same gender and race, weighted by the
minors. Writes results/fusion-tries.json.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agecheck.bench.fitting import FOLDS
from agecheck.bench.machine import describe_machine
from agecheck.bench.statistics import FloatArray, bootstrap_interval, score_at_rate
from agecheck.calibration import shipped_calibration
from agecheck.models.store import ModelStore
from benchmarks.face_views import View, look_at_all
from benchmarks.labelled_faces import read_labels
from benchmarks.recipes import VIEWS, Faces, recipes
from benchmarks.strangers import ranked_right

RESULT = Path(__file__).parent / "results" / "fusion-tries.json"
RATES = tuple(round(0.01 * percent, 2) for percent in range(1, 11))
BOOTSTRAPS = 400


def adults_passed(judged_years: FloatArray, ages_years: FloatArray) -> float:
    """The share of adults of 25 to 40 who pass, averaged over RATES of the minors who do."""
    minors = judged_years[(ages_years >= 14) & (ages_years <= 17)]
    adults = judged_years[(ages_years >= 25) & (ages_years <= 40)]
    return float(np.mean([(adults > score_at_rate(minors, rate)).mean() for rate in RATES]))


def ranked_within_groups(
    judged_years: FloatArray, ages_years: FloatArray, groups: NDArray[np.int64]
) -> float:
    """The share of pairs of one group in which the adult is judged older than the minor."""
    is_minor = (ages_years >= 14) & (ages_years <= 17)
    is_adult = (ages_years >= 25) & (ages_years <= 40)
    rates, weights = [], []
    for group in np.unique(groups[is_minor]):
        minors = judged_years[is_minor & (groups == group)]
        adults = judged_years[is_adult & (groups == group)]
        if adults.size:
            rates.append(ranked_right(minors, adults))
            weights.append(minors.size)
    return float(np.average(rates, weights=weights))


def judge(name: str, found: FloatArray, base: FloatArray, faces: Faces) -> dict[str, Any]:
    """One recipe's figures, and its lead over the shipped one with a paired bootstrap interval."""
    ages_years, groups, rng = faces.ages_years, faces.groups, np.random.default_rng(0)
    judged, shipped = (np.where(faces.is_fit, f[:, 1], -np.inf) for f in (found, base))

    def leads(drawn: NDArray[np.int64]) -> tuple[float, float]:
        ages, people = ages_years[drawn], groups[drawn]
        return (
            adults_passed(judged[drawn], ages) - adults_passed(shipped[drawn], ages),
            ranked_within_groups(judged[drawn], ages, people)
            - ranked_within_groups(shipped[drawn], ages, people),
        )

    n = ages_years.size
    drawn_leads = np.array([leads(rng.integers(0, n, n)) for _ in range(BOOTSTRAPS)])
    lead, lead_within = leads(np.arange(n))
    errors = found[:, 0] - ages_years
    return {
        "recipe": name,
        "adults_25_40_passed": round(adults_passed(judged, ages_years), 4),
        "lead": round(lead, 4),
        "lead_interval": bootstrap_interval(drawn_leads[:, 0]),
        "ranked_within_groups": round(ranked_within_groups(judged, ages_years, groups), 4),
        "lead_within_groups": round(lead_within, 4),
        "lead_within_groups_interval": bootstrap_interval(drawn_leads[:, 1]),
        "mae_years": round(float(np.nanmean(np.abs(errors))), 3),
        "bias_13_17_years": round(
            float(np.nanmean(errors[(ages_years >= 13) & (ages_years <= 17)])), 3
        ),
    }


def look_at_faces(folder: Path, views: Sequence[View], workers: int) -> Faces:
    """The split `calibrate`, seen in each of the views."""
    labels = read_labels(folder, "calibrate", ("gender", "race"))
    crops = look_at_all([label.path for label in labels], views, workers)
    people = [str(label.path.relative_to(folder / "images")) for label in labels]
    return Faces(
        crops,
        np.array([float(label.age_years) for label in labels]),
        np.array([zlib.crc32(person.encode()) % FOLDS for person in people]),
        np.unique([label.group for label in labels], axis=0, return_inverse=True)[1].ravel(),
        crops.is_fit,
    )


def described(faces: Faces) -> dict[str, Any]:
    """What was judged, and by which models."""
    ages_years = faces.ages_years
    return {
        "bundle": {
            "calibration_digest": shipped_calibration().digest,
            "models_digest": ModelStore().digest(),
        },
        "pictures": ages_years.size,
        "fit": int(faces.is_fit.sum()),
        "minors_14_17": int(((ages_years >= 14) & (ages_years <= 17)).sum()),
        "adults_25_40": int(((ages_years >= 25) & (ages_years <= 40)).sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    started_s = time.monotonic()
    faces = look_at_faces(arguments.folder, VIEWS, arguments.workers)
    tried, base = [], None
    for name, run in recipes(faces).items():
        found = run()
        base = found if base is None else base
        tried.append(judge(name, found, base, faces))
        print(json.dumps(tried[-1]), flush=True)
    document = {
        **described(faces),
        "tried": tried,
        "seconds": round(time.monotonic() - started_s, 1),
        "machine": describe_machine(),
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""How well are young and adult faces told apart that no network was trained on?

    python -m benchmarks.strangers FOLDER STRANGERS

Fits the fusion on FOLDER's split `calibrate`: the shipped one, and one on each network alone. Each
then judges all of STRANGERS, whose labels may be ranges of ages. Printed and written to
results/strangers.json is how often a person of one range is judged older than one of a younger
range (the area under the ROC curve). Pictures that the shipped pipeline refuses are left out:
this is about the networks, and `agecheck bench accuracy` counts those.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agecheck.bench.extraction import extract_features
from agecheck.bench.fitting import MAX_LABEL_YEARS, estimates_by, fit_fusion
from agecheck.bench.labels import LABELS_FILE, BadRow, FaceLabel, open_labels
from agecheck.bench.machine import describe_machine
from agecheck.bench.statistics import FloatArray, bootstrap_interval
from agecheck.calibration import shipped_calibration
from agecheck.models.store import ModelStore
from agecheck.vision.age import NUM_FEATURES

RESULT = Path(__file__).parent / "results" / "strangers.json"
BOOTSTRAPS = 1000
PAIRS = (("3-9", "20-29"), ("10-19", "20-29"), ("10-19", "30-39"))
COLUMNS: Mapping[str, Sequence[int]] = {
    "age-tinyxception alone": (0, NUM_FEATURES - 1),
    "age-mobilenet alone": range(1, NUM_FEATURES - 1),
    "both, as shipped": range(NUM_FEATURES),
}
"""Which features come from which network; the first is what the others are compared with."""


def ranked_right(young_years: FloatArray, old_years: FloatArray) -> float:
    """The share of pairs in which the older person is judged older; a tie is half of one."""
    older = (old_years[:, None] > young_years).mean()
    equal = (old_years[:, None] == young_years).mean()
    return float(older + equal / 2)


def compare(judged: Mapping[str, FloatArray], ranges: NDArray[np.str_]) -> list[dict[str, Any]]:
    """Each estimator's figure for each pair of ranges, and its lead over the first one.

    Args:
        judged: the age that each estimator decides on (n,).
        ranges: labels (n,).
    """
    rng, base = np.random.default_rng(0), next(iter(judged))
    found = []
    for young_range, old_range in PAIRS:
        young, old = (np.flatnonzero(ranges == label) for label in (young_range, old_range))
        draws = [
            (rng.choice(young, young.size), rng.choice(old, old.size)) for _ in range(BOOTSTRAPS)
        ]
        rates = {
            name: np.array([ranked_right(years[y], years[o]) for y, o in draws])
            for name, years in judged.items()
        }
        for name, years in judged.items():
            found.append(
                {
                    "estimator": name,
                    "younger": young_range,
                    "older": old_range,
                    "n": [int(young.size), int(old.size)],
                    "ranked_right": round(ranked_right(years[young], years[old]), 4),
                    "interval": bootstrap_interval(rates[name]),
                    "lead_interval": bootstrap_interval(rates[name] - rates[base]),
                }
            )
    return found


def features_of(folder: Path, split: str | None) -> tuple[list[FaceLabel], FloatArray]:
    """Labels and features of the pictures that are not refused: (n, features)."""
    rows = list(open_labels(folder, labels=folder / LABELS_FILE, split=split, group_by=()))
    labels = [row for row in rows if not isinstance(row, BadRow)]
    if len(labels) != len(rows):
        raise SystemExit(f"a row of {LABELS_FILE} cannot be used")
    fit = [
        (label, face.vector)
        for label, face in zip(labels, extract_features(folder, labels, 2, _quiet), strict=True)
        if face is not None and face.reason is None and face.vector is not None
    ]
    return [label for label, _ in fit], np.array([vector for _, vector in fit])


def _quiet(pictures: int) -> None:
    """No progress bar."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("strangers", type=Path)
    arguments = parser.parse_args()
    labels, vectors = features_of(arguments.folder, "calibrate")
    strangers, stranger_vectors = features_of(arguments.strangers, None)
    ages_years = np.array([float(label.lowest_age_years) for label in labels])
    training = ages_years <= MAX_LABEL_YEARS
    judged = {
        name: estimates_by(
            fit_fusion(vectors[training][:, columns], ages_years[training]),
            stranger_vectors[:, columns],
        )[:, 2]
        for name, columns in ((name, list(columns)) for name, columns in COLUMNS.items())
    }
    ranges = np.array([f"{s.lowest_age_years}-{s.highest_age_years}" for s in strangers])
    compared = compare(judged, ranges)
    document = {
        "bundle": {
            "calibration_digest": shipped_calibration().digest,
            "models_digest": ModelStore().digest(),
        },
        "fitted_on": int(training.sum()),
        "strangers": len(strangers),
        "compared": compared,
        "machine": describe_machine(),
    }
    for row in compared:
        print(json.dumps(row))
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

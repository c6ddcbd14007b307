"""What the quality limits rest on: `python -m benchmarks.quality_limits FOLDER`.

For labelled faces of the split `calibrate`, prints how each quality measure is spread, and how far
the estimate moves when the same face is made smaller, darker, brighter, blurred or tilted. Nothing
is refused here: the point is to see what would happen.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from agecheck.bench.machine import describe_machine
from agecheck.bootstrap import build_estimator, build_pipeline
from agecheck.calibration import shipped_calibration
from agecheck.estimate import AgeEstimate
from agecheck.models.store import ModelStore
from agecheck.pipeline import FaceAgePipeline, find_face
from agecheck.ports import DetectedFace, FaceDetector
from agecheck.verdict import Reason
from agecheck.vision.quality import FaceQuality, first_reason, measure
from benchmarks.labelled_faces import read_labels

if TYPE_CHECKING:
    from agecheck.ports import Picture

RESULT = Path(__file__).parent / "results" / "quality-limits.json"
SAMPLE_FACES = 400
MIN_LABEL_YEARS, MAX_LABEL_YEARS = 10, 60
PERCENTILES = (0, 0.5, 1, 5, 50, 95, 99, 99.5, 100)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the pipeline makes of one picture when nothing is refused."""

    quality: FaceQuality
    estimate: AgeEstimate


@dataclass(frozen=True, slots=True)
class _Widest:
    """A detector that shows no other face than the widest, so that none is refused for company."""

    detector: FaceDetector

    def detect(self, frame: Picture) -> Sequence[DetectedFace]:
        return sorted(self.detector.detect(frame), key=lambda face: -face.width_px)[:1]


def look(pipeline: FaceAgePipeline, picture: Image.Image) -> Seen | None:
    """Measure and estimate the widest face; None when there is none."""
    frame = np.asarray(picture)
    detectors = [_Widest(detector) for detector in pipeline.detectors]
    found = find_face(detectors, pipeline.landmarker, frame)
    if isinstance(found, Reason):
        return None
    aligned = pipeline.estimator.align(frame, found.mesh)
    return Seen(measure(frame.shape[:2], found.mesh), pipeline.estimator.estimate(aligned))


def degradations(eye_distance_px: float) -> dict[str, Callable[[Image.Image], Image.Image]]:
    """Named ways to make a picture worse, for a face with that eye distance."""

    def smaller(target_px: float) -> Callable[[Image.Image], Image.Image]:
        scale = target_px / eye_distance_px
        return lambda picture: picture.resize(
            (round(picture.width * scale), round(picture.height * scale)),
            Image.Resampling.LANCZOS,
        )

    def light(gain: float) -> Callable[[Image.Image], Image.Image]:
        return lambda picture: picture.point(lambda value: min(255, int(value * gain)))

    def blur(share: float) -> Callable[[Image.Image], Image.Image]:
        return lambda picture: picture.filter(ImageFilter.GaussianBlur(share * eye_distance_px))

    def tilt(roll_deg: float) -> Callable[[Image.Image], Image.Image]:
        return lambda picture: picture.rotate(roll_deg, resample=Image.Resampling.BICUBIC)

    return {
        **{f"eyes {px} px apart": smaller(px) for px in (48, 36, 30, 24, 18)},
        **{f"light x {gain}": light(gain) for gain in (0.5, 0.3, 0.2, 0.1, 1.3, 1.6, 2.0)},
        **{f"blur {share} eye distances": blur(share) for share in (0.02, 0.04, 0.06, 0.09)},
        **{f"tilt {degrees} deg": tilt(degrees) for degrees in (15, 30, 45)},
    }


def spread(seen: list[Seen]) -> dict[str, list[float]]:
    """Percentiles of every measure."""
    measures: dict[str, Callable[[FaceQuality], float]] = {
        "inter_eye_distance_px": lambda q: q.inter_eye_distance_px,
        "yaw_deg": lambda q: q.pose.yaw_deg,
        "pitch_deg": lambda q: q.pose.pitch_deg,
        "roll_deg": lambda q: q.pose.roll_deg,
        "share_outside_frame": lambda q: q.share_outside_frame,
        "dark_share": lambda q: q.dark_share,
        "bright_share": lambda q: q.bright_share,
        "sharpness": lambda q: q.sharpness,
        "flat_share": lambda q: q.flat_share,
        "eye_contrast": lambda q: q.eye_contrast,
        "eye_brightness": lambda q: q.eye_brightness,
    }
    return {
        name: [
            round(float(value), 4)
            for value in np.percentile([pick(one.quality) for one in seen], PERCENTILES)
        ]
        for name, pick in measures.items()
    }


def shifts(
    pipeline: FaceAgePipeline, pictures: list[Image.Image], seen: list[Seen]
) -> dict[str, dict[str, float]]:
    """For each degradation: who is still found, who is refused, and how the rest is moved."""
    rows: dict[str, list[tuple[Seen | None, Seen]]] = {}
    for picture, before in zip(pictures, seen, strict=True):
        for name, degrade in degradations(before.quality.inter_eye_distance_px).items():
            rows.setdefault(name, []).append((look(pipeline, degrade(picture)), before))
    return {name: _summarise(pairs) for name, pairs in rows.items()}


def _summarise(pairs: list[tuple[Seen | None, Seen]]) -> dict[str, float]:
    found = [(after, before) for after, before in pairs if after is not None]
    reasons = [first_reason(after.quality) for after, _ in found]
    passed = [pair for pair, reason in zip(found, reasons, strict=True) if reason is None]
    return {
        "found_share": round(len(found) / len(pairs), 3),
        "refused_share": round(1 - len(passed) / len(pairs), 3),
        **{
            f"{who}_{what}": figure
            for who, chosen in (("found", found), ("passed", passed))
            for what, figure in _shift(chosen).items()
        },
    }


def _shift(pairs: list[tuple[Seen, Seen]]) -> dict[str, float]:
    moved: NDArray[np.float64] = np.array(
        [after.estimate.cautious_years - before.estimate.cautious_years for after, before in pairs]
    )
    if moved.size < 20:
        return {}
    return {
        "mean_shift_years": round(float(moved.mean()), 2),
        "mean_absolute_shift_years": round(float(np.abs(moved).mean()), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    faces = [
        face
        for face in read_labels(arguments.folder, "calibrate")
        if MIN_LABEL_YEARS <= face.age_years <= MAX_LABEL_YEARS
    ]
    chosen = np.random.default_rng(0).permutation(len(faces))[:SAMPLE_FACES]
    store = ModelStore()
    pipeline = build_pipeline(store, build_estimator(store, shipped_calibration().fusion))
    pictures, seen = [], []
    for index in chosen:
        with Image.open(faces[index].path) as opened:
            picture = opened.convert("RGB")
        looked = look(pipeline, picture)
        if looked is not None:
            pictures.append(picture)
            seen.append(looked)
    document = {
        "faces": len(seen),
        "percentiles": PERCENTILES,
        "spread": spread(seen),
        "degraded": shifts(pipeline, pictures, seen),
        "machine": describe_machine(),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()

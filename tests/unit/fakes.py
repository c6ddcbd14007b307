"""Stand-ins for the parts around the core: small implementations of the ports.

Each one writes what it did into a journal that the whole set shares, so that a test can ask for
the order of events across parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from agecheck.challenge import Challenge
from agecheck.errors import ChallengeError
from agecheck.estimate import AgeEstimate
from agecheck.pillow import size_of
from agecheck.pipeline import FaceAgePipeline
from agecheck.ports import AlignedFace, DetectedFace, Evidence, FaceMesh, Photo
from agecheck.verdict import Reason

if TYPE_CHECKING:
    from agecheck.ports import Picture

Journal = list[str]


def face(
    left_px: float,
    top_px: float,
    width_px: float,
    height_px: float | None = None,
    *,
    eye_distance_share: float = 0.4,
) -> DetectedFace:
    """A frontal face whose eyes are `eye_distance_share` of its width apart."""
    height_px = width_px if height_px is None else height_px
    half_eyes = eye_distance_share / 2
    shares = (
        (0.5 - half_eyes, 0.4),
        (0.5 + half_eyes, 0.4),
        (0.5, 0.6),
        (0.5, 0.8),
        (0.0, 0.45),
        (1.0, 0.45),
    )
    return DetectedFace(
        (left_px, top_px, left_px + width_px, top_px + height_px),
        tuple((left_px + x * width_px, top_px + y * height_px) for x, y in shares),
        0.9,
    )


def mesh() -> FaceMesh:
    """A mesh without meaning: the core hands it on and does not look into it."""
    points_px = np.zeros((468, 3), dtype=np.float32)
    return FaceMesh(points_px, np.eye(2, 3), np.zeros((112, 112, 3), dtype=np.uint8))


@dataclass
class FakePhoto:
    """Decodes to a black frame at 1/8, 1/4, 1/2 or full size, as a JPEG does."""

    height_px: int
    width_px: int
    journal: Journal
    asked_px: list[int | None] = field(default_factory=list)

    def decode(self, min_short_side_px: int | None = None) -> Image.Image:
        self.journal.append("decode")
        self.asked_px.append(min_short_side_px)
        reduction = 1
        if min_short_side_px is not None:
            short_side_px = min(self.height_px, self.width_px)
            fitting = [n for n in (8, 4, 2) if math.ceil(short_side_px / n) >= min_short_side_px]
            reduction = max(fitting, default=1)
        size = (math.ceil(self.width_px / reduction), math.ceil(self.height_px / reduction))
        return Image.new("RGB", size)


@dataclass
class FakeReader:
    """Opens anything as the photo that it was given."""

    photo: Photo
    journal: Journal
    error: Exception | None = None

    def open(self, source: object) -> Photo:  # noqa: ARG002
        self.journal.append("open")
        if self.error is not None:
            raise self.error
        return self.photo


@dataclass
class FakeDetector:
    """Sees the faces that it was given."""

    faces: Sequence[DetectedFace]
    journal: Journal
    error: Exception | None = None

    def detect(self, frame: Picture) -> Sequence[DetectedFace]:  # noqa: ARG002
        self.journal.append("detect")
        if self.error is not None:
            raise self.error
        return self.faces


@dataclass
class FakeLandmarker:
    """Gives the mesh that it was given, and remembers what it was asked about."""

    answer: FaceMesh | None
    journal: Journal
    error: Exception | None = None
    asked: list[tuple[tuple[int, ...], DetectedFace]] = field(default_factory=list)

    def locate(self, frame: Picture, face: DetectedFace) -> FaceMesh | None:
        self.journal.append("locate")
        self.asked.append((size_of(frame), face))
        if self.error is not None:
            raise self.error
        return self.answer


@dataclass
class FakeAssessor:
    """Finds the fault that it was given."""

    reason: Reason | None
    journal: Journal
    error: Exception | None = None
    shown_sizes_px: list[tuple[int, int]] = field(default_factory=list)

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> Reason | None:  # noqa: ARG002
        self.journal.append("assess")
        self.shown_sizes_px.append(frame_size_px)
        if self.error is not None:
            raise self.error
        return self.reason


@dataclass
class FakeEstimator:
    """Reads the age that it was given, without caution; the estimate is made anew each time."""

    mean_years: float
    sd_years: float
    journal: Journal
    error: Exception | None = None
    shown_sizes_px: list[tuple[int, int]] = field(default_factory=list)

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        self.journal.append("align")
        self.shown_sizes_px.append(size_of(frame))
        return AlignedFace(mesh.chip_rgb, np.zeros((192, 192, 3), dtype=np.uint8))

    def estimate(self, face: AlignedFace) -> AgeEstimate:  # noqa: ARG002
        self.journal.append("estimate")
        if self.error is not None:
            raise self.error
        return AgeEstimate(self.mean_years, self.sd_years, cautious_years=self.mean_years)


@dataclass
class FakeSigner:
    """Answers for one audience, once for each challenge, and remembers what it signed."""

    audience: str
    journal: Journal
    signed: list[bool] = field(default_factory=list)
    bound: list[tuple[Challenge, Evidence]] = field(default_factory=list)

    def _begin(self, challenge: Challenge, evidence: Evidence) -> Callable[[bool], str]:
        self.journal.append("begin")
        if challenge.audience != self.audience:
            raise ChallengeError("the challenge is for another audience")
        self.bound.append((challenge, evidence))

        def issue(over: bool) -> str:
            self.journal.append("issue")
            self.signed.append(over)
            return f"token over={over}"

        return issue


class Parts:
    """A whole pipeline of fakes around one ordinary, well lit, adult-looking face."""

    def __init__(self, *, mean_years: float = 40.0, sd_years: float = 3.0) -> None:
        self.journal: Journal = []
        self.photo = FakePhoto(400, 300, self.journal)
        self.reader = FakeReader(self.photo, self.journal)
        self.detector = FakeDetector([face(50, 50, 170)], self.journal)
        self.landmarker = FakeLandmarker(mesh(), self.journal)
        self.assessor = FakeAssessor(None, self.journal)
        self.estimator = FakeEstimator(mean_years, sd_years, self.journal)

    def pipeline(self) -> FaceAgePipeline:
        return FaceAgePipeline(
            reader=self.reader,
            detectors=[self.detector],
            landmarker=self.landmarker,
            assessor=self.assessor,
            estimator=self.estimator,
        )

    def part(
        self, name: str
    ) -> FakeReader | FakeDetector | FakeLandmarker | FakeAssessor | FakeEstimator:
        parts: dict[
            str, FakeReader | FakeDetector | FakeLandmarker | FakeAssessor | FakeEstimator
        ] = {
            "reader": self.reader,
            "detector": self.detector,
            "landmarker": self.landmarker,
            "assessor": self.assessor,
            "estimator": self.estimator,
        }
        return parts[name]

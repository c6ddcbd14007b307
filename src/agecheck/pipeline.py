"""Decode, find exactly one usable face, estimate. Knows ports only: no array or I/O library."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from agecheck.estimate import AgeEstimate
from agecheck.policy import EffectivePolicy
from agecheck.ports import (
    AgeEstimator,
    DetectedFace,
    FaceDetector,
    FaceLandmarker,
    FaceMesh,
    Photo,
    PhotoReader,
    QualityAssessor,
)
from agecheck.verdict import CheckResult, Reason

if TYPE_CHECKING:
    from PIL import Image

    from agecheck.ports import Picture

_Frame = TypeVar("_Frame", bound="Picture")

DETECTION_SHORT_SIDE_PX = 480
"""The first decode. Twice what the detectors (128 and 192 px) can use, so that a face across a
third of the picture needs no second one: a JPEG's entropy decoding is paid for at every scale."""
CHIP_EYE_DISTANCE_PX = 64.0
"""The sharpest age chip (192 px at padding 0.3) shows the eyes 63 px apart; with fewer pixels than
that in the decoded picture the chip would be blurred by our own decoding."""
COMPARABLE_FACE_SHARE = 0.5
"""A second face at least this wide, relative to the widest, may be the one that is meant."""


@dataclass(frozen=True, slots=True)
class FaceAgePipeline:
    """From a picture to an age estimate or the reason why there is none."""

    reader: PhotoReader
    detectors: Sequence[FaceDetector]
    landmarker: FaceLandmarker
    assessor: QualityAssessor
    estimator: AgeEstimator

    def check(self, source: object, policy: EffectivePolicy, max_sd_years: float) -> CheckResult:
        """One picture's result.

        Raises:
            ImageError: the picture cannot be used.
            ModelError: a network failed.
        """
        estimate = self.estimate(source)
        if isinstance(estimate, Reason):
            return CheckResult.inconclusive(estimate)
        return policy.decide(estimate, max_sd_years=max_sd_years)

    def estimate(self, source: object) -> AgeEstimate | Reason:
        """The internal seam that the benchmark uses; not part of the public surface."""
        photo = self.reader.open(source)
        frame = photo.decode(DETECTION_SHORT_SIDE_PX)
        found = find_face(self.detectors, self.landmarker, frame, _Sharpener(photo, frame))
        if isinstance(found, Reason):
            return found
        reason = self.assessor.assess((found.frame.height, found.frame.width), found.mesh)
        if reason is not None:
            return reason
        return self.estimator.estimate(self.estimator.align(found.frame, found.mesh))


class FoundFace(NamedTuple, Generic[_Frame]):
    """The one face that is meant, in the frame in which its mesh was found."""

    frame: _Frame
    face: DetectedFace
    mesh: FaceMesh

    def __repr__(self) -> str:
        return "<FoundFace>"


def find_face(
    detectors: Sequence[FaceDetector],
    landmarker: FaceLandmarker,
    frame: _Frame,
    sharpen: Callable[[DetectedFace], tuple[_Frame, DetectedFace]] | None = None,
) -> FoundFace[_Frame] | Reason:
    """Ask the detectors in turn, until a mesh lies on what one of them found.

    The quick ones now and then place a far face badly, or take something else for one; to stop at
    whoever finds anything would lose that face. What no mesh lay on is not forgotten: it may be a
    person who is turned away or half covered, and the next detector may see only whoever stands
    behind.

    Args:
        detectors: the quickest first.
        landmarker: finds the mesh.
        frame: all of them are shown it.
        sharpen: a finer frame for a face, and the face in it.
    """
    refused: list[DetectedFace] = []
    for detector in detectors:
        faces = detector.detect(frame)
        face = select_face(faces)
        if face is Reason.SEVERAL_FACES:
            return face
        if isinstance(face, Reason):
            continue
        seen, seen_face = (frame, face) if sharpen is None else sharpen(face)
        mesh = landmarker.locate(seen, seen_face)
        if mesh is None:
            refused.extend(faces)
        elif any(_may_be_another(other, face) for other in refused):
            return Reason.SEVERAL_FACES
        else:
            return FoundFace(seen, seen_face, mesh)
    return Reason.NO_FACE


def _may_be_another(other: DetectedFace, meant: DetectedFace) -> bool:
    """Whether what was refused is comparable with the face that is meant, and not the same one."""
    left, top, right, bottom = other.box_px
    x, y = meant.centre_px
    is_larger = meant.width_px < COMPARABLE_FACE_SHARE * other.width_px
    if left <= x <= right and top <= y <= bottom and not is_larger:
        return False
    return other.width_px >= COMPARABLE_FACE_SHARE * meant.width_px


def select_face(faces: Sequence[DetectedFace]) -> DetectedFace | Reason:
    """The one face that is meant: the widest, unless another is comparable."""
    by_width = sorted(faces, key=lambda face: face.width_px, reverse=True)
    if not by_width:
        return Reason.NO_FACE
    widest, *others = by_width
    if others and others[0].width_px >= COMPARABLE_FACE_SHARE * widest.width_px:
        return Reason.SEVERAL_FACES
    return widest


class _Sharpener:
    """Decodes a photo again at a finer scale when a face is too small in its first frame.

    Once: a picture can be made in which every detector finds something smaller.
    """

    def __init__(self, photo: Photo, frame: Image.Image) -> None:
        self._photo, self._first, self._finer = photo, frame, frame

    def __call__(self, face: DetectedFace) -> tuple[Image.Image, DetectedFace]:
        first = self._first
        eye_distance_px = math.dist(*face.keypoints_px[:2])
        if self._finer is first and eye_distance_px < CHIP_EYE_DISTANCE_PX:
            wanted = CHIP_EYE_DISTANCE_PX / max(eye_distance_px, 1.0)
            self._finer = self._photo.decode(round(min(first.size) * wanted))
        finer = self._finer
        if finer.size == first.size:
            return first, face
        x_scale, y_scale = finer.width / first.width, finer.height / first.height
        left, top, right, bottom = face.box_px
        return finer, replace(
            face,
            box_px=(left * x_scale, top * y_scale, right * x_scale, bottom * y_scale),
            keypoints_px=tuple((x * x_scale, y * y_scale) for x, y in face.keypoints_px),
        )

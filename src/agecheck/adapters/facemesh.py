"""FaceLandmarker on FaceMesh."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agecheck.ports import DetectedFace, FaceMesh
from agecheck.vision import alignment, facemesh, warp

if TYPE_CHECKING:
    from agecheck.ports import Picture
    from agecheck.runtime import OnnxModel

FACE_PRESENCE_LOGIT_THRESHOLD = 8.0
"""Below it, what was detected is not taken for a face. MediaPipe tracks down to a logit of 0. Of
the labelled faces 99.5 % lie above 8; line drawings, most cats that the detector fires on, and
faces blurred beyond use lie below."""
DOUBTFUL_PRESENCE_LOGIT = 0.0
"""Between this, MediaPipe's own limit, and the threshold the network gets a second look, at a crop
fitted to its own first mesh: a detector's box lies badly around beards, hats and raised chins. The
threshold is the same then; faces come to lie above it, and cats do not."""
MAX_EYE_OFFSET_SHARE = 0.5
"""How far the mesh's eyes may lie from the detector's, in eye distances: beyond it the mesh has
settled on something else than the face that was chosen."""

_NORM_PER_LEVEL = np.float32(1 / 255)


class FaceMeshLandmarker:
    """Finds the 468 points of one detected face, and aligns it by them."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model

    def locate(self, frame: Picture, face: DetectedFace) -> FaceMesh | None:
        seen = self._look(frame, face, facemesh.face_transform(face))
        if seen is not None and _is_doubtful(seen):
            seen = self._look(frame, face, facemesh.mesh_transform(seen.points_px))
        # `not >` also refuses NaN.
        if seen is None or not seen.presence_logit > FACE_PRESENCE_LOGIT_THRESHOLD:
            return None
        to_chip = alignment.chip_transform(
            seen.points_px, alignment.CHIP_SIZE_PX, alignment.CHIP_PADDING
        )
        chip = warp.crop(frame, to_chip, alignment.CHIP_SIZE_PX)
        return FaceMesh(seen.points_px, to_chip, chip)

    def _look(self, frame: Picture, face: DetectedFace, transform: warp.FloatArray) -> _Seen | None:
        """What the network makes of one crop, or None when it lies beside the face."""
        crop = warp.crop(frame, transform, facemesh.INPUT_SIZE_PX)
        points, presence = self._model.run({"pixels_norm": crop[None] * _NORM_PER_LEVEL})
        if not np.isfinite(points).all():  # a mesh with a point at no place is none
            return None
        points_px = facemesh.points_in_frame(points[0], transform)
        if not _lies_on(face, points_px):
            return None
        return _Seen(points_px, float(presence[0, 0]))


class _Seen(NamedTuple):
    """A mesh (468, 3) in the frame, and how surely it is one."""

    points_px: NDArray[np.float32]
    presence_logit: float


def _is_doubtful(seen: _Seen) -> bool:
    return DOUBTFUL_PRESENCE_LOGIT < seen.presence_logit <= FACE_PRESENCE_LOGIT_THRESHOLD


def _lies_on(face: DetectedFace, points_px: NDArray[np.float32]) -> bool:
    mesh_eyes_px = facemesh.eye_centres_px(points_px).tolist()
    detected_px = face.keypoints_px[:2]
    limit_px = MAX_EYE_OFFSET_SHARE * math.dist(*detected_px)
    return all(
        math.dist(mesh_eye, eye) <= limit_px
        for mesh_eye, eye in zip(mesh_eyes_px, detected_px, strict=True)
    )

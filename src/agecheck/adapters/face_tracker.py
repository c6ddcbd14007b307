"""FaceTracker on detectors, a landmarker and the quality measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agecheck.pipeline import find_face
from agecheck.ports import DetectedFace, FaceDetector, FaceLandmarker, FaceMesh, Sight
from agecheck.verdict import Reason
from agecheck.vision import facemesh, quality

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

DETECT_EVERY_MS = 250
"""While a face is followed by its mesh, the whole frame is searched this often: a second face is
noticed after at most this time. Between, a frame costs one network instead of two. The slower
detectors are not asked more often either, whether or not a face is followed."""
_GOOD_SHARPNESS, _GOOD_EYE_DISTANCE_PX = 0.05, 60.0


class MeshTracker:
    """Follows one face: the mesh of one frame says where to look in the next.

    The crop in which the next mesh is looked for stands to the last mesh as the detector's box
    stood to the mesh that was found by it, so that following changes no landmark by more than a
    new detection would.
    """

    def __init__(self, detectors: Sequence[FaceDetector], landmarker: FaceLandmarker) -> None:
        self._detectors, self._landmarker = detectors, landmarker
        self._followed: FaceMesh | None = None
        self._centre_offset, self._side = (0.0, 0.0), 0.0  # in eye distances
        self._detected_at_ms, self._searched_at_ms = 0, -DETECT_EVERY_MS

    def look(self, frame: RgbFrame, at_ms: int) -> Sight:
        size_px = (frame.shape[0], frame.shape[1])
        mesh, reason = self._locate(frame, at_ms)
        self._followed = mesh
        if mesh is None:
            return Sight(at_ms, size_px, None, reason)
        measured = quality.measure(size_px, mesh)
        return Sight(at_ms, size_px, mesh, quality.first_reason(measured), _worth(measured))

    def _locate(self, frame: RgbFrame, at_ms: int) -> tuple[FaceMesh | None, Reason | None]:
        if self._followed is not None and 0 <= at_ms - self._detected_at_ms < DETECT_EVERY_MS:
            mesh = self._landmarker.locate(frame, self._expected(self._followed))
            if mesh is not None:
                return mesh, None
        found = find_face(self._due(at_ms), self._landmarker, frame)
        if isinstance(found, Reason):
            return None, found
        self._detected_at_ms = at_ms
        self._remember(found.face, found.mesh)
        return found.mesh, None

    def _due(self, at_ms: int) -> Sequence[FaceDetector]:
        """All detectors now and then, and the quickest in between: the others take their time."""
        if 0 <= at_ms - self._searched_at_ms < DETECT_EVERY_MS:
            return self._detectors[:1]
        self._searched_at_ms = at_ms
        return self._detectors

    def _remember(self, face: DetectedFace, mesh: FaceMesh) -> None:
        left, top, right, bottom = face.box_px
        x, y = facemesh.eye_centres_px(mesh.points_px).mean(axis=0).tolist()
        unit_px = max(facemesh.inter_eye_distance_px(mesh.points_px), 1.0)
        self._centre_offset = (
            ((left + right) / 2 - x) / unit_px,
            ((top + bottom) / 2 - y) / unit_px,
        )
        self._side = max(right - left, bottom - top) / unit_px

    def _expected(self, mesh: FaceMesh) -> DetectedFace:
        left_eye, right_eye = facemesh.eye_centres_px(mesh.points_px).tolist()
        unit_px = max(facemesh.inter_eye_distance_px(mesh.points_px), 1.0)
        x = (left_eye[0] + right_eye[0]) / 2 + self._centre_offset[0] * unit_px
        y = (left_eye[1] + right_eye[1]) / 2 + self._centre_offset[1] * unit_px
        half_px = self._side * unit_px / 2
        return DetectedFace(
            (x - half_px, y - half_px, x + half_px, y + half_px),
            (tuple(left_eye), tuple(right_eye)),
            1.0,
        )


def _worth(measured: quality.FaceQuality) -> float:
    """How good a frame is for an estimate, 0 to 1: frontal, sharp, large, evenly lit."""
    pose = measured.pose
    frontal = 1 - min(1.0, (abs(pose.yaw_deg) + abs(pose.pitch_deg)) / quality.MAX_YAW_DEG)
    sharp = min(1.0, measured.sharpness / _GOOD_SHARPNESS)
    large = min(1.0, measured.inter_eye_distance_px / _GOOD_EYE_DISTANCE_PX)
    lit = 1 - min(1.0, measured.dark_share + measured.bright_share)
    return frontal * sharp * large * lit

"""FaceMesh: the crop it is fed, its points in the frame, and which point is what.

Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
arXiv:1907.06724, and MediaPipe's face landmark graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agecheck.ports import DetectedFace
from agecheck.vision import warp

INPUT_SIZE_PX = 192
ROI_SCALE = 1.5
"""The crop's side in units of the longer side of the box around the face."""

# Indices into the mesh. Left and right are the picture's (the person's right is picture-left).
LEFT_EYE_OUTER, LEFT_EYE_INNER = 33, 133
RIGHT_EYE_INNER, RIGHT_EYE_OUTER = 362, 263
EYE_CORNERS = np.array([LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER])
NOSE_BASE = 2
NOSE_TIP = 1
FOREHEAD_TOP, CHIN = 10, 152
LEFT_FACE_EDGE, RIGHT_FACE_EDGE = 234, 454
LEFT_CHEEK, RIGHT_CHEEK = 50, 280


def face_transform(face: DetectedFace) -> warp.FloatArray:
    """The transform from the frame to FaceMesh's upright crop: float64 (2, 3)."""
    left_eye, right_eye = face.keypoints_px[:2]
    return _upright_crop(face.box_px, left_eye, right_eye)


def mesh_transform(points_px: NDArray[np.float32]) -> warp.FloatArray:
    """The crop that a mesh (468, 3) asks for itself: float64 (2, 3), frame to crop.

    It fits the face better than the detector's box does. MediaPipe crops this way from the second
    frame of a video on.
    """
    left, top = points_px[:, :2].min(axis=0).tolist()
    right, bottom = points_px[:, :2].max(axis=0).tolist()
    left_eye, right_eye = eye_centres_px(points_px).tolist()
    return _upright_crop((left, top, right, bottom), left_eye, right_eye)


def _upright_crop(
    box_px: tuple[float, float, float, float],
    left_eye_px: Sequence[float],
    right_eye_px: Sequence[float],
) -> warp.FloatArray:
    left, top, right, bottom = box_px
    roll_rad = math.atan2(right_eye_px[1] - left_eye_px[1], right_eye_px[0] - left_eye_px[0])
    side_px = ROI_SCALE * max(right - left, bottom - top)
    centre_px = ((left + right) / 2, (top + bottom) / 2)
    return warp.square_crop_transform(centre_px, side_px, roll_rad, INPUT_SIZE_PX)


def points_in_frame(
    points_crop_px: NDArray[np.float32], transform: warp.FloatArray
) -> NDArray[np.float32]:
    """Map the network's points (468, 3) from its crop back to the frame; z is scaled alike."""
    to_frame = warp.invert(transform)
    points_px = points_crop_px * np.float32(warp.scale_of(to_frame))
    points_px[:, :2] = warp.apply(to_frame, points_crop_px[:, :2])
    return points_px


def eye_centres_px(points_px: NDArray[np.float32]) -> NDArray[np.float32]:
    """Midpoints between the corners of the left and the right eye: (2, 2)."""
    corners = points_px[EYE_CORNERS][:, :2]
    return np.asarray((corners[::2] + corners[1::2]) / 2)


def inter_eye_distance_px(points_px: NDArray[np.float32]) -> float:
    """Distance between the eye centres (ISO/IEC 29794-5 InterEyeDistance), in the image plane."""
    return math.dist(*eye_centres_px(points_px).tolist())

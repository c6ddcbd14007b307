"""FaceMesh: the crop it is fed, its points in the frame, and which point is what.

Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
arXiv:1907.06724, and MediaPipe's face landmark graph.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agecheck.ports import DetectedFace
from agecheck.vision import warp

INPUT_SIZE_PX = 192
ROI_SCALE = 1.5
"""The crop's side in units of the detection box's longer side."""

# Indices into the mesh. Left and right are the picture's (the person's right is picture-left).
LEFT_EYE_OUTER, LEFT_EYE_INNER = 33, 133
RIGHT_EYE_INNER, RIGHT_EYE_OUTER = 362, 263
_EYE_CORNERS = np.array([LEFT_EYE_OUTER, LEFT_EYE_INNER, RIGHT_EYE_INNER, RIGHT_EYE_OUTER])
NOSE_BASE = 2
NOSE_TIP = 1
FOREHEAD_TOP, CHIN = 10, 152
LEFT_FACE_EDGE, RIGHT_FACE_EDGE = 234, 454
LEFT_CHEEK, RIGHT_CHEEK = 50, 280


def face_transform(face: DetectedFace) -> warp.FloatArray:
    """The transform from the frame to FaceMesh's upright crop: float64 (2, 3)."""
    (left_x, left_y), (right_x, right_y) = face.keypoints_px[:2]
    roll_rad = math.atan2(right_y - left_y, right_x - left_x)
    left, top, right, bottom = face.box_px
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
    corners = points_px[_EYE_CORNERS][:, :2]
    return np.asarray((corners[::2] + corners[1::2]) / 2)


def inter_eye_distance_px(points_px: NDArray[np.float32]) -> float:
    """Distance between the eye centres (ISO/IEC 29794-5 InterEyeDistance), in the image plane."""
    return math.dist(*eye_centres_px(points_px).tolist())

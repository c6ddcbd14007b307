"""Head pose from the mesh (ISO/IEC 29794-5 HeadPose)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agecheck.vision import facemesh


@dataclass(frozen=True, slots=True, repr=False)
class HeadPose:
    """Angles of the mesh in degrees; near zero for a head that faces the camera upright.

    MediaPipe's mesh is flatter than a head: on the sample portrait, turned by its own depth, the
    mesh reads about 0.55 of the turn and 0.75 of the nod (tests/selfies/test_quality.py).

    Attributes:
        yaw_deg: positive when the head turns towards picture right.
        pitch_deg: positive when the head is lowered.
        roll_deg: positive when the head tilts clockwise on the screen.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def head_pose(points_px: NDArray[np.float32]) -> HeadPose:
    """Pose from the plane through the face's edges, forehead and chin.

    Args:
        points_px: mesh points (468, 3).
    """
    points = points_px.astype(np.float64)
    across = points[facemesh.RIGHT_FACE_EDGE] - points[facemesh.LEFT_FACE_EDGE]
    down = points[facemesh.CHIN] - points[facemesh.FOREHEAD_TOP]
    # down x across, towards the camera: negative z. np.cross costs more than the rest of this.
    (ax, ay, az), (bx, by, bz) = down.tolist(), across.tolist()
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    eyes = facemesh.eye_centres_px(points_px).astype(np.float64)
    eye_line = eyes[1] - eyes[0]
    return HeadPose(
        yaw_deg=math.degrees(math.atan2(x, -z)),
        pitch_deg=math.degrees(math.atan2(y, -z)),
        roll_deg=math.degrees(math.atan2(eye_line[1], eye_line[0])),
    )

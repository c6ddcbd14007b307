"""Head pose from the mesh (ISO/IEC 29794-5 HeadPose)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agecheck.vision import facemesh

_FACE_PLANE = np.array(
    [
        facemesh.FOREHEAD_TOP,
        facemesh.CHIN,
        facemesh.LEFT_FACE_EDGE,
        facemesh.RIGHT_FACE_EDGE,
    ]
)


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
    forehead, chin, left_edge, right_edge = points_px[_FACE_PLANE].tolist()
    ax, ay, az = (end - start for start, end in zip(forehead, chin, strict=True))
    bx, by, bz = (end - start for start, end in zip(left_edge, right_edge, strict=True))
    # Down x across, towards the camera: negative z. np.cross costs more than the rest of this.
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    (left_x, left_y), (right_x, right_y) = facemesh.eye_centres_px(points_px).tolist()
    return HeadPose(
        yaw_deg=math.degrees(math.atan2(x, -z)),
        pitch_deg=math.degrees(math.atan2(y, -z)),
        roll_deg=math.degrees(math.atan2(right_y - left_y, right_x - left_x)),
    )

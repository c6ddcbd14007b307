"""Is this face fit to be estimated? Measures and limits in the words of ISO/IEC 29794-5.

Every limit below is a measured one: `python -m benchmarks.quality_limits FOLDER` prints how the
measures are spread over labelled faces, and how far the estimate moves when a face is degraded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agecheck.ports import FaceMesh
from agecheck.verdict import Reason
from agecheck.vision import facemesh, warp
from agecheck.vision.alignment import patch
from agecheck.vision.pose import HeadPose, head_pose

MIN_INTER_EYE_DISTANCE_PX = 24.0
MAX_YAW_DEG = 30.0
MAX_RAISED_DEG = 30.0
MAX_LOWERED_DEG = 25.0
MAX_ROLL_DEG = 40.0
MAX_DARK_SHARE = 0.40
MAX_BRIGHT_SHARE = 0.20
MIN_SHARPNESS = 0.010
MAX_FLAT_SHARE = 0.35
MIN_EYE_CONTRAST = 0.035
MIN_EYE_BRIGHTNESS = 0.16
MAX_SHARE_OUTSIDE_FRAME = 0.10

NEUTRAL_PITCH_DEG = 8.8
"""The mesh's forehead-chin plane in a level head: the median over labelled faces."""

# In pixels of the aligned chip.
_FACE_ROWS, _FACE_COLUMNS = slice(18, 98), slice(22, 90)
_EYE_RADIUS_PX, _CHEEK_RADIUS_PX = 6, 5
_CHEEKS = np.array([facemesh.LEFT_CHEEK, facemesh.RIGHT_CHEEK])
_LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_DARK_LUMA, _BRIGHT_LUMA = 25, 247  # the histogram regions of ISO/IEC 29794-5

_FLAT_LAPLACIAN_LUMA = 0.25


@dataclass(frozen=True, slots=True, repr=False)
class FaceQuality:
    """The measures of one face.

    Attributes:
        inter_eye_distance_px: between the eye centres, in the decoded frame.
        pose: head pose; pitch is relative to a level head.
        share_outside_frame: share of the mesh's points beyond the frame, 0 to 1.
        dark_share, bright_share: share of the face's pixels with luma up to 25 or from 247 of
            255 (UnderExposure, OverExposure), 0 to 1.
        sharpness: variance of the Laplacian over the variance of luma, at a fixed face size.
        flat_share: share of the face's pixels that do not differ from the mean of their four
            neighbours. A sensor's noise leaves no flat areas; a drawing is made of them.
        eye_contrast: standard deviation of luma around the less visible eye over the brighter
            cheek's mean luma; skin, hair or a hand in front of an eye is flat (EyesVisible).
        eye_brightness: mean luma around the brighter eye over the brighter cheek's; dark lenses
            are dark (EyesVisible).
    """

    inter_eye_distance_px: float
    pose: HeadPose
    share_outside_frame: float
    dark_share: float
    bright_share: float
    sharpness: float
    flat_share: float
    eye_contrast: float
    eye_brightness: float


def measure(frame_size_px: tuple[int, int], mesh: FaceMesh) -> FaceQuality:
    """Measure a face.

    Args:
        frame_size_px: (height, width) of the frame that the mesh lies in.
        mesh: the face's points and its aligned chip.
    """
    points_px = mesh.points_px
    luma = mesh.chip_rgb.astype(np.float32) @ _LUMA_WEIGHTS
    face = luma[_FACE_ROWS, _FACE_COLUMNS]
    eyes_px = warp.apply(mesh.frame_to_chip, facemesh.eye_centres_px(points_px)).tolist()
    cheeks_px = warp.apply(mesh.frame_to_chip, points_px[_CHEEKS][:, :2]).tolist()
    eyes = [_mean_and_variance(patch(luma, eye, _EYE_RADIUS_PX)) for eye in eyes_px]
    cheeks = [_mean_and_variance(patch(luma, cheek, _CHEEK_RADIUS_PX)) for cheek in cheeks_px]
    # The brighter cheek and the brighter eye: light from one side is not occlusion.
    cheek_luma = max(1.0, *(mean for mean, _ in cheeks))
    laplacian = _laplacian(face)
    pose = head_pose(points_px)
    return FaceQuality(
        inter_eye_distance_px=facemesh.inter_eye_distance_px(points_px),
        pose=HeadPose(pose.yaw_deg, pose.pitch_deg - NEUTRAL_PITCH_DEG, pose.roll_deg),
        share_outside_frame=_share_outside(points_px, frame_size_px),
        dark_share=_share(face <= _DARK_LUMA),
        bright_share=_share(face >= _BRIGHT_LUMA),
        sharpness=_mean_and_variance(laplacian)[1] / max(_mean_and_variance(face)[1], 1.0),
        flat_share=_share(np.abs(laplacian) < _FLAT_LAPLACIAN_LUMA),
        eye_contrast=math.sqrt(min(variance for _, variance in eyes)) / cheek_luma,
        eye_brightness=max(mean for mean, _ in eyes) / cheek_luma,
    )


def first_reason(quality: FaceQuality) -> Reason | None:
    """The first measure beyond its limit, the one a person can mend most easily first.

    Each comparison is written so that NaN refuses.
    """
    pose = quality.pose
    checks = (
        (quality.share_outside_frame <= MAX_SHARE_OUTSIDE_FRAME, Reason.FACE_CUT_OFF),
        (quality.inter_eye_distance_px >= MIN_INTER_EYE_DISTANCE_PX, Reason.INTER_EYE_DISTANCE),
        (quality.dark_share <= MAX_DARK_SHARE, Reason.UNDER_EXPOSURE),
        (quality.bright_share <= MAX_BRIGHT_SHARE, Reason.OVER_EXPOSURE),
        (
            abs(pose.yaw_deg) <= MAX_YAW_DEG
            and -MAX_RAISED_DEG <= pose.pitch_deg <= MAX_LOWERED_DEG
            and abs(pose.roll_deg) <= MAX_ROLL_DEG,
            Reason.HEAD_POSE,
        ),
        (quality.sharpness >= MIN_SHARPNESS, Reason.SHARPNESS),
        (
            quality.eye_contrast >= MIN_EYE_CONTRAST
            and quality.eye_brightness >= MIN_EYE_BRIGHTNESS,
            Reason.EYES_COVERED,
        ),
        (quality.flat_share <= MAX_FLAT_SHARE, Reason.NOT_A_PHOTOGRAPH),
    )
    return next((reason for fit, reason in checks if not fit), None)


def _laplacian(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(
        4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    )


def _share_outside(points_px: NDArray[np.float32], frame_size_px: tuple[int, int]) -> float:
    height_px, width_px = frame_size_px
    x, y = points_px[:, 0], points_px[:, 1]
    return 1 - _share((x >= 0) & (x <= width_px) & (y >= 0) & (y <= height_px))


# numpy's own mean() and var() take several times as long on arrays as small as these.


def _share(mask: NDArray[np.bool_]) -> float:
    return np.count_nonzero(mask) / mask.size


def _mean_and_variance(values: NDArray[np.float32]) -> tuple[float, float]:
    mean = float(np.add.reduce(values, axis=None)) / values.size
    from_mean = (values - np.float32(mean)).ravel()
    return mean, float(from_mean @ from_mean) / values.size

"""Similarity transforms between frames and crops, and the resampling that applies them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FloatArray = NDArray[np.float64]


def similarity_from_points(source: FloatArray, target: FloatArray) -> FloatArray:
    """The least-squares similarity (rotation, scale, shift) that maps source onto target.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", IEEE TPAMI 13(4), 1991; in the plane it has this closed form over complex numbers.

    Args:
        source, target: float (n, 2), n >= 2, the points of `source` not all equal.

    Returns:
        float64 (2, 3) matrix M with target ~ M @ (x, y, 1).
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    s = (source - source_mean) @ np.array([1, 1j])
    t = (target - target_mean) @ np.array([1, 1j])
    # t ~ z * s; z's angle is the rotation, its modulus the scale.
    z = complex(np.vdot(s, t) / np.vdot(s, s).real)
    (source_x, source_y), (target_x, target_y) = source_mean.tolist(), target_mean.tolist()
    return np.array(
        [
            [z.real, -z.imag, target_x - z.real * source_x + z.imag * source_y],
            [z.imag, z.real, target_y - z.imag * source_x - z.real * source_y],
        ]
    )


def square_crop_transform(
    centre_px: tuple[float, float], side_px: float, roll_rad: float, size_px: int
) -> FloatArray:
    """The transform from a frame to an upright square crop of a face that is turned by a roll.

    Args:
        centre_px: the square's centre in the frame.
        side_px: the square's side in frame pixels.
        roll_rad: angle of the face's eye line in the frame, clockwise on the screen.
        size_px: side of the crop.

    Returns:
        float64 (2, 3), frame pixels to crop pixels.
    """
    scale = size_px / side_px
    cos, sin = math.cos(roll_rad) * scale, math.sin(roll_rad) * scale
    x, y = centre_px
    middle_px = size_px / 2
    return np.array(
        [
            [cos, sin, middle_px - cos * x - sin * y],
            [-sin, cos, middle_px + sin * x - cos * y],
        ]
    )


def invert(transform: FloatArray) -> FloatArray:
    """The inverse of an affine (2, 3) transform that is not degenerate."""
    (a, b, x), (c, d, y) = transform.tolist()
    determinant = a * d - b * c
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    return np.array([[a, b, -(a * x + b * y)], [c, d, -(c * x + d * y)]])


def scale_of(transform: FloatArray) -> float:
    """How much an affine (2, 3) transform enlarges lengths."""
    (a, b, _), (c, d, _) = transform.tolist()
    return math.sqrt(abs(a * d - b * c))


def apply(transform: FloatArray, points: NDArray[np.floating]) -> FloatArray:
    """Map float (n, 2) points by an affine (2, 3) transform."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2], dtype=np.float64)


def crop(frame: NDArray[np.uint8], transform: FloatArray, size_px: int) -> NDArray[np.uint8]:
    """Resample a square crop out of a frame; what lies outside the frame is black.

    A crop that shrinks the frame by two or more is box-filtered first, so that it does not alias.

    Args:
        frame: uint8 (height, width, 3).
        transform: float64 (2, 3), frame pixels to crop pixels.
        size_px: side of the crop.

    Returns:
        uint8 (size_px, size_px, 3).
    """
    to_frame = invert(transform)
    # The small addition keeps a factor of exactly two from being rounded to 1.9999 and then to 1.
    shrink = max(1, int(scale_of(to_frame) + 1e-6))
    corners = apply(to_frame, np.array([[0, 0], [size_px, 0], [0, size_px], [size_px, size_px]]))
    height, width = frame.shape[:2]
    # Only the part of the frame under the crop, and one shrunken pixel around it, goes to Pillow.
    left, top = (max(0, math.floor(v) - shrink) for v in corners.min(axis=0))
    right = min(width, math.ceil(corners[:, 0].max()) + shrink)
    bottom = min(height, math.ceil(corners[:, 1].max()) + shrink)
    if left >= right or top >= bottom:
        return np.zeros((size_px, size_px, 3), dtype=np.uint8)
    region = Image.fromarray(frame[top:bottom, left:right])
    shrink = min(shrink, region.width, region.height)
    if shrink > 1:
        region = region.reduce(shrink)
    to_region = (to_frame - [[0, 0, left], [0, 0, top]]) / shrink
    resampled = region.transform(
        (size_px, size_px),
        Image.Transform.AFFINE,
        data=tuple(to_region.ravel()),
        resample=Image.Resampling.BILINEAR,
    )
    return np.asarray(resampled)

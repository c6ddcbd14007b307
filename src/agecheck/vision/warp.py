"""Similarity transforms between frames and crops, and the resampling that applies them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agecheck.pillow import cut_out, pixels_of, size_of

if TYPE_CHECKING:
    from agecheck.ports import Picture

FloatArray = NDArray[np.float64]


def similarity_from_points(source: FloatArray, target: FloatArray) -> FloatArray:
    """The least-squares similarity (rotation, scale, shift) that maps source onto target.

    Source: Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", IEEE TPAMI 13(4), 1991; in the plane it has this closed form over complex numbers.

    Args:
        source, target: float (n, 2), n >= 2, the points of `source` not all equal. Meant for a
            handful of points: plain complex numbers are quicker there than arrays.

    Returns:
        float64 (2, 3) matrix M with target ~ M @ (x, y, 1).
    """
    s = [complex(x, y) for x, y in source.tolist()]
    t = [complex(x, y) for x, y in target.tolist()]
    s_mean, t_mean = sum(s) / len(s), sum(t) / len(t)
    # t - t_mean ~ z * (s - s_mean); z's angle is the rotation, its modulus the scale.
    from_mean = [point - s_mean for point in s]
    products = (p.conjugate() * (q - t_mean) for p, q in zip(from_mean, t, strict=True))
    z = sum(products) / sum(abs(p) ** 2 for p in from_mean)
    shift = t_mean - z * s_mean
    return np.array([[z.real, -z.imag, shift.real], [z.imag, z.real, shift.imag]])


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


def crop(frame: Picture, transform: FloatArray, size_px: int) -> NDArray[np.uint8]:
    """Resample a square crop out of a frame; what lies outside the frame is black.

    A crop that shrinks the frame by two or more is box-filtered first, so that it does not alias.

    Args:
        frame: an RGB image, or uint8 (height, width, 3).
        transform: float64 (2, 3), frame pixels to crop pixels.
        size_px: side of the crop.

    Returns:
        uint8 (size_px, size_px, 3).
    """
    to_frame = invert(transform)
    # The small addition keeps a factor of exactly two from being rounded to 1.9999 and then to 1.
    shrink = max(1, int(scale_of(to_frame) + 1e-6))
    (xx, xy, x), (yx, yy, y) = to_frame.tolist()
    corners_x = [x + size_px * share for share in (0.0, xx, xy, xx + xy)]
    corners_y = [y + size_px * share for share in (0.0, yx, yy, yx + yy)]
    height, width = size_of(frame)
    # Only the part of the frame under the crop, and one shrunken pixel around it, goes to Pillow.
    left = max(0, math.floor(min(corners_x)) - shrink)
    top = max(0, math.floor(min(corners_y)) - shrink)
    right = min(width, math.ceil(max(corners_x)) + shrink)
    bottom = min(height, math.ceil(max(corners_y)) + shrink)
    if left >= right or top >= bottom:
        return np.zeros((size_px, size_px, 3), dtype=np.uint8)
    region = cut_out(frame, left, top, right, bottom)
    shrink = min(shrink, region.width, region.height)
    if shrink > 1:
        region = region.reduce(shrink)
    to_region = (xx, xy, x - left, yx, yy, y - top)
    resampled = region.transform(
        (size_px, size_px),
        Image.Transform.AFFINE,
        data=[value / shrink for value in to_region],
        resample=Image.Resampling.BILINEAR,
    )
    return pixels_of(resampled)

"""What a frame of pixels may be. Nothing is opened or decoded here, and Pillow is not loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agecheck.errors import ImageError, ImageFault

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

MAX_PIXELS = 64_000_000
"""Decoded size. Phones take up to 50 megapixels; Pillow itself balks at 89."""

MAX_SIDE_PX = 16_384
"""Either side. A longer one within MAX_PIXELS is a strip or a panorama, not a selfie."""


def require_size(height_px: int, width_px: int) -> None:
    """Refuse a picture that is empty or too large.

    Raises:
        ImageError: EMPTY, SIDE_TOO_LONG or TOO_MANY_PIXELS.
    """
    if height_px < 1 or width_px < 1:
        raise ImageError(ImageFault.EMPTY)
    if height_px > MAX_SIDE_PX or width_px > MAX_SIDE_PX:
        raise ImageError(ImageFault.SIDE_TOO_LONG)
    if height_px * width_px > MAX_PIXELS:
        raise ImageError(ImageFault.TOO_MANY_PIXELS)


def require_frame(source: object) -> RgbFrame:
    """The same array, when it is uint8 RGB of shape (height, width, 3), with any strides.

    Raises:
        ImageError: it is anything else; the fault names the cause.
    """
    if not isinstance(source, np.ndarray):
        raise ImageError(ImageFault.WRONG_TYPE)
    if source.dtype != np.uint8:
        raise ImageError(ImageFault.WRONG_DTYPE)
    if source.ndim != 3 or source.shape[2] != 3:
        raise ImageError(ImageFault.WRONG_SHAPE)
    require_size(source.shape[0], source.shape[1])
    return source


def copy_of_frame(source: object) -> RgbFrame:
    """A copy in rows of RGB, so that what the caller does to its array changes nothing.

    Raises:
        ImageError: it is no frame, or this machine has no memory for it.
    """
    frame = require_frame(source)
    try:
        return np.array(frame, order="C")
    except MemoryError:
        raise ImageError(ImageFault.TOO_MANY_PIXELS) from None

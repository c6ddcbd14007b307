"""Between arrays and Pillow's images, with as few copies as there can be.

`Image.fromarray` and `numpy.asarray` do the same and spend more time: the first blackens the image
before it fills it and gathers a cut-out pixel by pixel, the second copies a copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from agecheck.ports import Picture


def image_of(pixels: Picture) -> Image.Image:
    """A picture as an image: itself, or a copy of an array of any strides."""
    if isinstance(pixels, Image.Image):
        return pixels
    height_px, width_px = pixels.shape[:2]
    image = Image.new("RGB", (width_px, height_px), None)
    image.frombytes(np.ascontiguousarray(pixels))
    return image


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    """A copy of an RGB image's pixels: uint8 (height, width, 3), C-contiguous, read-only."""
    return np.frombuffer(image.tobytes(), dtype=np.uint8).reshape(image.height, image.width, 3)


def size_of(picture: Picture) -> tuple[int, int]:
    """(height, width) in pixels."""
    if isinstance(picture, Image.Image):
        return picture.height, picture.width
    height_px, width_px = picture.shape[:2]
    return height_px, width_px


def cut_out(picture: Picture, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """A copy of a rectangle that lies within the picture."""
    if isinstance(picture, Image.Image):
        return picture.crop((left, top, right, bottom))
    return image_of(picture[top:bottom, left:right])

"""Between arrays and Pillow's images, with as few copies as there can be.

`Image.fromarray` and `numpy.asarray` do the same and spend more time: the first blackens the image
before it fills it and gathers a cut-out pixel by pixel, the second copies a copy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def image_of(pixels: NDArray[np.uint8]) -> Image.Image:
    """A copy of uint8 RGB pixels (height, width, 3), of any strides, as an image."""
    height_px, width_px = pixels.shape[:2]
    image = Image.new("RGB", (width_px, height_px), None)
    image.frombytes(np.ascontiguousarray(pixels))
    return image


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    """A copy of an RGB image's pixels: uint8 (height, width, 3), C-contiguous, read-only."""
    return np.frombuffer(image.tobytes(), dtype=np.uint8).reshape(image.height, image.width, 3)

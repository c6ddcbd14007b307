"""Turns a loaded Pillow image of any mode and orientation into upright RGB pixels."""

from __future__ import annotations

import numpy as np
from PIL import Image

from agecheck.errors import ImageError, ImageFault
from agecheck.image.orientation import orientation_in

_UPRIGHT_BY_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_rgb(image: Image.Image) -> Image.Image:
    """An upright RGB image of a loaded one, which is left as it is.

    Transparency is shown on white, 16 bits become their upper 8, colour profiles are ignored.

    Returns:
        Mode RGB. It is the image itself where nothing has to be done to it.

    Raises:
        ImageError: UNSUPPORTED_MODE: floats, and 32-bit gray beyond 16 bits.
    """
    upright = _UPRIGHT_BY_ORIENTATION.get(_orientation(image))
    rgb = _rgb(image)
    return rgb if upright is None else rgb.transpose(upright)


def _orientation(image: Image.Image) -> int:
    """Orientation, 1 to 8 when there is one.

    A broken Exif block does not spoil the pixels. At worst they stay turned, and then no face is
    found in them.
    """
    try:
        return orientation_in(image.info)
    except Exception:
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":  # no agreed range
        raise ImageError(ImageFault.UNSUPPORTED_MODE)
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _rgb_of_gray16(image)
    try:
        if image.has_transparency_data:
            if image.mode == "La":
                image = image.convert("LA")
            rgba = image.convert("RGBA")
            white = Image.new("RGBA", rgba.size, "white")
            return Image.alpha_composite(white, rgba).convert("RGB")
        return image if image.mode == "RGB" else image.convert("RGB")
    except ValueError:
        raise ImageError(ImageFault.UNSUPPORTED_MODE) from None


def _rgb_of_gray16(image: Image.Image) -> Image.Image:
    """Upper byte of 16-bit gray, as Pillow itself does for 16-bit colour."""
    values = np.asarray(image)
    if image.mode == "I" and (values.min() < 0 or values.max() > 0xFFFF):
        raise ImageError(ImageFault.UNSUPPORTED_MODE)
    gray = (values >> 8).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        gray[values == transparent] = 0xFF
    return Image.fromarray(gray).convert("RGB")

"""Takes a picture in: bytes, a path, a Pillow image or an array becomes an RGB image.

Limits are checked before anything is decoded, and whatever is unexpected is an `ImageError` that
names the cause. Pillow's process-wide settings are not changed, and neither the limits nor the
search for a missing end relies on them: Pillow's decoders are called directly, after
`agecheck.image.header` has seen the whole container. Embedded colour profiles are not applied. Only
the first picture of a phone's multi-picture JPEG is looked at.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from agecheck.errors import ImageError, ImageFault
from agecheck.image.encoded import bytes_of_buffer, bytes_of_file
from agecheck.image.frame import require_frame, require_size
from agecheck.image.header import EncodedFormat, read_header
from agecheck.image.pixels import upright_rgb
from agecheck.pillow import image_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.ImageFile import ImageFile

    from agecheck.ports import Photo


class _Jpeg(JpegImageFile):
    """A JPEG of which Pillow parses no Exif data: it would on opening, for a resolution."""

    def getexif(self) -> Image.Exif:
        return Image.Exif()


_DECODERS: dict[EncodedFormat, type[ImageFile]] = {
    EncodedFormat.JPEG: _Jpeg,
    EncodedFormat.PNG: PngImageFile,
    EncodedFormat.WEBP: WebPImageFile,
}

_JPEG_REDUCTIONS = (8, 4, 2)  # libjpeg can skip this much while it decodes, largest first


class PillowPhotoReader:
    """Opens pictures with Pillow; a `PhotoReader`."""

    def open(self, source: object) -> Photo:
        """Accept or refuse a picture. Encoded pictures are not decoded yet.

        Pixels handed in as an array or a Pillow image are copied here, so that what the caller
        does to them afterwards reaches no later `decode`.

        Args:
            source: JPEG, PNG or WebP as bytes, bytearray or memoryview; the path of such a file;
                a Pillow image, whose own Exif orientation is applied; or an upright uint8 RGB
                array of shape (height, width, 3), with any strides.

        Raises:
            ImageError: it is not a picture that can be taken; the fault names the cause.
        """
        match source:
            case np.ndarray():
                frame = require_frame(source)
                return _DecodedPhoto(_or_image_error(lambda: image_of(frame)))
            case Image.Image():
                return _DecodedPhoto(_image_of_caller(source))
            case bytes() | bytearray() | memoryview():
                return _EncodedPhoto(bytes_of_buffer(source))
            case str() | os.PathLike():
                return _EncodedPhoto(bytes_of_file(source))
            case _:
                raise ImageError(ImageFault.WRONG_TYPE)


class _DecodedPhoto:
    """A picture that came as pixels."""

    __slots__ = ("_image",)

    def __init__(self, image: Image.Image) -> None:
        self._image = image

    def decode(self, min_short_side_px: int | None = None) -> Image.Image:  # noqa: ARG002
        """The picture at full size, whatever the minimum; the same at every call."""
        return self._image


class _EncodedPhoto:
    """A picture that came as JPEG, PNG or WebP and was accepted by its header."""

    __slots__ = ("_data", "_header", "_image", "_reduction")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._header = read_header(data)
        require_size(self._header.height_px, self._header.width_px)
        self._image: Image.Image | None = None
        self._reduction = 0

    def decode(self, min_short_side_px: int | None = None) -> Image.Image:
        """Decode to an upright image of mode RGB.

        JPEGs are decoded at 1/2, 1/4 or 1/8 where the minimum allows it, sides rounded up; PNG
        and WebP always at full size. The last image is kept, so asking again for the same
        reduction costs nothing.

        Raises:
            ImageError: CORRUPT, ANIMATED, UNSUPPORTED_MODE, or TOO_MANY_PIXELS when this machine
                has no memory for them.
        """
        reduction = self._reduction_for(min_short_side_px)
        if self._image is None or self._reduction != reduction:
            self._image = None  # let go of the old pixels before new ones are made
            self._image = _or_image_error(lambda: self._decode_at(reduction))
            self._reduction = reduction
        return self._image

    def _reduction_for(self, min_short_side_px: int | None) -> int:
        if min_short_side_px is None or self._header.format is not EncodedFormat.JPEG:
            return 1
        short_side_px = min(self._header.height_px, self._header.width_px)
        for reduction in _JPEG_REDUCTIONS:
            reduced_px = -(-short_side_px // reduction)  # libjpeg rounds up
            if reduced_px >= min_short_side_px and short_side_px >= reduction:
                return reduction
        return 1

    def _decode_at(self, reduction: int) -> Image.Image:
        height_px, width_px = self._header.height_px, self._header.width_px
        image = _DECODERS[self._header.format](io.BytesIO(self._data))
        if image.size != (width_px, height_px):  # Pillow and we read two different pictures
            raise ImageError(ImageFault.CORRUPT)
        if getattr(image, "n_frames", 1) > 1:
            raise ImageError(ImageFault.ANIMATED)
        # Asking for side // reduction makes Pillow choose exactly this reduction: the ratio that
        # it computes lies between reduction and 2 * reduction.
        image.draft(None, (width_px // reduction, height_px // reduction))
        # In one piece: at the end of each piece of the usual 64 KiB libjpeg begins its row again.
        image.decodermaxblock = max(len(self._data), image.decodermaxblock)
        image.load()
        return upright_rgb(image)


def _or_image_error(make_image: Callable[[], Image.Image]) -> Image.Image:
    """Let nothing but ImageError out of Pillow or numpy.

    Pillow's parsers raise whatever a broken stream leads them into, and may quote it.
    """
    try:
        return make_image()
    except ImageError as error:
        fault = error.fault
    except MemoryError:
        fault = ImageFault.TOO_MANY_PIXELS
    except Exception:
        fault = ImageFault.CORRUPT
    raise ImageError(fault)  # out here, so that Pillow's exception is not even its context


def _image_of_caller(image: Image.Image) -> Image.Image:
    def make_image() -> Image.Image:
        # A Pillow image of a phone's multi-picture JPEG stands at one still picture.
        if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
            raise ImageError(ImageFault.ANIMATED)
        image.load()
        upright = upright_rgb(image)
        return upright.copy() if upright is image else upright

    require_size(image.height, image.width)
    return _or_image_error(make_image)

"""Makes encoded pictures, whole and broken, for the tests of image intake."""

from __future__ import annotations

import io
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from agecheck.errors import ImageError, ImageFault
from agecheck.image.reader import PillowPhotoReader

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

FORMATS = ("JPEG", "PNG", "WEBP")
PORTRAIT = Path(__file__).parents[1] / "pictures" / "astronaut.png"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encode(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """The picture as a file's bytes."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def oriented(orientation: int) -> Image.Exif:
    """An Exif block that holds nothing but an orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def jpeg_segment(code: int, body: bytes) -> bytes:
    """One marker segment."""
    return bytes([0xFF, code]) + (len(body) + 2).to_bytes(2) + body


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk with its right checksum."""
    return len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)


def png(
    height_px: int, width_px: int, pixels: bytes, *, bits: int = 8, colour_type: int = 2
) -> bytes:
    """A PNG whose header claims this size, whatever the pixel data holds."""
    header = width_px.to_bytes(4) + height_px.to_bytes(4) + bytes([bits, colour_type, 0, 0, 0])
    return (
        PNG_SIGNATURE
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(pixels))
        + png_chunk(b"IEND", b"")
    )


def jpeg_claiming(height_px: int, width_px: int) -> bytes:
    """A small JPEG whose header claims another size."""
    data = encode(Image.new("RGB", (8, 8)), "JPEG")
    size_at = data.index(b"\xff\xc0") + 5
    return data[:size_at] + height_px.to_bytes(2) + width_px.to_bytes(2) + data[size_at + 4 :]


def webp_claiming(height_px: int, width_px: int) -> bytes:
    """A WebP of the extended kind whose canvas has this size and no picture in it."""
    canvas = (width_px - 1).to_bytes(3, "little") + (height_px - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + bytes(4) + canvas
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def decoded(source: object, min_short_side_px: int | None = None) -> RgbFrame:
    """Open and decode, as an array: uint8 (height, width, 3)."""
    return np.asarray(PillowPhotoReader().open(source).decode(min_short_side_px))


def fault_of(source: object) -> ImageFault | None:
    """The fault that opening and decoding ends in; None when there is none.

    Any other exception than ImageError fails the test that calls this.
    """
    try:
        decoded(source)
    except ImageError as error:
        return error.fault
    return None


@cache
def small_portrait() -> Image.Image:
    """The sample face's pixels, 96 x 72, so that height and width cannot be mixed up unseen."""
    return Image.fromarray(np.asarray(Image.open(PORTRAIT).convert("RGB").resize((72, 96))))


@cache
def seeds() -> dict[str, bytes]:
    """Whole pictures of every container and colour layout that the fuzz tests break."""
    rgb = small_portrait()
    exif = oriented(6)
    return {
        "JPEG": encode(rgb, "JPEG", exif=exif),
        "progressive JPEG": encode(rgb, "JPEG", progressive=True),
        "gray JPEG": encode(rgb.convert("L"), "JPEG"),
        "CMYK JPEG": encode(rgb.convert("CMYK"), "JPEG"),
        "multi-picture JPEG": encode(rgb, "MPO", save_all=True, append_images=[rgb]),
        "PNG": encode(rgb, "PNG", exif=exif),
        "RGBA PNG": encode(rgb.convert("RGBA"), "PNG"),
        "palette PNG": encode(rgb.convert("P"), "PNG", transparency=3),
        "WebP": encode(rgb, "WEBP", exif=exif),
        "lossless WebP": encode(rgb.convert("RGBA"), "WEBP", lossless=True),
    }

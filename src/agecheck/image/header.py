"""Reads what an encoded picture says about itself, before any decoder sees its bytes.

JPEG (ITU-T T.81), PNG (ISO/IEC 15948) and WebP (RFC 9649) are walked part by part. That answers
three questions a decoder answers too late or depending on process-wide settings: how large the
picture will be, whether all of it is there, and whether it is built to keep a parser busy.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import Enum, auto

from agecheck.errors import ImageError, ImageFault

MAX_JPEG_SEGMENTS = 1024
"""Segments of a JPEG, and markers without one. 32 MiB of full-length segments are 512; a phone
writes about 20."""

MAX_JPEG_EXIF_SEGMENTS = 8
"""Exif segments of a JPEG, which Pillow joins at quadratic cost. The standard knows one."""

MAX_JPEG_STRAY_BYTES = 65_536
"""Bytes between a JPEG's segments, which Pillow skips one by one. An encoder writes none."""

MAX_JPEG_SCANS = 50
"""Scans of a progressive JPEG: each costs a pass over all pixels. Encoders write 10 to 20."""

MAX_PNG_CHUNKS = 32_768
"""Chunks of a PNG. 32 MiB in the usual 8 KiB chunks are 4,096."""

_JPEG_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")  # not: stuffed byte, fill, restart
_JPEG_FRAME_CODES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE_CODES = frozenset({0x01, 0xD8})
_JPEG_SCAN_CODE = 0xDA
_JPEG_END_CODE = 0xD9

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_WEBP_ANIMATION_FLAG = 0x02

_OTHER_PICTURES = (
    b"GIF87a",
    b"GIF89a",
    b"BM",  # BMP
    b"II*\x00",  # TIFF and most raw formats
    b"MM\x00*",
    b"8BPS",  # Photoshop
    b"\xff\x0a",  # JPEG XL, bare and boxed
    b"\x00\x00\x00\x0cJXL ",
    b"\xff\x4f\xff\x51",  # JPEG 2000, bare and boxed
    b"\x00\x00\x00\x0cjP  ",
    b"\x00\x00\x01\x00",  # icon
    b"qoif",
)


class EncodedFormat(Enum):
    """The formats that are taken."""

    JPEG = auto()
    PNG = auto()
    WEBP = auto()


@dataclass(frozen=True, slots=True)
class EncodedHeader:
    """What an encoded picture says about itself.

    Attributes:
        format: how it is encoded.
        height_px: of the stored picture, before its orientation is applied; 0 or more.
        width_px: likewise.
    """

    format: EncodedFormat
    height_px: int
    width_px: int


def read_header(data: bytes) -> EncodedHeader:
    """Read the header and walk the container to its end. Nothing is decoded.

    Raises:
        ImageError: EMPTY, NOT_AN_IMAGE, UNSUPPORTED_FORMAT, TRUNCATED, CORRUPT or ANIMATED.
    """
    if not data:
        raise ImageError(ImageFault.EMPTY)
    if data.startswith(b"\xff\xd8\xff"):
        return _walk_jpeg(data)
    if data.startswith(_PNG_SIGNATURE):
        return _walk_png(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _walk_webp(data)
    # HEIF and AVIF are ISO media files: their type follows a box length.
    if data.startswith(_OTHER_PICTURES) or data[4:8] == b"ftyp":
        raise ImageError(ImageFault.UNSUPPORTED_FORMAT)
    raise ImageError(ImageFault.NOT_AN_IMAGE)


def _walk_jpeg(data: bytes) -> EncodedHeader:
    """Walk from marker to marker up to the first end of image.

    What phones append after it (a second picture, a gain map, a film clip) is not looked at.
    """
    header: EncodedHeader | None = None
    segments = exif_segments = stray_bytes = scans = 0
    position = 2
    while True:
        marker = _JPEG_MARKER.search(data, position)
        if marker is None:
            raise ImageError(ImageFault.TRUNCATED)
        if not scans:
            stray_bytes += marker.start() - position
        code = data[marker.end() - 1]
        position = marker.end()
        if code == _JPEG_END_CODE:
            break
        segments += 1
        if segments > MAX_JPEG_SEGMENTS:
            raise ImageError(ImageFault.CORRUPT)
        if code in _JPEG_BARE_CODES:
            continue
        length_bytes = int.from_bytes(data[position : position + 2])
        if position + max(length_bytes, 2) > len(data):
            raise ImageError(ImageFault.TRUNCATED)
        if length_bytes < 2:  # the length counts itself
            raise ImageError(ImageFault.CORRUPT)
        body = data[position + 2 : position + length_bytes]
        position += length_bytes
        scans += code == _JPEG_SCAN_CODE
        exif_segments += body.startswith(b"Exif\x00\x00")
        if code in _JPEG_FRAME_CODES:
            if header is not None or len(body) < 6:
                raise ImageError(ImageFault.CORRUPT)
            header = EncodedHeader(
                EncodedFormat.JPEG, int.from_bytes(body[1:3]), int.from_bytes(body[3:5])
            )
        if (
            exif_segments > MAX_JPEG_EXIF_SEGMENTS
            or stray_bytes > MAX_JPEG_STRAY_BYTES
            or scans > MAX_JPEG_SCANS
        ):
            raise ImageError(ImageFault.CORRUPT)
    if header is None or not scans:
        raise ImageError(ImageFault.CORRUPT)
    return header


def _walk_png(data: bytes) -> EncodedHeader:
    """Walk the chunks to the end chunk and check the checksum of every critical one.

    Pillow does not check those of pixel data.
    """
    view = memoryview(data)
    header: EncodedHeader | None = None
    position = len(_PNG_SIGNATURE)
    for _ in range(MAX_PNG_CHUNKS):
        length_bytes = int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        body_end = position + 8 + length_bytes
        if body_end + 4 > len(data):
            raise ImageError(ImageFault.TRUNCATED)
        is_critical = kind[:1].isupper()
        if is_critical:
            checksum = zlib.crc32(view[position + 4 : body_end])
            if checksum != int.from_bytes(data[body_end : body_end + 4]):
                raise ImageError(ImageFault.CORRUPT)
        body_start = position + 8
        if header is None:
            if kind != b"IHDR" or length_bytes != 13:
                raise ImageError(ImageFault.CORRUPT)
            header = EncodedHeader(
                EncodedFormat.PNG,
                height_px=int.from_bytes(data[body_start + 4 : body_start + 8]),
                width_px=int.from_bytes(data[body_start : body_start + 4]),
            )
        elif kind == b"IHDR":
            raise ImageError(ImageFault.CORRUPT)
        elif kind == b"acTL" and int.from_bytes(data[body_start : body_start + 4]) > 1:
            raise ImageError(ImageFault.ANIMATED)
        elif kind == b"IEND":
            return header
        position = body_end + 4
    raise ImageError(ImageFault.CORRUPT)


def _walk_webp(data: bytes) -> EncodedHeader:
    """Check that the outer chunk is all there and read the size from the first inner one."""
    riff_bytes = int.from_bytes(data[4:8], "little")
    if len(data) < 30 or len(data) < riff_bytes + 8:
        raise ImageError(ImageFault.TRUNCATED)
    kind = data[12:16]
    if kind == b"VP8X":
        if data[20] & _WEBP_ANIMATION_FLAG:
            raise ImageError(ImageFault.ANIMATED)
        height_px = int.from_bytes(data[27:30], "little") + 1
        width_px = int.from_bytes(data[24:27], "little") + 1
    elif kind == b"VP8L" and data[20] == 0x2F:
        sizes = int.from_bytes(data[21:25], "little")
        height_px = (sizes >> 14 & 0x3FFF) + 1
        width_px = (sizes & 0x3FFF) + 1
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        height_px = int.from_bytes(data[28:30], "little") & 0x3FFF
        width_px = int.from_bytes(data[26:28], "little") & 0x3FFF
    else:
        raise ImageError(ImageFault.CORRUPT)
    return EncodedHeader(EncodedFormat.WEBP, height_px, width_px)

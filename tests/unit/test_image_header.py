"""The walk over a picture's container that precedes every decoder."""

from __future__ import annotations

import zlib

import pytest
from PIL import Image

from agecheck.errors import ImageError, ImageFault
from agecheck.image.header import (
    MAX_JPEG_EXIF_SEGMENTS,
    MAX_JPEG_SCANS,
    MAX_JPEG_SEGMENTS,
    MAX_JPEG_STRAY_BYTES,
    MAX_PNG_CHUNKS,
    EncodedFormat,
    EncodedHeader,
    read_header,
)
from unit.picture_makers import (
    PNG_SIGNATURE,
    encode,
    fault_of,
    jpeg_segment,
    oriented,
    png,
    png_chunk,
)

JPEG = encode(Image.new("RGB", (30, 20), "red"), "JPEG")
EXIF = oriented(6)
PNG = encode(Image.new("RGB", (30, 20), "red"), "PNG")


def _with_segments(segments: bytes) -> bytes:
    return JPEG[:2] + segments + JPEG[2:]


def _with_chunks(chunks: bytes) -> bytes:
    return PNG[:33] + chunks + PNG[33:]


def header_fault(data: bytes) -> ImageFault | None:
    """The fault that the walk alone finds."""
    try:
        read_header(data)
    except ImageError as error:
        return error.fault
    return None


@pytest.mark.parametrize(
    ("image_format", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": EXIF}),
    ],
)
def test_sizes_are_read(image_format: str, options: dict[str, object]) -> None:
    """The limits are checked against the size that the decoder will make."""
    data = encode(Image.new("RGB", (30, 20)), image_format, **options)

    assert read_header(data) == EncodedHeader(EncodedFormat[image_format], 20, 30)


@pytest.mark.parametrize(
    "data",
    [
        *(encode(Image.new("RGB", (4, 4)), name) for name in ("GIF", "BMP", "TIFF", "ICO")),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
        b"\xff\x0a\xfa\x7f",
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"8BPS\0\x01",
    ],
)
def test_other_formats_are_named_as_such(data: bytes) -> None:
    """Someone with an iPhone's HEIC learns that the format is the trouble."""
    assert fault_of(data) is ImageFault.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("data", [b"x", b"\xff\xd8", b"%PDF-1.7", b"RIFF\0\0\0\0WAVE", bytes(99)])
def test_other_bytes_are_not_a_picture(data: bytes) -> None:
    """Documents, sounds and noise are told apart from pictures of other formats."""
    assert fault_of(data) is ImageFault.NOT_AN_IMAGE


class TestJpeg:
    @pytest.mark.parametrize(
        ("segment", "limit"),
        [
            (jpeg_segment(0xFE, b""), MAX_JPEG_SEGMENTS),
            (jpeg_segment(0xE1, b"Exif\0\0"), MAX_JPEG_EXIF_SEGMENTS),
            (b"\xff\x00", MAX_JPEG_STRAY_BYTES // 2),
        ],
        ids=["segments", "Exif segments", "stray bytes"],
    )
    def test_metadata_bombs_are_refused(self, segment: bytes, limit: int) -> None:
        """A small file cannot keep the parser of its metadata busy for hours."""
        few = limit - 20 if limit > 20 else limit  # the picture itself has some segments

        assert fault_of(_with_segments(segment * few)) is None
        assert fault_of(_with_segments(segment * (limit + 1))) is ImageFault.CORRUPT

    @pytest.mark.parametrize("marker", [b"\xff\x01", b"\xff\xd8"])
    def test_bare_marker_bombs_are_refused(self, marker: bytes) -> None:
        """Millions of markers without a segment cannot keep the walk busy for seconds."""
        assert header_fault(_with_segments(marker * (MAX_JPEG_SEGMENTS - 20))) is None
        assert header_fault(_with_segments(marker * (MAX_JPEG_SEGMENTS + 1))) is ImageFault.CORRUPT

    def test_scan_bombs_are_refused(self) -> None:
        """A small progressive file cannot make the decoder pass over its pixels endlessly."""
        data = encode(Image.new("L", (30, 20)), "JPEG", progressive=True)
        scan = data[data.rindex(b"\xff\xda") : -2]
        n_scans = data.count(b"\xff\xda")
        allowed = data[:-2] + scan * (MAX_JPEG_SCANS - n_scans) + data[-2:]
        refused = data[:-2] + scan * (MAX_JPEG_SCANS - n_scans + 1) + data[-2:]

        assert read_header(allowed).height_px == 20
        assert fault_of(refused) is ImageFault.CORRUPT

    def test_a_preview_does_not_end_the_picture(self) -> None:
        """The end marker of a preview inside the metadata is not the picture's own."""
        with_preview = _with_segments(jpeg_segment(0xE1, b"Exif\0\0" + JPEG))

        assert read_header(with_preview) == read_header(JPEG)
        assert fault_of(with_preview[:-2]) is ImageFault.TRUNCATED

    def test_what_follows_the_picture_is_not_looked_at(self) -> None:
        """Film clips and gain maps that phones append do no harm."""
        assert fault_of(JPEG + b"\0\0\0\x18ftypmp42" + b"\xff\xda\xff\xc0" * 500) is None

    def test_two_frame_headers_are_refused(self) -> None:
        """A second size cannot get a larger picture past the limits."""
        start = JPEG.index(b"\xff\xc0")
        frame = JPEG[start : start + 19]

        assert header_fault(JPEG[:start] + frame + JPEG[start:]) is ImageFault.CORRUPT

    def test_a_frame_header_that_only_pillow_sees_is_refused(self) -> None:
        """Pillow looks for headers within reserved segments; no size of its own gets through."""
        start = JPEG.index(b"\xff\xda")
        hidden = jpeg_segment(0xF0, jpeg_segment(0xC0, b"\x08\xff\xff\xff\xff\x01\x01\x11\x00"))

        assert header_fault(JPEG[:start] + hidden + JPEG[start:]) is None
        assert fault_of(JPEG[:start] + hidden + JPEG[start:]) is ImageFault.CORRUPT

    def test_a_short_frame_header_is_refused(self) -> None:
        """A size is not read from bytes that are not there."""
        start = JPEG.index(b"\xff\xc0")

        short = JPEG[:start] + jpeg_segment(0xC0, b"\x08\0\1\0") + JPEG[start + 19 :]

        assert header_fault(short) is ImageFault.CORRUPT

    def test_a_segment_of_impossible_length_is_refused(self) -> None:
        """The walk always moves forward."""
        assert fault_of(_with_segments(b"\xff\xfe\x00\x00")) is ImageFault.CORRUPT

    def test_no_frame_or_no_scan_is_corrupt(self) -> None:
        """An end marker alone does not make a picture."""
        before_frame, before_scan = JPEG.index(b"\xff\xc0"), JPEG.index(b"\xff\xda")

        for data in (JPEG[:before_frame] + b"\xff\xd9", JPEG[:before_scan] + b"\xff\xd9"):
            assert header_fault(data) is ImageFault.CORRUPT


class TestPng:
    def test_a_wrong_checksum_of_the_pixels_is_refused(self) -> None:
        """Pillow alone would take damaged pixel data whose stream still unpacks."""
        start = PNG.index(b"IDAT")
        end = PNG.index(b"IEND") - 8

        assert fault_of(PNG[:end] + bytes(4) + PNG[end + 4 :]) is ImageFault.CORRUPT
        assert start < end

    def test_chunk_bombs_are_refused(self) -> None:
        """Millions of empty chunks cannot keep a parser busy."""
        assert fault_of(_with_chunks(png_chunk(b"prVt", b"") * 1000)) is None
        assert (
            fault_of(_with_chunks(png_chunk(b"prVt", b"") * MAX_PNG_CHUNKS)) is ImageFault.CORRUPT
        )

    @pytest.mark.parametrize(
        "chunk",
        [
            png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(8 << 20))),
            png_chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(8 << 20))),
        ],
        ids=["text", "colour profile"],
    )
    def test_notes_that_inflate_are_refused(self, chunk: bytes) -> None:
        """Compressed metadata that unpacks to megabytes is not unpacked."""
        assert fault_of(_with_chunks(chunk)) is ImageFault.CORRUPT

    def test_pixel_data_that_inflates_is_bounded_by_the_size(self) -> None:
        """Pixel data beyond what the header announces does not become memory."""
        assert fault_of(png(4, 4, bytes(64 << 20))) is None

    def test_animation_is_seen_before_decoding(self) -> None:
        """A picture that announces several is refused by the walk, one more at the decoder."""
        red, blue = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (4, 4), "blue")
        animated = encode(red, "PNG", save_all=True, append_images=[blue])
        behind_default = encode(red, "PNG", save_all=True, default_image=True, append_images=[blue])

        assert header_fault(animated) is ImageFault.ANIMATED
        assert header_fault(behind_default) is None
        assert fault_of(behind_default) is ImageFault.ANIMATED

    def test_the_header_comes_first_and_once(self) -> None:
        """A second size cannot get a larger picture past the limits."""
        header = PNG[8:33]

        assert fault_of(_with_chunks(header)) is ImageFault.CORRUPT
        assert fault_of(PNG_SIGNATURE + png_chunk(b"gAMA", bytes(4)) + PNG[8:]) is (
            ImageFault.CORRUPT
        )


class TestWebp:
    def test_an_unknown_first_part_is_corrupt(self) -> None:
        """A container with nothing known in it is refused before its decoder is made."""
        body = b"WEBPJUNK" + bytes(30)

        assert fault_of(b"RIFF" + len(body).to_bytes(4, "little") + body) is ImageFault.CORRUPT

    def test_animation_is_seen_in_the_flags(self) -> None:
        """A picture that calls itself animated is refused, whatever it holds."""
        data = bytearray(encode(Image.new("RGB", (30, 20)), "WEBP", exif=EXIF))
        data[20] |= 0x02

        assert fault_of(bytes(data)) is ImageFault.ANIMATED

"""How a picture is turned is read of its notes, and nothing else of them is."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from agecheck.image.orientation import orientation_in
from unit.picture_makers import (
    FORMATS,
    decoded,
    encode,
    jpeg_segment,
    oriented,
    png_chunk,
    small_portrait,
)

EXIF = b"Exif\0\0"
SIDEWAYS = 6
_SHORT, _LONG, _UNDEFINED = 3, 4, 7


def block(
    entries: list[tuple[int, int, int, bytes]], *, order: str = "<", data: bytes = b""
) -> bytes:
    """An Exif block with these entries (tag, type, count, four bytes), and what they point at."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "L", 8)
    directory = b"".join(struct.pack(order + "HHL4s", *entry) for entry in entries)
    return start + struct.pack(order + "H", len(entries)) + directory + bytes(4) + data


def bomb(n_entries: int, n_bytes: int) -> bytes:
    """Every entry points at the whole block; the picture lies on its side, too."""
    everything = (_UNDEFINED, n_bytes - 8, bytes(4))
    entries = [(1000 + number, *everything) for number in range(n_entries - 1)]
    turn = (0x0112, _SHORT, 1, struct.pack("<HH", SIDEWAYS, 0))
    return block([turn, *entries]).ljust(n_bytes, b"\1")


def jpeg_with(exif: bytes) -> bytes:
    """In as many segments as it takes."""
    data = encode(small_portrait(), "JPEG")
    pieces = [exif[at : at + 65_000] for at in range(0, len(exif), 65_000)]
    return data[:2] + b"".join(jpeg_segment(0xE1, EXIF + piece) for piece in pieces) + data[2:]


def png_with(chunk: bytes) -> bytes:
    data = encode(small_portrait(), "PNG")
    return data[:33] + chunk + data[33:]


def profile(exif: bytes) -> bytes:
    """As ImageMagick writes it."""
    return b"Raw profile type exif\0\0" + zlib.compress(
        b"\nexif\n%8d\n" % len(exif) + exif.hex().encode()
    )


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "JPEG": jpeg_with,
    "PNG": lambda exif: png_with(png_chunk(b"eXIf", exif)),
    "PNG text": lambda exif: png_with(png_chunk(b"tEXt", b"exif\0" + exif)),
    "PNG profile": lambda exif: png_with(png_chunk(b"zTXt", profile(exif))),
    "WebP": lambda exif: encode(small_portrait(), "WEBP", lossless=True, exif=exif),
}


@pytest.mark.parametrize("way", WAYS)
def test_pillow_parses_no_exif_data(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes the picture cannot make its parser work: it is never asked."""

    def load(*_: object) -> NoReturn:
        raise MemoryError

    monkeypatch.setattr(Image.Exif, "load", load)
    monkeypatch.setattr(Image.Exif, "load_from_fp", load)
    data = WAYS[way](bomb(3, 200))
    assert decoded(data).shape == (72, 96, 3)
    if way != "JPEG":  # which Pillow parses for its caller when it is opened
        with Image.open(io.BytesIO(data)) as image:
            assert decoded(image).shape == (72, 96, 3)


@pytest.mark.parametrize("way", WAYS)
def test_entries_that_point_at_the_same_bytes_cost_no_memory(way: str) -> None:
    """Sixty kilobytes became 36 megabytes, and one megabyte all that a machine has."""
    data = WAYS[way](bomb(600, 60_000))
    decoded(data)  # what is loaded once
    tracemalloc.start()
    try:
        assert decoded(data).shape == (72, 96, 3)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000


def test_a_block_of_prefixes_is_not_peeled_one_by_one() -> None:
    """A megabyte of them would be copied two hundred thousand times."""
    data = png_with(png_chunk(b"eXIf", EXIF * 200_000))
    began_s = time.process_time()
    np.testing.assert_array_equal(decoded(data), np.asarray(small_portrait()))
    assert time.process_time() - began_s < 1.0


@pytest.mark.parametrize("way", WAYS)
def test_a_phones_notes_are_read(way: str) -> None:
    """A block as long as a segment may be, with a preview and a maker's own notes in it."""
    camera = (0x010F, 2, 3, b"me\0\0")
    turn = (0x0112, _SHORT, 1, struct.pack(">HH", SIDEWAYS, 0))
    detail = (0x8769, _LONG, 1, struct.pack(">L", 50))
    notes = block([(0x927C, _UNDEFINED, 64_000, struct.pack(">L", 200))], order=">")[8:]
    data = WAYS[way](block([camera, turn, detail], order=">", data=notes).ljust(65_400, b"\7"))
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    assert expected.size == (96, 72)
    np.testing.assert_array_equal(decoded(data), np.asarray(expected))


_ENTRY = st.tuples(
    st.sampled_from([0x010F, 0x0112, 0x0128]),
    st.sampled_from([_SHORT, _LONG]),
    st.just(1),
    st.binary(min_size=4, max_size=4),
)


@given(st.lists(_ENTRY, max_size=6), st.sampled_from("<>"), st.integers(0, 40))
def test_it_reads_what_pillow_reads(
    entries: list[tuple[int, int, int, bytes]], order: str, n_missing_bytes: int
) -> None:
    """In both byte orders, in either size, of several the last, and of what is there of a part."""
    whole = block(entries, order=order)
    part = whole[: max(10, len(whole) - n_missing_bytes)]
    parsed = Image.Exif()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed.load(EXIF + part)
    assert orientation_in({"exif": EXIF + part}) == parsed.get(0x0112, 1)


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
_ADOBE = b"http://ns.adobe.com/xap/1.0/\0"


@pytest.mark.parametrize(
    "data",
    [
        (JPEG := encode(small_portrait(), "JPEG"))[:2]
        + jpeg_segment(0xE1, _ADOBE + XMP)
        + JPEG[2:],
        png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)),
        encode(small_portrait(), "WEBP", xmp=XMP),
        encode(small_portrait(), "WEBP", xmp=XMP, exif=block([(0x010F, 2, 3, b"me\0\0")])),
    ],
    ids=["JPEG", "PNG", "WebP", "beside Exif data that say none"],
)
def test_xmp_says_it_where_exif_does_not(data: bytes) -> None:
    """Picture editors that write no Exif data are heard."""
    assert decoded(data).shape == (72, 96, 3)


@pytest.mark.parametrize("image_format", FORMATS)
def test_exif_is_heard_before_xmp(image_format: str) -> None:
    """Two that contradict each other: the camera's, as Pillow has it."""
    notes: dict[str, Any] = {"exif": oriented(3).tobytes(), "xmp": XMP}
    assert orientation_in(notes) == 3
    assert decoded(encode(small_portrait(), image_format, exif=oriented(3))).shape == (96, 72, 3)


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"II*\0",
        b"II+\0\x08\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        block([(0x0112, _SHORT, 2, bytes(4))]),
        block([(0x0112, _UNDEFINED, 1, b"\6\0\0\0")]),
        block([])[:8] + b"\xff\xff",
    ],
)
def test_broken_blocks_turn_nothing(exif: bytes) -> None:
    """Whatever stands there, the pixels come out, as they are stored."""
    np.testing.assert_array_equal(
        decoded(png_with(png_chunk(b"eXIf", exif))), np.asarray(small_portrait())
    )

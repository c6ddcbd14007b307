"""Sealed and unsealed, every picture has the same outcome: the walls change no answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from agecheck import (
    AgeChecker,
    AgePolicy,
    CheckResult,
    ImageError,
    ImageSource,
    Verdict,
    load_checker,
)
from agecheck.errors import ImageFault
from seal.processes import CAT, PORTRAIT
from seal.tasks import OVER
from unit.picture_makers import encode, jpeg_claiming, png, seeds, webp_claiming

BOMB_SIDE_PX = 8000  # 64 megapixels: exactly the limit


def outcome(checker: AgeChecker, source: ImageSource) -> CheckResult | ImageFault:
    try:
        return checker.check(source)
    except ImageError as error:
        return error.fault


def portrait_image() -> Image.Image:
    with Image.open(PORTRAIT) as opened:
        return opened.convert("RGB")


def truncated_progressive() -> Iterator[bytes]:
    data = encode(portrait_image(), "JPEG", progressive=True)
    for tenth in range(1, 10):
        yield data[: len(data) * tenth // 10]
        yield data[: len(data) * tenth // 10] + b"\xff\xd9"


def bomb() -> bytes:
    """A few kilobytes that decode to 192 MB."""
    row = bytes(1 + BOMB_SIDE_PX // 8)
    return png(BOMB_SIDE_PX, BOMB_SIDE_PX, row * BOMB_SIDE_PX, bits=1, colour_type=0)


@pytest.mark.parametrize("name", sorted(seeds()))
def test_every_format_has_one_outcome(name: str, checker: AgeChecker, unsealed: AgeChecker) -> None:
    """Every decoder that Pillow brings runs behind the walls."""
    data = seeds()[name]
    assert outcome(checker, data) == outcome(unsealed, data)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_a_face_is_judged_alike(
    image_format: str, checker: AgeChecker, unsealed: AgeChecker
) -> None:
    """The main job, through every format."""
    data = encode(portrait_image(), image_format)
    assert outcome(checker, data) == outcome(unsealed, data) == OVER


def test_every_kind_of_input_has_one_outcome(checker: AgeChecker, unsealed: AgeChecker) -> None:
    """Pixels cross the wall as well as encoded bytes do."""
    picture = portrait_image()
    array = np.asarray(picture)
    sources: list[ImageSource] = [PORTRAIT, str(CAT), picture, array, array[:, ::-1]]
    sources += [np.asfortranarray(array)]
    sources += [picture.convert("L"), picture.convert("RGBA"), memoryview(CAT.read_bytes())]
    for source in sources:
        assert outcome(checker, source) == outcome(unsealed, source)


@pytest.mark.parametrize(
    "data",
    [
        bomb(),
        png(BOMB_SIDE_PX, BOMB_SIDE_PX + 1, b""),
        png(16_385, 10, b""),
        jpeg_claiming(65_535, 65_535),
        jpeg_claiming(8000, 8000),
        webp_claiming(16_384, 16_384),
        webp_claiming(8000, 8000),
    ],
    ids=[
        "a bomb at the limit",
        "a bomb beyond it",
        "a side too long",
        "a jpeg of 4 gigapixels",
        "a jpeg without its pixels",
        "a webp beyond the limit",
        "a webp without its pixels",
    ],
)
def test_a_bomb_has_one_outcome(data: bytes, checker: AgeChecker, unsealed: AgeChecker) -> None:
    """The walls' memory limit leaves room for whatever the limits of intake let through."""
    assert outcome(checker, data) == outcome(unsealed, data)


def test_a_truncated_progressive_jpeg_has_one_outcome(
    checker: AgeChecker, unsealed: AgeChecker
) -> None:
    """No half picture is judged on either side of the wall."""
    for data in truncated_progressive():
        assert outcome(checker, data) == outcome(unsealed, data)


def test_what_is_no_picture_is_refused_alike(
    checker: AgeChecker, unsealed: AgeChecker, tmp_path: Path
) -> None:
    """The same fault is named, whichever process found it."""
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    gif = io.BytesIO()
    Image.new("L", (8, 8)).save(gif, "GIF")
    expected: list[tuple[Any, ImageFault]] = [
        (b"", ImageFault.EMPTY),
        (bytearray(), ImageFault.EMPTY),
        (empty, ImageFault.EMPTY),
        (b"not a picture at all", ImageFault.NOT_AN_IMAGE),
        (gif.getvalue(), ImageFault.UNSUPPORTED_FORMAT),
        (tmp_path / "nobody", ImageFault.NOT_FOUND),
        (tmp_path, ImageFault.IS_A_DIRECTORY),
        ("\0", ImageFault.UNREADABLE),
        (bytes(32 * 1024 * 1024 + 1), ImageFault.TOO_MANY_BYTES),
        (None, ImageFault.WRONG_TYPE),
        (17, ImageFault.WRONG_TYPE),
        (np.zeros((8, 8, 3), np.float32), ImageFault.WRONG_DTYPE),
        (np.zeros((8, 8), np.uint8), ImageFault.WRONG_SHAPE),
        (np.zeros((0, 8, 3), np.uint8), ImageFault.EMPTY),
        (Image.new("RGB", (16_385, 1)), ImageFault.SIDE_TOO_LONG),
    ]
    for source, fault in expected:
        assert outcome(checker, source) == outcome(unsealed, source) == fault


@given(data=st.binary(max_size=200))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_have_one_outcome(
    data: bytes, checker: AgeChecker, unsealed: AgeChecker
) -> None:
    """Whatever is handed in, no worker dies of it."""
    assert outcome(checker, data) == outcome(unsealed, data)


@given(
    name=st.sampled_from(sorted(seeds())),
    damage=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_picture_has_one_outcome(
    name: str, damage: list[tuple[float, int]], checker: AgeChecker, unsealed: AgeChecker
) -> None:
    """A decoder that stumbles leaves nothing behind that keeps the picture mapped."""
    data = bytearray(seeds()[name])
    for position, value in damage:
        data[int(position * len(data))] = value
    assert outcome(checker, bytes(data)) == outcome(unsealed, bytes(data))


def test_a_far_face_is_found_behind_the_walls() -> None:
    """The network for far faces is loaded by the worker that needs it, which opens no file."""
    picture = Image.new("RGB", (1600, 1200), (120, 120, 120))
    picture.paste(portrait_image().resize((640, 640)), (800, 400))
    with load_checker(AgePolicy(age_limit=18, challenge_age=25)) as checker:
        for _ in range(2):
            assert checker.check(encode(picture, "JPEG", quality=92)).verdict is Verdict.OVER

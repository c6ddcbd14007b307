"""Pixels keep their places and colours between arrays and Pillow's images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from agecheck.pillow import image_of, pixels_of


def noise(height_px: int, width_px: int) -> NDArray[np.uint8]:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "view",
    [np.s_[:], np.s_[3:20, 5:9], np.s_[::-1, ::-2], np.s_[..., ::-1], np.s_[:1, :1]],
    ids=["whole", "cut out", "turned", "BGR", "one pixel"],
)
def test_pixels_come_back_as_they_were(view: Any) -> None:
    """A cut-out of a frame is not contiguous; its pixels must not be read as if it were."""
    pixels = noise(40, 30)[view]
    image = image_of(pixels)
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), pixels)
    np.testing.assert_array_equal(pixels_of(image), pixels)


@pytest.mark.parametrize(("height_px", "width_px"), [(700, 500), (1, 30_000)])
def test_a_picture_larger_than_pillows_buffer_is_whole(height_px: int, width_px: int) -> None:
    """Pillow hands pixels over in pieces of 64 KiB, and at least a row."""
    pixels = noise(height_px, width_px)
    np.testing.assert_array_equal(pixels_of(image_of(pixels)), pixels)


def test_neither_way_shares_memory() -> None:
    """What is done to one side later does not reach the other."""
    pixels = noise(8, 8)
    image = image_of(pixels)
    taken = pixels_of(image)
    before = taken.copy()
    pixels[:] = 0
    np.testing.assert_array_equal(np.asarray(image), before)
    image.paste((0, 0, 0), (0, 0, 8, 8))
    np.testing.assert_array_equal(taken, before)
    assert not taken.flags.writeable
    assert taken.flags.c_contiguous


def test_a_cut_out_of_a_read_only_frame_can_be_taken() -> None:
    """Frames cannot be written to."""
    frame = noise(20, 20)
    frame.flags.writeable = False
    assert image_of(frame[2:9, 3:7]).size == (4, 7)


def test_the_image_has_no_pixels_of_an_earlier_one() -> None:
    """The memory is not blackened first, so all of it must be filled."""
    for _ in range(20):
        Image.new("RGB", (64, 64), "red")
        assert not pixels_of(image_of(np.zeros((64, 64, 3), dtype=np.uint8))).any()

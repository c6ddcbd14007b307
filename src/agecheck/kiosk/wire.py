"""What the page says over its WebSocket, checked: small words, and frames."""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

_HEADER = struct.Struct("<HH")
MIN_SIDE_PX, MAX_SIDE_PX = 64, 1280
MAX_PIXELS = 1280 * 720
MAX_FRAME_BYTES = _HEADER.size + MAX_PIXELS * 3
MAX_WORD_CHARS = 32


class Word(StrEnum):
    """All that the page may say beside frames."""

    START = "start"
    AGREE = "agree"
    OTHER_WAY = "other-way"
    STOP = "stop"
    """The person wants no more, or there is no camera: another way, too."""
    LIGHTS = "lights"
    """It has begun to show the colours."""
    BACK = "back"
    """Nobody is there any more."""


def word_of(text: str) -> Word | None:
    """The word, or None."""
    try:
        return Word(text) if len(text) <= MAX_WORD_CHARS else None
    except ValueError:
        return None


def frame_of(data: bytes) -> RgbFrame | None:
    """The frame in a binary message, or None.

    Args:
        data: height and width in pixels as 16-bit numbers, little endian, then RGB, 8 bits each.
            Nothing is decoded outside the seal: the page sends pixels.

    Returns:
        uint8 (height, width, 3), read-only, a view of `data`.
    """
    import numpy as np

    if not _HEADER.size <= len(data) <= MAX_FRAME_BYTES:
        return None
    height_px, width_px = _HEADER.unpack_from(data)
    sides_are_fine = all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (height_px, width_px))
    if not sides_are_fine or len(data) != _HEADER.size + height_px * width_px * 3:
        return None
    pixels = np.frombuffer(data, np.uint8, offset=_HEADER.size)
    return pixels.reshape(height_px, width_px, 3)

"""The pictures that the speed benchmarks run on, all made from the sample portrait."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageEnhance

PORTRAIT = Path(__file__).parent.parent / "tests" / "pictures" / "astronaut.png"
_HEAD_AND_SHOULDERS_PX = (45, 0, 429, 512)


def selfie_jpeg(height_px: int = 1600, width_px: int = 1200, quality: int = 90) -> bytes:
    """The portrait as a phone's front camera would frame it: an encoded JPEG."""
    with Image.open(PORTRAIT) as portrait:
        framed = portrait.convert("RGB").crop(_HEAD_AND_SHOULDERS_PX)
    selfie = framed.resize((width_px, height_px), Image.Resampling.LANCZOS)
    return _jpeg(selfie, quality)


def varied_selfie_jpeg(index: int) -> bytes:
    """One of endlessly many different selfies: framing, size, light and quality vary."""
    with Image.open(PORTRAIT) as portrait:
        left, top = 45 + index % 17, index % 11
        framed = portrait.convert("RGB").crop((left, top, left + 360, top + 480))
    width_px = 480 + 60 * (index % 13)
    varied = framed.resize((width_px, width_px * 4 // 3), Image.Resampling.BILINEAR)
    varied = ImageEnhance.Brightness(varied).enhance(0.8 + 0.05 * (index % 9))
    return _jpeg(varied, 75 + index % 20)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()

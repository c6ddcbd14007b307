"""Draws pictures at random: the sample portrait as cameras and accidents might deliver it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from unit.picture_makers import PORTRAIT, encode, oriented

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

CAT = PORTRAIT.with_name("chelsea.png")
MAX_SIDE_PX = 1600
FACE_BOX_PX = (150, 20, 300, 220)  # left, top, right, bottom in the portrait, hair included


@cache
def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


@cache
def encoded_portraits() -> list[bytes]:
    """The portrait in every container, large enough that a check goes all the way."""
    rgb = opened(PORTRAIT).resize((360, 360), Image.Resampling.LANCZOS)
    return [
        encode(rgb, "JPEG", quality=85, exif=oriented(1)),
        encode(rgb, "JPEG", quality=60, progressive=True),
        encode(rgb.convert("L"), "JPEG"),
        encode(rgb.convert("CMYK"), "JPEG"),
        encode(rgb, "PNG", exif=oriented(1)),
        encode(rgb.convert("RGBA"), "PNG"),
        encode(rgb.convert("P"), "PNG", transparency=3),
        encode(rgb, "WEBP", quality=80, exif=oriented(1)),
        encode(rgb.convert("RGBA"), "WEBP", lossless=True),
    ]


def framed(rng: np.random.Generator, picture: Image.Image) -> Image.Image:
    """The picture seen by another camera: nearer, farther, turned, mirrored, darker, blurred."""
    turned = picture.rotate(
        float(rng.normal(0, 8) if rng.random() < 0.7 else rng.uniform(-180, 180)),
        resample=Image.Resampling.BICUBIC,
        fillcolor=tuple(int(value) for value in rng.integers(0, 256, 3)),
    )
    width_px, height_px = turned.size
    margins = rng.uniform(-0.15, 0.5, 4) * (width_px, height_px, width_px, height_px)
    crop = turned.crop(
        (
            int(margins[0]),
            int(margins[1] * 0.3),
            max(int(width_px - margins[2]), int(margins[0]) + 8),
            max(int(height_px - margins[3]), int(margins[1]) + 8),
        )
    )
    scale = min(float(np.exp(rng.normal(0.2, 0.6))), MAX_SIDE_PX / max(crop.size))
    stretch = float(np.exp(rng.normal(0, 0.05)))
    size = (max(1, round(crop.width * scale * stretch)), max(1, round(crop.height * scale)))
    result = crop.resize(size, Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        result = result.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.2:
        result = result.filter(ImageFilter.GaussianBlur(float(rng.exponential(1.5))))
    pixels = np.asarray(result, dtype=np.float32)
    pixels = pixels * (np.exp(rng.normal(0, 0.3)) * np.exp(rng.normal(0, 0.05, 3))).astype("f4")
    pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.exponential(4))
    if rng.random() < 0.1:
        pixels = pixels.mean(axis=2, keepdims=True).repeat(3, axis=2)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encoded(rng: np.random.Generator, picture: Image.Image) -> bytes:
    """The picture as a file of a random format and quality, written in haste."""
    match int(rng.integers(3)):
        case 0:
            return encode(picture, "JPEG", quality=int(rng.integers(30, 96)))
        case 1:
            return encode(picture, "PNG", compress_level=1)
        case _:
            return encode(picture, "WEBP", quality=int(rng.integers(30, 96)), method=0)


def without_a_face(rng: np.random.Generator) -> RgbFrame:
    """Noise, patterns, shapes, pieces, surroundings: nobody is in it."""
    height_px, width_px = (int(side) for side in rng.integers(1, 900, 2))
    size = (width_px, height_px)
    match int(rng.integers(6)):
        case 0:
            pixels = rng.integers(0, 256, (height_px, width_px, 3))
        case 1:  # clouds of a random grain
            coarse = rng.integers(0, 256, (*rng.integers(2, 40, 2), 3)).astype(np.uint8)
            return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
        case 2:  # waves
            y, x = np.mgrid[:height_px, :width_px]
            phases = (x[..., None] * rng.uniform(0, 0.5, 3)) + y[..., None] * rng.uniform(0, 0.5, 3)
            pixels = 127 + 127 * np.sin(phases + rng.uniform(0, 6, 3))
        case 3:
            return np.asarray(_shapes(rng, size))
        case 4:  # the portrait in pieces of a twentieth of its side
            tiles = np.asarray(opened(PORTRAIT).resize((500, 500))).reshape(20, 25, 20, 25, 3)
            tiles = tiles.transpose(0, 2, 1, 3, 4).reshape(400, 25, 25, 3)
            mixed = tiles[rng.permutation(400)].reshape(20, 20, 25, 25, 3)
            pixels = mixed.transpose(0, 2, 1, 3, 4).reshape(500, 500, 3)
        case _:  # what is around the face
            surroundings = opened(PORTRAIT).copy()
            colour = tuple(int(value) for value in rng.integers(0, 256, 3))
            ImageDraw.Draw(surroundings).rectangle(FACE_BOX_PX, fill=colour)
            return np.asarray(framed(rng, surroundings))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _shapes(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, tuple(int(value) for value in rng.integers(0, 256, 3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 40))):
        left, right = sorted(int(x) for x in rng.integers(-50, size[0] + 50, 2))
        top, bottom = sorted(int(y) for y in rng.integers(-50, size[1] + 50, 2))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        shape = draw.ellipse if rng.random() < 0.6 else draw.rectangle
        shape((left, top, right, bottom), fill=colour)
    return picture

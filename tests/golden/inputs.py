"""The fixed inputs that both the originals and the shipped models are run on.

Everything is cut from the sample picture by integer boxes, so the goldens need no stored pixels.
Imported by the goldens' own environment too: Pillow and numpy only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
SAMPLE = PICTURES / "astronaut.png"
CAT = PICTURES / "chelsea.png"
DATA = Path(__file__).resolve().parent / "data"

Box = tuple[int, int, int, int]

# (left, top, right, bottom) in the sample's pixels. Its face is about 100 pixels high.
DETECTOR_BOXES: Sequence[Box] = ((0, 0, 512, 512), (96, 0, 352, 256))
MESH_BOXES: Sequence[Box] = ((149, 45, 299, 195), (124, 20, 324, 220))
CHIP_BOXES: Sequence[Box] = (
    (172, 72, 277, 177),
    (167, 67, 282, 182),
    (162, 58, 286, 182),
    (176, 70, 274, 168),
    (160, 64, 280, 184),
)


def detector_inputs(size_px: int) -> NDArray[np.float32]:
    """BlazeFace's inputs: float32 (2, size_px, size_px, 3), -1 to 1."""
    return _cuts(DETECTOR_BOXES, size_px).astype(np.float32) / np.float32(127.5) - np.float32(1)


def mesh_inputs() -> NDArray[np.float32]:
    """FaceMesh's inputs: float32 (2, 192, 192, 3), 0 to 1."""
    return _cuts(MESH_BOXES, 192).astype(np.float32) / np.float32(255)


def chips(size_px: int) -> NDArray[np.uint8]:
    """Ten face chips, five cuts and their mirror images: uint8 (10, size_px, size_px, 3)."""
    cuts = _cuts(CHIP_BOXES, size_px)
    return np.concatenate([cuts, cuts[:, :, ::-1]])


def digest(pixels: NDArray[np.generic]) -> str:
    """The sha256 of an input's values, to tell a changed input from a changed model."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def rgb(path: Path) -> NDArray[np.uint8]:
    """A picture as uint8 RGB (height, width, 3)."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _cuts(boxes: Sequence[Box], size_px: int) -> NDArray[np.uint8]:
    with Image.open(SAMPLE) as picture:
        sample = picture.convert("RGB")
    size = (size_px, size_px)
    return np.stack(
        [np.asarray(sample.crop(box).resize(size, Image.Resampling.BILINEAR)) for box in boxes]
    )

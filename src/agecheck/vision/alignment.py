"""The aligned chips that the age networks are fed.

Source: dlib's five-point face chip (`get_face_chip_details`); the targets are dlib's, in units of
an unpadded chip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agecheck.vision import facemesh, warp

_MESH_POINTS = (
    facemesh.RIGHT_EYE_OUTER,
    facemesh.RIGHT_EYE_INNER,
    facemesh.LEFT_EYE_OUTER,
    facemesh.LEFT_EYE_INNER,
    facemesh.NOSE_BASE,
)
_TARGETS_NORM = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)


def chip_transform(
    points_px: NDArray[np.float32], chip_size_px: int, padding: float
) -> warp.FloatArray:
    """The similarity from the frame to an aligned chip: float64 (2, 3).

    Args:
        points_px: mesh points (468, 3).
        chip_size_px: side of the chip.
        padding: border around dlib's unit square, as a share of its side.
    """
    source = points_px[list(_MESH_POINTS), :2].astype(np.float64)
    target = (_TARGETS_NORM + padding) / (1 + 2 * padding) * chip_size_px
    # Fitted from the chip to the frame, as dlib does: the other way round, landmarks that miss the
    # model face would shrink the chip's content.
    return warp.invert(warp.similarity_from_points(target, source))


def aligned_chip(
    frame: NDArray[np.uint8], points_px: NDArray[np.float32], chip_size_px: int, padding: float
) -> NDArray[np.uint8]:
    """An aligned chip: uint8 (chip_size_px, chip_size_px, 3)."""
    return warp.crop(frame, chip_transform(points_px, chip_size_px, padding), chip_size_px)

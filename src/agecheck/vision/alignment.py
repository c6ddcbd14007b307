"""The aligned chips that the age networks are fed.

Source: dlib's five-point face chip (`get_face_chip_details`); the targets are dlib's, in units of
an unpadded chip.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from agecheck.vision import facemesh, warp

_T = TypeVar("_T", bound=np.generic)

CHIP_SIZE_PX = 112
CHIP_PADDING = 0.2
"""The chip that is measured for quality and fed to age-tinyxception: eyes 42 px apart."""
WIDE_CHIP_SIZE_PX = 192
WIDE_CHIP_PADDING = 0.3
"""The chip for age-mobilenet: eyes 63 px apart, about as far as where it was trained."""

_MESH_POINTS = np.array(
    [
        facemesh.RIGHT_EYE_OUTER,
        facemesh.RIGHT_EYE_INNER,
        facemesh.LEFT_EYE_OUTER,
        facemesh.LEFT_EYE_INNER,
        facemesh.NOSE_BASE,
    ]
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
    source = points_px[_MESH_POINTS][:, :2]
    target = (_TARGETS_NORM + padding) / (1 + 2 * padding) * chip_size_px
    # Fitted from the chip to the frame, as dlib does: the other way round, landmarks that miss the
    # model face would shrink the chip's content.
    return warp.invert(warp.similarity_from_points(target, source))


def patch(chip: NDArray[_T], centre_px: list[float], radius_px: int) -> NDArray[_T]:
    """A square around a point (x, y), moved inside the chip when the point is near its edge.

    Args:
        chip: (side, side), or (side, side, channels).

    Returns:
        A view of it, 2 radius_px + 1 high and wide.
    """
    limit = chip.shape[0] - radius_px - 1
    x, y = (int(min(max(value, radius_px), limit)) for value in centre_px)
    return chip[y - radius_px : y + radius_px + 1, x - radius_px : x + radius_px + 1]

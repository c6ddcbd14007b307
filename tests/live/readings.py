"""Readings of a face that nobody filmed: numbers that a test writes down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from agecheck.liveness.reading import RIGID, FaceReading

FRAME_MS = 50
OPEN_EYES, OPEN_LIGHT = 0.35, 0.25
CLOSED_EYES, CLOSED_LIGHT = 0.23, 0.50
_random = np.random.default_rng(11)
HEAD = np.concatenate(
    [_random.uniform(-1.2, 1.2, (len(RIGID), 2)), _random.uniform(-0.6, 0.6, (len(RIGID), 1))],
    axis=1,
)
"""float64 (n, 3): points of a made-up head, in eye distances; z away from the camera."""


def face_look(seed: int) -> NDArray[np.float32]:
    """One made-up face's thumbnail."""
    look = np.random.default_rng(seed).standard_normal((22, 20)).astype(np.float32)
    look -= look.mean()
    return look / np.float32(np.linalg.norm(look))


LOOK, OTHER_LOOK = face_look(1), face_look(2)


def reading(
    at_ms: int = 0,
    *,
    points: NDArray[np.float64] | None = None,
    centre_px: tuple[float, float] = (320.0, 200.0),
    height_px: float = 190.0,
    asymmetry: float = 0.0,
    nod: float = 0.39,
    closed: bool = False,
    eye_opening: float | None = None,
    eye_light: float | None = None,
    skin_rgb: tuple[float, float, float] = (200.0, 165.0, 140.0),
    thumbnail: NDArray[np.float32] = LOOK,
) -> FaceReading:
    """A frontal face at rest, but for what a test says."""
    opening = CLOSED_EYES if closed else OPEN_EYES
    light = CLOSED_LIGHT if closed else OPEN_LIGHT
    return FaceReading(
        at_ms=at_ms,
        rigid_norm=HEAD[:, :2] if points is None else points,
        centre_px=centre_px,
        eye_distance_px=80.0,
        height_px=height_px,
        asymmetry=asymmetry,
        nod=nod,
        eye_opening=opening if eye_opening is None else eye_opening,
        eye_light=light if eye_light is None else eye_light,
        skin_rgb=skin_rgb,
        thumbnail=thumbnail,
    )


def times(n: int, from_ms: int = 0) -> Sequence[int]:
    """The times of n frames."""
    return range(from_ms, from_ms + n * FRAME_MS, FRAME_MS)


def at_rest(n: int, from_ms: int = 0) -> Iterator[FaceReading]:
    """n equal readings."""
    return (reading(at_ms) for at_ms in times(n, from_ms))


def turned(points: NDArray[np.float64], yaw_deg: float) -> NDArray[np.float64]:
    """Points (n, 3) of a solid thing turned about the vertical, seen from afar: (n, 2)."""
    yaw = np.radians(yaw_deg)
    x = points[:, 0] * np.cos(yaw) + points[:, 2] * np.sin(yaw)
    return np.stack([x, points[:, 1]], axis=1)


def tilted(
    points: NDArray[np.float64], yaw_deg: float, distance: float = 6.0
) -> NDArray[np.float64]:
    """Points (n, 2) of a plane turned about the vertical, seen from near: (n, 2)."""
    yaw = np.radians(yaw_deg)
    depth = 1 + points[:, 0] * np.sin(yaw) / distance
    return np.stack([points[:, 0] * np.cos(yaw) / depth, points[:, 1] / depth], axis=1)

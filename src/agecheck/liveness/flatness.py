"""Is what turns a plane or a head?

Landmarks of a flat picture move by a homography, whichever way it is held; those of a head do not.
Measured over people who turned their heads and photographs that were turned (residual in eye
distances, between the most frontal and the most turned frame): heads 0.12-0.28 in 12 clips,
photographs 0.009-0.026 in 48 turns of up to 35 degrees.

Stops: a photograph, printed or on a screen, that is tilted. Does not stop: a video of a turning
head, or a photograph bent around a cylinder. Without a turn it does not answer: a clip without one
gives 0.004-0.011 whatever it shows.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from agecheck.liveness.reading import FaceReading

FLAT_RESIDUAL_LIMIT = 0.035
"""Eye distances. Above every photograph measured (0.026), a third of the flattest head (0.12)."""
SOLID_RESIDUAL_LIMIT = 0.04
SOLID_ASYMMETRY_CHANGE = 0.30
"""Photographs turned by 35 degrees reach 0.12, by 60 degrees 0.30, where their mesh slips and the
residual says nothing; heads that were asked to turn 0.65-0.95."""
MIN_SOLID_FRAMES = 3
TURNED_ANISOTROPY = 0.12
"""How much one direction must have shrunk against the other before a plane counts as turned: a
tilt of about 33 degrees, as the mesh reads it. Closed eyes read as up to 0.09, a head that is
turned a little, whose residual is as small as a plane's, as up to 0.08."""
MIN_FLAT_FRAMES = 5

FloatArray = NDArray[np.float64]


class Shape(Enum):
    """What was seen so far."""

    UNKNOWN = "unknown"
    FLAT = "flat"
    SOLID = "solid"


def homography_residual(source: FloatArray, target: FloatArray) -> float:
    """RMS distance left after the best homography: source, target float (n, 2), n >= 8.

    Direct linear transform (Hartley and Zisserman, Multiple View Geometry, 4.1); both point sets
    are expected around the origin at a scale near 1.
    """
    x, y = source.T
    u, v = target.T
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    upper = np.stack([x, y, ones, zeros, zeros, zeros, -u * x, -u * y], axis=1)
    lower = np.stack([zeros, zeros, zeros, x, y, ones, -v * x, -v * y], axis=1)
    design, wanted = np.concatenate([upper, lower]), np.concatenate([u, v])
    normal = design.T @ design + 1e-9 * np.eye(8)
    a, b, c, d, e, f, g, h = np.linalg.solve(normal, design.T @ wanted).tolist()
    scale = g * x + h * y + 1
    scale = np.where(np.abs(scale) < 1e-6, 1e-6, scale)
    error = np.stack([(a * x + b * y + c) / scale - u, (d * x + e * y + f) / scale - v])
    return float(np.sqrt((error**2).sum(axis=0).mean()))


def anisotropy(source: FloatArray, target: FloatArray) -> float:
    """How much more the best affine map stretches one direction than the other, from 0."""
    centred = source - source.mean(axis=0)
    matrix = np.linalg.lstsq(centred, target - target.mean(axis=0), rcond=None)[0]
    larger, smaller = np.linalg.svd(matrix, compute_uv=False).tolist()
    return float(larger / max(smaller, 1e-6) - 1)


class FlatnessCue:
    """Compares every smoothed frame with the most frontal one. Memory: one frame's points."""

    def __init__(self) -> None:
        self._frontal: FloatArray | None = None
        self._frontal_asymmetry = 0.0
        self._n_flat = self._n_solid = 0
        self.shape = Shape.UNKNOWN

    def see(self, recent: list[FaceReading]) -> None:
        """Take in the last three readings; their median drops a single bad mesh."""
        points = np.median([reading.rigid_norm for reading in recent], axis=0)
        asymmetry = float(np.median([reading.asymmetry for reading in recent]))
        if self._frontal is None or abs(asymmetry) < abs(self._frontal_asymmetry) - 0.02:
            self._frontal, self._frontal_asymmetry = points, asymmetry
            self._n_flat = self._n_solid = 0
            return
        change = abs(asymmetry - self._frontal_asymmetry)
        is_foreshortened = anisotropy(self._frontal, points) >= TURNED_ANISOTROPY
        if not is_foreshortened and change < SOLID_ASYMMETRY_CHANGE:
            return
        residual = homography_residual(self._frontal, points)
        if is_foreshortened and residual < FLAT_RESIDUAL_LIMIT:
            self._n_flat += 1
        elif change >= SOLID_ASYMMETRY_CHANGE and residual >= SOLID_RESIDUAL_LIMIT:
            self._n_solid += 1
        if self._n_solid >= MIN_SOLID_FRAMES and self.shape is Shape.UNKNOWN:
            self.shape = Shape.SOLID
        if self._n_flat >= MIN_FLAT_FRAMES:
            self.shape = Shape.FLAT

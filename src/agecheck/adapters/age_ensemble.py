"""AgeEstimator on both age networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agecheck.calibration import Fusion
from agecheck.errors import CalibrationError
from agecheck.estimate import AgeEstimate
from agecheck.ports import FaceMesh
from agecheck.vision import age, alignment

if TYPE_CHECKING:
    from agecheck.runtime import OnnxModel

RESNET10_CHIP_SIZE_PX = 64
"""The same chip at the network's own size. More crops than this one and its mirror image did not
earn their time (docs/adr/0002-cautious-age.md)."""


class AgeFeatures:
    """Runs both networks on an aligned chip and its mirror image."""

    def __init__(self, resnet10: OnnxModel, tinyxception: OnnxModel) -> None:
        self._resnet10 = resnet10
        self._tinyxception = tinyxception

    def extract(self, mesh: FaceMesh) -> NDArray[np.float64]:
        """What the fusion sees of one face: float64 (age.NUM_FEATURES,)."""
        small_chip = alignment.shrunken_chip(mesh.chip_rgb, RESNET10_CHIP_SIZE_PX)
        (probabilities,) = self._resnet10.run({"chips_rgb": with_mirror(small_chip)})
        (ages_years,) = self._tinyxception.run({"chips_rgb": with_mirror(mesh.chip_rgb)})
        return age.features(probabilities, ages_years[:, 0])


class AgeEnsemble:
    """Fuses both networks into one calibrated estimate.

    Raises:
        CalibrationError: the fusion was fitted on other features.
    """

    def __init__(self, features: AgeFeatures, fusion: Fusion) -> None:
        if (fusion.features, len(fusion.feature_mean)) != (age.FEATURES, age.NUM_FEATURES):
            raise CalibrationError("the calibration was fitted on other features")
        self._features = features
        self._fusion = fusion

    def estimate(self, mesh: FaceMesh) -> AgeEstimate:
        return age.fuse(self._fusion, self._features.extract(mesh))


def with_mirror(chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A chip and its mirror image: uint8 (2, side, side, 3)."""
    both = np.empty((2, *chip.shape), dtype=np.uint8)
    both[0] = chip
    for channel in range(3):  # whole rows at a time; numpy turns pixels of three bytes slowly
        both[1, :, :, channel] = chip[:, ::-1, channel]
    return both

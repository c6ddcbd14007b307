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
    from agecheck.ports import RgbFrame
    from agecheck.runtime import OnnxModel

RESNET10_CHIP_SIZE_PX = 64
TINYXCEPTION_CHIP_SIZE_PX = 112
CHIP_PADDING = 0.2
"""More crops than this one and its mirror image did not earn their time (docs/explanation)."""


class AgeFeatures:
    """Runs both networks on an aligned chip and its mirror image."""

    def __init__(self, resnet10: OnnxModel, tinyxception: OnnxModel) -> None:
        self._resnet10 = resnet10
        self._tinyxception = tinyxception

    def extract(self, frame: RgbFrame, mesh: FaceMesh) -> NDArray[np.float64]:
        """What the fusion sees of one face: float64 (age.NUM_FEATURES,)."""
        (probabilities,) = self._resnet10.run(
            {"chips_rgb": _chips(frame, mesh, RESNET10_CHIP_SIZE_PX)}
        )
        (ages_years,) = self._tinyxception.run(
            {"chips_rgb": _chips(frame, mesh, TINYXCEPTION_CHIP_SIZE_PX)}
        )
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

    def estimate(self, frame: RgbFrame, mesh: FaceMesh) -> AgeEstimate:
        return age.fuse(self._fusion, self._features.extract(frame, mesh))


def _chips(frame: RgbFrame, mesh: FaceMesh, size_px: int) -> NDArray[np.uint8]:
    """The aligned chip and its mirror image: uint8 (2, size_px, size_px, 3)."""
    chip = alignment.aligned_chip(frame, mesh.points_px, size_px, CHIP_PADDING)
    return np.stack([chip, chip[:, ::-1]])

"""AgeEstimator on both age networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agecheck.calibration import Fusion
from agecheck.errors import CalibrationError
from agecheck.estimate import AgeEstimate
from agecheck.ports import AlignedFace, FaceMesh
from agecheck.vision import age, alignment, warp

if TYPE_CHECKING:
    from agecheck.ports import Picture
    from agecheck.runtime import OnnxModel


class AgeNetworks:
    """Runs both networks on an aligned face; a mirrored picture gets the same answers.

    More crops than these did not earn their time (docs/adr/0002-cautious-age.md).
    """

    def __init__(self, mobilenet: OnnxModel, tinyxception: OnnxModel) -> None:
        self._mobilenet = mobilenet
        self._tinyxception = tinyxception

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        """The chips that both networks are fed."""
        size_px = alignment.WIDE_CHIP_SIZE_PX
        to_wide_chip = alignment.chip_transform(
            mesh.points_px, size_px, alignment.WIDE_CHIP_PADDING
        )
        return AlignedFace(mesh.chip_rgb, warp.crop(frame, to_wide_chip, size_px))

    def extract(self, face: AlignedFace) -> NDArray[np.float64]:
        """What the fusion sees of one face: float64 (age.NUM_FEATURES,)."""
        return age.features(*self.ask(face))

    def ask(self, face: AlignedFace) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the networks answer.

        Returns:
            age-mobilenet's probabilities (100,), over the chip the one way round, and
            age-tinyxception's years (2,), over the chip and its mirror image.
        """
        (probabilities,) = self._mobilenet.run({"chips_rgb": _one_way_round(face.wide_chip_rgb)})
        (ages_years,) = self._tinyxception.run({"chips_rgb": _with_mirror(face.chip_rgb)})
        return probabilities[0], ages_years[:, 0]


class AgeEnsemble:
    """Fuses both networks into one calibrated estimate.

    Raises:
        CalibrationError: the fusion was fitted on other features.
    """

    def __init__(self, networks: AgeNetworks, fusion: Fusion) -> None:
        if (fusion.features, len(fusion.feature_mean)) != (age.FEATURE_SET_ID, age.NUM_FEATURES):
            raise CalibrationError("the calibration was fitted on other features")
        self._networks = networks
        self._fusion = fusion

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        return self._networks.align(frame, mesh)

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        return age.fuse(self._fusion, self._networks.extract(face))


def _one_way_round(chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The chip or its mirror image, whichever is brighter on the left: uint8 (1, side, side, 3).

    A front camera's mirrored picture gets the same answer so, without asking twice.
    """
    side = chip.shape[1]
    columns = chip[::4, :, 1].sum(axis=0, dtype=np.int64)
    left, right = columns[: side // 2].sum(), columns[-(side // 2) :].sum()
    return np.ascontiguousarray(chip if left >= right else chip[:, ::-1])[None]


def _with_mirror(chip: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A chip and its mirror image: uint8 (2, side, side, 3)."""
    both = np.empty((2, *chip.shape), dtype=np.uint8)
    both[0] = chip
    for channel in range(3):  # whole rows at a time; numpy turns pixels of three bytes slowly
        both[1, :, :, channel] = chip[:, ::-1, channel]
    return both

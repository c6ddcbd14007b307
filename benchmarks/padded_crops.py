"""Both age networks on crops with several paddings around the same face, for many pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agecheck.adapters.age_ensemble import RESNET10_CHIP_SIZE_PX, with_mirror
from agecheck.adapters.quality import FaceQualityAssessor
from agecheck.bench.pools import process_pool
from agecheck.bootstrap import build_pipeline
from agecheck.errors import ImageError
from agecheck.estimate import AgeEstimate
from agecheck.models.store import ModelStore
from agecheck.ports import DetectedFace, FaceLandmarker, FaceMesh
from agecheck.runtime import OnnxModel
from agecheck.verdict import Reason
from agecheck.vision import alignment, warp

if TYPE_CHECKING:
    from agecheck.ports import Picture

SHIPPED_PADDING = alignment.CHIP_PADDING
PADDINGS = (0.1, SHIPPED_PADDING, 0.3)
_CHUNK = 32
_NUM_CLASSES = 81
_N = len(PADDINGS)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Crops:
    """What the networks answer, over the crop and its mirror image; NaN without a face.

    Attributes:
        probabilities: age-resnet10's, float32 (n, paddings, 2, 81).
        tiny_years: age-tinyxception's, float32 (n, paddings, 2).
        is_fit: whether the shipped pipeline does not refuse the picture (n,).
    """

    probabilities: NDArray[np.float32]
    tiny_years: NDArray[np.float32]
    is_fit: NDArray[np.bool_]

    def __repr__(self) -> str:
        return "<Crops>"


class _Recorder:
    """Stands where landmarker, assessor and estimator stand; refused faces are looked at too."""

    landmarker: FaceLandmarker

    def __init__(self, store: ModelStore) -> None:
        self._assessor = FaceQualityAssessor()
        self._resnet10, self._tinyxception = (
            OnnxModel(store.entry(name), store.read(name))
            for name in ("age-resnet10", "age-tinyxception")
        )
        self.forget()

    def forget(self) -> None:
        self.reason: Reason | None = None
        self.probabilities = np.full((_N, 2, _NUM_CLASSES), np.nan, dtype=np.float32)
        self.tiny_years = np.full((_N, 2), np.nan, dtype=np.float32)

    def locate(self, frame: Picture, face: DetectedFace) -> FaceMesh | None:
        mesh = self.landmarker.locate(frame, face)
        if mesh is not None:
            for index, padding in enumerate(PADDINGS):
                self._look(index, frame, mesh, padding)
        return mesh

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> None:
        self.reason = self._assessor.assess(frame_size_px, mesh)

    def estimate(self, mesh: FaceMesh) -> AgeEstimate:  # noqa: ARG002  all is recorded by now
        return AgeEstimate(0.0, 0.0, 0.0)

    def _look(self, index: int, frame: Picture, mesh: FaceMesh, padding: float) -> None:
        size_px = alignment.CHIP_SIZE_PX
        to_chip = alignment.chip_transform(mesh.points_px, size_px, padding)
        chip = warp.crop(frame, to_chip, size_px)
        small = alignment.shrunken_chip(chip, RESNET10_CHIP_SIZE_PX)
        (self.probabilities[index],) = self._resnet10.run({"chips_rgb": with_mirror(small)})
        (years,) = self._tinyxception.run({"chips_rgb": with_mirror(chip)})
        self.tiny_years[index] = years[:, 0]


class _Looker:
    def __init__(self) -> None:
        store = ModelStore()
        self._recorder = recorder = _Recorder(store)
        pipeline = build_pipeline(store, recorder)
        recorder.landmarker = pipeline.landmarker
        self._pipeline = replace(pipeline, landmarker=recorder, assessor=recorder)

    def look(self, path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], bool]:
        self._recorder.forget()
        try:
            outcome = self._pipeline.estimate(path)
        except ImageError:
            outcome = Reason.NO_FACE
        is_fit = not isinstance(outcome, Reason) and self._recorder.reason is None
        return self._recorder.probabilities, self._recorder.tiny_years, is_fit


_looker: _Looker | None = None


def _start() -> None:
    global _looker
    _looker = _Looker()


def _look(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], bool]:
    if _looker is None:
        raise RuntimeError("the worker was not started")
    return _looker.look(path)


def look_at_all(paths: Sequence[Path], workers: int) -> Crops:
    """Every picture's crops, in order.

    Raises:
        ModelError: a network failed.
    """
    with process_pool(workers, _start) as pool:
        rows = list(pool.map(_look, paths, chunksize=_CHUNK))
    probabilities, tiny_years, is_fit = zip(*rows, strict=True)
    return Crops(np.array(probabilities), np.array(tiny_years), np.array(is_fit))

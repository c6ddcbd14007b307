"""Both age networks on crops with several paddings around the same face, for many pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agecheck.adapters.quality import FaceQualityAssessor
from agecheck.bench.pools import process_pool
from agecheck.bootstrap import build_age_features, build_pipeline
from agecheck.errors import ImageError
from agecheck.estimate import AgeEstimate
from agecheck.models.store import ModelStore
from agecheck.ports import AlignedFace, DetectedFace, FaceLandmarker, FaceMesh
from agecheck.verdict import Reason
from agecheck.vision import alignment, warp
from benchmarks import face_shape

if TYPE_CHECKING:
    from agecheck.ports import Picture

TINY_PADDING, MOBILE_PADDING = alignment.CHIP_PADDING, alignment.WIDE_CHIP_PADDING
TINY_PADDINGS = (0.1, TINY_PADDING, 0.3)
MOBILE_PADDINGS = (0.2, MOBILE_PADDING, 0.4)
_CHUNK = 32
_NUM_CLASSES = 100
_N = len(TINY_PADDINGS)
_Row = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64], bool]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Crops:
    """What the networks answer; NaN without a face.

    Attributes:
        probabilities: age-mobilenet's, float32 (n, paddings, 100).
        tiny_years: age-tinyxception's, crop and mirror image, float32 (n, paddings, 2).
        log_lengths: of the face's shape, float64 (n, face_shape.NUM_LENGTHS).
        is_fit: whether the shipped pipeline does not refuse the picture (n,).
    """

    probabilities: NDArray[np.float32]
    tiny_years: NDArray[np.float32]
    log_lengths: NDArray[np.float64]
    is_fit: NDArray[np.bool_]

    def __repr__(self) -> str:
        return "<Crops>"


class _Recorder:
    """Stands where landmarker, assessor and estimator stand; refused faces are looked at too."""

    landmarker: FaceLandmarker

    def __init__(self, store: ModelStore) -> None:
        self._assessor = FaceQualityAssessor()
        self._features = build_age_features(store)
        self.forget()

    def forget(self) -> None:
        self.reason: Reason | None = None
        self.probabilities = np.full((_N, _NUM_CLASSES), np.nan, dtype=np.float32)
        self.tiny_years = np.full((_N, 2), np.nan, dtype=np.float32)
        self.log_lengths = np.full(face_shape.NUM_LENGTHS, np.nan)

    def locate(self, frame: Picture, face: DetectedFace) -> FaceMesh | None:
        mesh = self.landmarker.locate(frame, face)
        if mesh is not None:
            self.log_lengths = face_shape.log_lengths(mesh.points_px)
            for index, paddings in enumerate(zip(TINY_PADDINGS, MOBILE_PADDINGS, strict=True)):
                self._look(index, frame, mesh, *paddings)
        return mesh

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> None:
        self.reason = self._assessor.assess(frame_size_px, mesh)

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        return self._features.align(frame, mesh)

    def estimate(self, face: AlignedFace) -> AgeEstimate:  # noqa: ARG002  all is recorded by now
        return AgeEstimate(0.0, 0.0, 0.0)

    def _look(self, index: int, frame: Picture, mesh: FaceMesh, tiny: float, mobile: float) -> None:
        sizes_px = alignment.CHIP_SIZE_PX, alignment.WIDE_CHIP_SIZE_PX
        chips = (
            warp.crop(frame, alignment.chip_transform(mesh.points_px, size_px, padding), size_px)
            for size_px, padding in zip(sizes_px, (tiny, mobile), strict=True)
        )
        answers = self._features.ask(AlignedFace(*chips))
        self.probabilities[index], self.tiny_years[index] = answers


class _Looker:
    def __init__(self) -> None:
        store = ModelStore()
        self._recorder = recorder = _Recorder(store)
        pipeline = build_pipeline(store, recorder)
        recorder.landmarker = pipeline.landmarker
        self._pipeline = replace(pipeline, landmarker=recorder, assessor=recorder)

    def look(self, path: Path) -> _Row:
        self._recorder.forget()
        try:
            outcome = self._pipeline.estimate(path)
        except ImageError:
            outcome = Reason.NO_FACE
        seen = self._recorder
        is_fit = not isinstance(outcome, Reason) and seen.reason is None
        return seen.probabilities, seen.tiny_years, seen.log_lengths, is_fit


_looker: _Looker | None = None


def _start() -> None:
    global _looker
    _looker = _Looker()


def _look(path: Path) -> _Row:
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
    probabilities, tiny_years, log_lengths, is_fit = map(np.array, zip(*rows, strict=True))
    return Crops(probabilities, tiny_years, log_lengths, is_fit)

"""Both age networks on several views of the same face, for many pictures."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agecheck.adapters.quality import FaceQualityAssessor
from agecheck.bench.pools import process_pool
from agecheck.bootstrap import build_age_networks, build_pipeline
from agecheck.errors import ImageError
from agecheck.estimate import AgeEstimate
from agecheck.models.store import ModelStore
from agecheck.ports import AlignedFace, DetectedFace, FaceLandmarker, FaceMesh
from agecheck.verdict import Reason
from agecheck.vision import alignment, facemesh, warp
from benchmarks import face_shape

if TYPE_CHECKING:
    from agecheck.ports import Picture

_CHUNK = 32
_NUM_CLASSES = 100
_Points = NDArray[np.float32]
_Row = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64], bool]


def unaltered(frame: Picture, points_px: _Points) -> tuple[Picture, _Points]:
    return frame, points_px


def points_off(share: float, frame: Picture, points_px: _Points) -> tuple[Picture, _Points]:
    """Every mesh point misses its place, normally distributed, by a share of the eye distance."""
    rng = np.random.default_rng(zlib.crc32(points_px.tobytes()))
    sd_px = share * facemesh.inter_eye_distance_px(points_px)
    off_px = rng.normal(0.0, sd_px, points_px.shape)
    return frame, (points_px + off_px).astype(np.float32)


def eyes_apart(target_px: float, frame: Picture, points_px: _Points) -> tuple[Picture, _Points]:
    """As from a coarser camera; a face that is smaller already stays as it is."""
    scale = target_px / facemesh.inter_eye_distance_px(points_px)
    if scale >= 1:
        return frame, points_px
    picture = Image.fromarray(np.asarray(frame))
    width, height = (max(1, round(side * scale)) for side in picture.size)
    small = picture.resize((width, height), Image.Resampling.LANCZOS)
    scales = np.array([width / picture.width, height / picture.height, scale], dtype=np.float32)
    return np.asarray(small), points_px * scales


@dataclass(frozen=True, slots=True)
class View:
    """How both networks see a face: as shipped, unless something else is said.

    Attributes:
        tiny_padding: around the chip of age-tinyxception, as a share of an unpadded chip's side.
        mobile_padding: the same of age-mobilenet's.
        alter: what happens to the frame, and to the mesh's points in it, before.
    """

    tiny_padding: float = alignment.CHIP_PADDING
    mobile_padding: float = alignment.WIDE_CHIP_PADDING
    alter: Callable[[Picture, _Points], tuple[Picture, _Points]] = unaltered


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Crops:
    """What the networks answer; NaN without a face.

    Attributes:
        probabilities: age-mobilenet's, float32 (n, views, 100).
        tiny_years: age-tinyxception's, crop and mirror image, float32 (n, views, 2).
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

    def __init__(self, store: ModelStore, views: Sequence[View]) -> None:
        self._views = tuple(views)
        self._assessor = FaceQualityAssessor()
        self._networks = build_age_networks(store)
        self.forget()

    def forget(self) -> None:
        self.reason: Reason | None = None
        self.probabilities = np.full((len(self._views), _NUM_CLASSES), np.nan, dtype=np.float32)
        self.tiny_years = np.full((len(self._views), 2), np.nan, dtype=np.float32)
        self.log_lengths = np.full(face_shape.NUM_LENGTHS, np.nan)

    def locate(self, frame: Picture, face: DetectedFace) -> FaceMesh | None:
        mesh = self.landmarker.locate(frame, face)
        if mesh is not None:
            self.log_lengths = face_shape.log_lengths(mesh.points_px)
            for index, view in enumerate(self._views):
                self._look(index, view, *view.alter(frame, mesh.points_px))
        return mesh

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> None:
        self.reason = self._assessor.assess(frame_size_px, mesh)

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        return self._networks.align(frame, mesh)

    def estimate(self, face: AlignedFace) -> AgeEstimate:  # noqa: ARG002  all is recorded by now
        return AgeEstimate(0.0, 0.0, 0.0)

    def _look(self, index: int, view: View, frame: Picture, points_px: _Points) -> None:
        sizes_px = alignment.CHIP_SIZE_PX, alignment.WIDE_CHIP_SIZE_PX
        paddings = view.tiny_padding, view.mobile_padding
        chips = (
            warp.crop(frame, alignment.chip_transform(points_px, size_px, padding), size_px)
            for size_px, padding in zip(sizes_px, paddings, strict=True)
        )
        answers = self._networks.ask(AlignedFace(*chips))
        self.probabilities[index], self.tiny_years[index] = answers


class _Looker:
    def __init__(self, views: Sequence[View]) -> None:
        store = ModelStore()
        self._recorder = recorder = _Recorder(store, views)
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


def _start(views: Sequence[View]) -> None:
    global _looker
    _looker = _Looker(views)


def _look(path: Path) -> _Row:
    if _looker is None:
        raise RuntimeError("the worker was not started")
    return _looker.look(path)


def look_at_all(paths: Sequence[Path], views: Sequence[View], workers: int) -> Crops:
    """Every picture's views, in order.

    Raises:
        ModelError: a network failed.
    """
    with process_pool(workers, _start, views) as pool:
        rows = list(pool.map(_look, paths, chunksize=_CHUNK))
    probabilities, tiny_years, log_lengths, is_fit = map(np.array, zip(*rows, strict=True))
    return Crops(probabilities, tiny_years, log_lengths, is_fit)

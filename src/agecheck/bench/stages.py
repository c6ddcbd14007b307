"""Where a check's time goes: the pipeline's own parts, each with a clock around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from agecheck.estimate import AgeEstimate
from agecheck.pipeline import FaceAgePipeline
from agecheck.policy import EffectivePolicy
from agecheck.ports import AlignedFace, DetectedFace, FaceDetector, FaceMesh, Photo
from agecheck.verdict import CheckResult, Reason

if TYPE_CHECKING:
    from PIL import Image

    from agecheck.ports import Picture

STAGES = ("decode", "find the face", "mesh and alignment", "quality", "age", "everything else")
_DECODE, _DETECT, _MESH, _QUALITY, _AGE, _REST = STAGES
_P = ParamSpec("_P")
_T = TypeVar("_T")


class StageClock:
    """Adds up what each stage takes within one check."""

    def __init__(self) -> None:
        self.spent_ms: dict[str, float] = dict.fromkeys(STAGES, 0.0)

    def around(self, stage: str, call: Callable[_P, _T]) -> Callable[_P, _T]:
        """The same call, timed."""

        def timed(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            started_s = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.spent_ms[stage] += (time.perf_counter() - started_s) * 1e3

        return timed


@dataclass(frozen=True, slots=True)
class _TimedPhoto:
    photo: Photo
    clock: StageClock

    def decode(self, min_short_side_px: int | None = None) -> Image.Image:
        return self.clock.around(_DECODE, self.photo.decode)(min_short_side_px)


@dataclass(frozen=True, slots=True)
class _TimedDetector:
    detector: FaceDetector
    clock: StageClock

    def detect(self, frame: Picture) -> Sequence[DetectedFace]:
        return self.clock.around(_DETECT, self.detector.detect)(frame)


@dataclass(frozen=True, slots=True)
class _TimedParts:
    """Stands in every other place of a pipeline, and passes on to the part that was there."""

    parts: FaceAgePipeline
    clock: StageClock

    def open(self, source: object) -> Photo:
        return _TimedPhoto(self.clock.around(_DECODE, self.parts.reader.open)(source), self.clock)

    def locate(self, frame: Picture, face: DetectedFace) -> FaceMesh | None:
        return self.clock.around(_MESH, self.parts.landmarker.locate)(frame, face)

    def assess(self, frame_size_px: tuple[int, int], mesh: FaceMesh) -> Reason | None:
        return self.clock.around(_QUALITY, self.parts.assessor.assess)(frame_size_px, mesh)

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:
        return self.clock.around(_MESH, self.parts.estimator.align)(frame, mesh)

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        return self.clock.around(_AGE, self.parts.estimator.estimate)(face)


@dataclass(frozen=True, slots=True)
class StagedCheck:
    """A check in the calling process that knows where its time went.

    Attributes:
        pipeline: the shipped one.
        policy, max_sd_years: what is answered.
    """

    pipeline: FaceAgePipeline
    policy: EffectivePolicy
    max_sd_years: float

    def check(self, source: object) -> tuple[CheckResult, dict[str, float]]:
        """One picture's result, and how many ms each of STAGES took."""
        clock = StageClock()
        timed = _TimedParts(self.pipeline, clock)
        pipeline = replace(
            self.pipeline,
            reader=timed,
            detectors=[_TimedDetector(d, clock) for d in self.pipeline.detectors],
            landmarker=timed,
            assessor=timed,
            estimator=timed,
        )
        started_s = time.perf_counter()
        result = pipeline.check(source, self.policy, self.max_sd_years)
        total_ms = (time.perf_counter() - started_s) * 1e3
        clock.spent_ms[_REST] = total_ms - sum(clock.spent_ms.values())
        return result, clock.spent_ms

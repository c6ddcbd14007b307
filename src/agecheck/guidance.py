"""A live session's core: one word of guidance a tick, one verdict over its best frames."""

from __future__ import annotations

import math
from enum import IntEnum
from statistics import median
from typing import TYPE_CHECKING

from agecheck.estimate import AgeEstimate
from agecheck.policy import EffectivePolicy
from agecheck.verdict import CheckResult, Reason

if TYPE_CHECKING:
    from agecheck.pipeline import FaceAgePipeline
    from agecheck.ports import RgbFrame

MIN_FRAMES = 7
"""Estimates that a session needs; the median of fewer still follows a single odd frame."""


class LiveCode(IntEnum):
    """All that a live session may say at a tick: at most 16 codes, so 4 bits."""

    GOOD = 0
    NO_FACE = 1
    SEVERAL_FACES = 2
    COME_CLOSER = 3
    MOVE_INTO_VIEW = 4
    LOOK_STRAIGHT = 5
    MORE_LIGHT = 6
    LESS_LIGHT = 7
    HOLD_STILL = 8
    UNCOVER_EYES = 9
    WAITING = 10


_GUIDANCE = {
    Reason.NO_FACE: LiveCode.NO_FACE,
    Reason.SEVERAL_FACES: LiveCode.SEVERAL_FACES,
    Reason.FACE_CUT_OFF: LiveCode.MOVE_INTO_VIEW,
    Reason.INTER_EYE_DISTANCE: LiveCode.COME_CLOSER,
    Reason.HEAD_POSE: LiveCode.LOOK_STRAIGHT,
    Reason.UNDER_EXPOSURE: LiveCode.MORE_LIGHT,
    Reason.OVER_EXPOSURE: LiveCode.LESS_LIGHT,
    Reason.SHARPNESS: LiveCode.HOLD_STILL,
    Reason.EYES_VISIBLE: LiveCode.UNCOVER_EYES,
}


class GuidedSession:
    """Frames in, guidance and finally one verdict out. It lives inside the sealed worker."""

    def __init__(
        self, pipeline: FaceAgePipeline, policy: EffectivePolicy, max_sd_years: float
    ) -> None:
        self._pipeline, self._policy, self._max_sd_years = pipeline, policy, max_sd_years
        self._estimates: list[AgeEstimate] = []
        self._last = Reason.NO_FACE
        self._code = LiveCode.WAITING

    def see(self, frame: RgbFrame, at_ms: int) -> None:  # noqa: ARG002
        """Look at one frame.

        Args:
            frame: uint8 RGB (height, width, 3), upright.
            at_ms: its time on the caller's monotonic clock.
        """
        estimate = self._pipeline.estimate(frame)
        if isinstance(estimate, AgeEstimate) and not _is_finite(estimate):
            estimate = Reason.ESTIMATE_INVALID  # among others, a NaN would put the median anywhere
        if isinstance(estimate, Reason):
            self._last = estimate
            self._code = _GUIDANCE.get(estimate, LiveCode.WAITING)
        else:
            self._last = Reason.ESTIMATE_UNCERTAIN  # until there are enough
            self._code = LiveCode.GOOD
            self._estimates.append(estimate)

    def tick(self) -> LiveCode:
        """What to tell the person now, after the latest frame."""
        return self._code

    def finish(self) -> CheckResult:
        """The result over the median of all estimates; INCONCLUSIVE when they are too few."""
        if len(self._estimates) < MIN_FRAMES:
            return CheckResult.inconclusive(self._last)
        of_session = AgeEstimate(
            median(e.mean_years for e in self._estimates),
            median(e.sd_years for e in self._estimates),
            median(e.cautious_years for e in self._estimates),
        )
        return self._policy.decide(of_session, max_sd_years=self._max_sd_years)


def _is_finite(estimate: AgeEstimate) -> bool:
    figures = (estimate.mean_years, estimate.sd_years, estimate.cautious_years)
    return all(map(math.isfinite, figures))

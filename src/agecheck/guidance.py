"""A live session's core: one word of guidance a tick, one verdict over its best frames.

No age is estimated before the session is finished, so no word can depend on one.
"""

from __future__ import annotations

import heapq
import math
from enum import IntEnum
from statistics import median
from typing import TYPE_CHECKING

from agecheck.estimate import AgeEstimate
from agecheck.live_script import Step
from agecheck.policy import EffectivePolicy
from agecheck.ports import AgeEstimator, AttackDetector, FaceTracker
from agecheck.verdict import CheckResult, Reason

if TYPE_CHECKING:
    from agecheck.ports import AlignedFace, FaceMesh, RgbFrame

MIN_FRAMES = 7
"""Estimates that a session needs; the median of fewer still follows a single odd frame."""
KEPT_FRAMES = 11
"""Of all frames of a session the best so many are kept and estimated at its end."""
MAX_SPREAD_YEARS = 12.0
"""Between the second lowest and the second highest of their ages: what lies further apart is not of
one person. Rendered people have 2 and at most 4 (benchmarks/actors.py)."""


class LiveCode(IntEnum):
    """All that a live session may say at a tick: at most 16 codes, so 4 bits.

    Left and right are the person's own.
    """

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
    TURN_LEFT = 11
    TURN_RIGHT = 12
    NOD = 13
    BLINK = 14
    DONE = 15


_GUIDANCE = {
    Reason.NO_FACE: LiveCode.NO_FACE,
    Reason.SEVERAL_FACES: LiveCode.SEVERAL_FACES,
    Reason.FACE_CUT_OFF: LiveCode.MOVE_INTO_VIEW,
    Reason.INTER_EYE_DISTANCE: LiveCode.COME_CLOSER,
    Reason.HEAD_POSE: LiveCode.LOOK_STRAIGHT,
    Reason.UNDER_EXPOSURE: LiveCode.MORE_LIGHT,
    Reason.OVER_EXPOSURE: LiveCode.LESS_LIGHT,
    Reason.SHARPNESS: LiveCode.HOLD_STILL,
    Reason.EYES_COVERED: LiveCode.UNCOVER_EYES,
}
_PROMPTS = {
    Step.TURN_LEFT: LiveCode.TURN_LEFT,
    Step.TURN_RIGHT: LiveCode.TURN_RIGHT,
    Step.NOD: LiveCode.NOD,
    Step.COME_CLOSER: LiveCode.COME_CLOSER,
    Step.BLINK: LiveCode.BLINK,
}


class GuidedSession:
    """Frames in, guidance and finally one verdict out. It lives inside the sealed worker.

    Args:
        tracker: finds the one face in each frame; new for this session.
        estimator: estimates the kept frames, at the end.
        watch: follows one face and looks for presentation attacks; new for this session.
        policy: what decides.
        max_sd_years: a wider distribution than this is not decided on.
    """

    def __init__(
        self,
        tracker: FaceTracker,
        estimator: AgeEstimator,
        watch: AttackDetector,
        policy: EffectivePolicy,
        max_sd_years: float,
    ) -> None:
        self._tracker, self._estimator, self._watch = tracker, estimator, watch
        self._policy, self._max_sd_years = policy, max_sd_years
        self._best: list[tuple[float, int, AlignedFace]] = []  # a heap, the worst of the best first
        self._n_vouched_for = 0
        self._last = Reason.NO_FACE
        self._code = LiveCode.WAITING
        self._ended_by: Reason | None = None

    def see(self, frame: RgbFrame, at_ms: int) -> None:
        """Look at one frame.

        Args:
            frame: uint8 RGB (height, width, 3), upright.
            at_ms: its time on the caller's monotonic clock.
        """
        if self._ended_by is not None:
            return
        # Should a frame fail, nobody knows what it showed: then there is no verdict.
        self._ended_by = Reason.LIVENESS_NOT_SHOWN
        sight = self._tracker.look(frame, at_ms)
        is_vouched_for = self._watch.see(frame, sight)
        if self._watch.ended_by is None:
            if sight.reason is not None:
                self._last = sight.reason
                self._code = _GUIDANCE.get(sight.reason, LiveCode.WAITING)
            elif sight.mesh is not None:
                self._last = Reason.ESTIMATE_UNCERTAIN  # until there are enough
                self._code = LiveCode.GOOD
                if is_vouched_for:
                    self._keep(sight.worth, frame, sight.mesh)
            self._n_vouched_for += is_vouched_for
        self._ended_by = self._watch.ended_by

    def lights_began(self, at_ms: int) -> None:
        """The screen began to show the script's colours, on the same clock as the frames."""
        self._watch.lights_began(at_ms)

    def tick(self) -> LiveCode:
        """What to tell the person now, after the latest frame."""
        if self._ended_by is not None:
            return LiveCode.DONE
        if self._is_complete():
            return LiveCode.DONE
        # Guidance on how to stand comes first, but whoever was asked to turn is not told off for
        # having turned.
        can_be_asked = self._code in (LiveCode.GOOD, LiveCode.LOOK_STRAIGHT)
        asked = self._watch.ask() if can_be_asked else None
        return self._code if asked is None else _PROMPTS[asked]

    def finish(self) -> CheckResult:
        """The result over the median of the best frames; INCONCLUSIVE when they are too few."""
        if self._ended_by is not None:
            return CheckResult.inconclusive(self._ended_by)
        if len(self._best) < MIN_FRAMES:
            return CheckResult.inconclusive(self._last)
        living = [face for _, index, face in self._best if self._watch.showed_life(index)]
        if not self._watch.life_shown or len(living) < MIN_FRAMES:
            return CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)
        estimates = [self._estimator.estimate(face) for face in living]
        if not all(estimate.is_finite for estimate in estimates):
            return CheckResult.inconclusive(Reason.ESTIMATE_INVALID)
        in_order = sorted(e.mean_years for e in estimates)
        if in_order[-2] - in_order[1] > MAX_SPREAD_YEARS:
            return CheckResult.inconclusive(Reason.ESTIMATE_UNCERTAIN)
        of_session = AgeEstimate(
            median(e.mean_years for e in estimates),
            median(e.sd_years for e in estimates),
            median(e.cautious_years for e in estimates),
        )
        return self._policy.decide(of_session, max_sd_years=self._max_sd_years)

    def _is_complete(self) -> bool:
        return self._watch.life_shown and len(self._best) == KEPT_FRAMES

    def _keep(self, worth: float, frame: RgbFrame, mesh: FaceMesh) -> None:
        is_full = len(self._best) == KEPT_FRAMES
        if not math.isfinite(worth) or (is_full and worth < self._best[0][0]):
            return
        entry = (worth, self._n_vouched_for, self._estimator.align(frame, mesh))
        if is_full:
            heapq.heapreplace(self._best, entry)
        else:
            heapq.heappush(self._best, entry)

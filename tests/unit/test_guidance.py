"""A live session's core: guidance by the latest frame, a verdict by the median of all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from agecheck.guidance import MIN_FRAMES, GuidedSession, LiveCode
from agecheck.policy import EffectivePolicy
from agecheck.verdict import CheckResult, Reason, Verdict
from unit.fakes import FakeEstimator, Parts, face

POLICY = EffectivePolicy(18, 25.0, 3)
FRAME = np.zeros((400, 300, 3), np.uint8)
GUIDED = {
    Reason.FACE_CUT_OFF: LiveCode.MOVE_INTO_VIEW,
    Reason.INTER_EYE_DISTANCE: LiveCode.COME_CLOSER,
    Reason.HEAD_POSE: LiveCode.LOOK_STRAIGHT,
    Reason.UNDER_EXPOSURE: LiveCode.MORE_LIGHT,
    Reason.OVER_EXPOSURE: LiveCode.LESS_LIGHT,
    Reason.SHARPNESS: LiveCode.HOLD_STILL,
    Reason.EYES_VISIBLE: LiveCode.UNCOVER_EYES,
}


def session_over(parts: Parts, max_sd_years: float = 10.0) -> GuidedSession:
    return GuidedSession(parts.pipeline(), POLICY, max_sd_years)


def result_of(ages_years: Sequence[float], *, sd_years: float = 3.0) -> CheckResult:
    """Of a session that reads one of these ages from each frame."""
    parts = Parts(sd_years=sd_years)
    session = session_over(parts)
    for age_years in ages_years:
        parts.estimator.mean_years = age_years
        session.see(FRAME, at_ms=0)
    return session.finish()


@pytest.mark.parametrize("n_frames", range(MIN_FRAMES))
def test_fewer_frames_than_needed_have_no_verdict(n_frames: int) -> None:
    """One lucky frame decides nothing."""
    assert result_of([40.0] * n_frames).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("age_years", "verdict"),
    [(40.0, Verdict.OVER), (12.0, Verdict.UNDER), (20.0, Verdict.INCONCLUSIVE)],
)
def test_enough_equal_frames_have_the_policys_verdict(age_years: float, verdict: Verdict) -> None:
    """The same rule as for a single picture."""
    assert result_of([age_years] * MIN_FRAMES).verdict is verdict


def test_the_median_decides_and_not_the_best_frame() -> None:
    """Waiting for one frame in which a minor looks old is of no use."""
    assert result_of([20.0] * 4 + [70.0] * 3) == CheckResult.inconclusive(Reason.WITHIN_BUFFER)
    assert result_of([12.0] * 4 + [70.0] * 3) == CheckResult(Verdict.UNDER)
    assert result_of([12.0] * 3 + [70.0] * 4) == CheckResult(Verdict.OVER)


@pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_does_not_count(figure: float) -> None:
    """A NaN among others would put the median anywhere: such a frame is left out."""
    assert result_of([figure] * 20) == CheckResult.inconclusive(Reason.ESTIMATE_INVALID)
    assert result_of([40.0] * (MIN_FRAMES - 1) + [figure] * 9).verdict is Verdict.INCONCLUSIVE
    assert result_of([figure, *[12.0] * MIN_FRAMES, figure]) == CheckResult(Verdict.UNDER)


def test_an_uncertain_session_has_no_verdict() -> None:
    """The limit on the spread holds for sessions as well."""
    expected = CheckResult.inconclusive(Reason.ESTIMATE_UNCERTAIN)
    assert result_of([40.0] * MIN_FRAMES, sd_years=10.1) == expected


@pytest.mark.parametrize(("reason", "code"), GUIDED.items(), ids=str)
def test_each_fault_has_its_guidance(reason: Reason, code: LiveCode) -> None:
    """The person learns what to do, and nothing else is told."""
    parts = Parts()
    parts.assessor.reason = reason
    session = session_over(parts)
    session.see(FRAME, at_ms=0)
    assert session.tick() is code
    assert session.finish() == CheckResult.inconclusive(reason)


def test_no_face_and_several_faces_have_their_guidance() -> None:
    """Exactly one person is to be in view."""
    parts = Parts()
    session = session_over(parts)
    parts.detector.faces = []
    session.see(FRAME, at_ms=0)
    assert session.tick() is LiveCode.NO_FACE
    parts.detector.faces = [face(0, 0, 100), face(120, 0, 100)]
    session.see(FRAME, at_ms=0)
    assert session.tick() is LiveCode.SEVERAL_FACES


@pytest.mark.parametrize("reason", sorted(set(Reason) - set(GUIDED), key=str))
def test_a_reason_that_nobody_can_act_on_is_not_told(reason: Reason) -> None:
    """Above all, no tick tells how near an estimate is to a limit."""
    parts = Parts()
    parts.assessor.reason = reason
    session = session_over(parts)
    session.see(FRAME, at_ms=0)
    told = {Reason.NO_FACE: LiveCode.NO_FACE, Reason.SEVERAL_FACES: LiveCode.SEVERAL_FACES}
    assert session.tick() is told.get(reason, LiveCode.WAITING)


@pytest.mark.parametrize("age_years", [12.0, 17.9, 20.0, 25.0, 70.0])
def test_guidance_is_the_same_at_every_age(age_years: float) -> None:
    """The ticks say how to stand, never how old."""
    parts = Parts(mean_years=age_years)
    session = session_over(parts)
    assert session.tick() is LiveCode.WAITING
    session.see(FRAME, at_ms=0)
    assert session.tick() is LiveCode.GOOD


def test_guidance_follows_the_latest_frame() -> None:
    """Whoever has come closer is not told to come closer."""
    parts = Parts()
    session = session_over(parts)
    parts.assessor.reason = Reason.INTER_EYE_DISTANCE
    session.see(FRAME, at_ms=0)
    parts.assessor.reason = None
    session.see(FRAME, at_ms=1)
    assert session.tick() is LiveCode.GOOD


def test_a_session_without_a_frame_has_no_verdict() -> None:
    """Nobody was seen."""
    session = session_over(Parts())
    assert session.tick() is LiveCode.WAITING
    assert session.finish() == CheckResult.inconclusive(Reason.NO_FACE)


def test_a_frame_that_fails_does_not_count() -> None:
    """An error in one frame adds no estimate."""
    parts = Parts()
    session = session_over(parts)
    for _ in range(MIN_FRAMES - 1):
        session.see(FRAME, at_ms=0)
    assert isinstance(parts.estimator, FakeEstimator)
    parts.estimator.error = RuntimeError()
    for _ in range(MIN_FRAMES):
        with pytest.raises(RuntimeError):
            session.see(FRAME, at_ms=0)
    assert session.finish().verdict is Verdict.INCONCLUSIVE

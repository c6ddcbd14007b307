"""A live session's core: guidance by the latest frame, a verdict by the median of the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from agecheck.estimate import AgeEstimate
from agecheck.guidance import KEPT_FRAMES, MIN_FRAMES, GuidedSession, LiveCode
from agecheck.live_script import Step
from agecheck.policy import EffectivePolicy
from agecheck.ports import AlignedFace, FaceMesh, Sight
from agecheck.verdict import CheckResult, Reason, Verdict
from unit import fakes

if TYPE_CHECKING:
    from agecheck.ports import Picture, RgbFrame

POLICY = EffectivePolicy(18, 25.0, 3)
FRAME = np.zeros((40, 30, 3), np.uint8)
GUIDED = {
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


@dataclass
class Scripted:
    """A tracker that shows what it is told to: (age of the face, worth) or a reason."""

    next: tuple[float, float] | Reason = (40.0, 0.5)
    ages_years: dict[int, float] = field(default_factory=dict)
    error: Exception | None = None
    kept: list[FaceMesh] = field(default_factory=list)  # so that no id is used twice

    def look(self, frame: RgbFrame, at_ms: int) -> Sight:  # noqa: ARG002
        if self.error is not None:
            raise self.error
        if isinstance(self.next, Reason):
            return Sight(at_ms, (40, 30), None, self.next)
        mesh = fakes.mesh()
        age_years, worth = self.next
        self.ages_years[id(mesh.chip_rgb)] = age_years
        self.kept.append(mesh)
        return Sight(at_ms, (40, 30), mesh, None, worth)


@dataclass
class Ages:
    """Reads the age that the tracker gave to a face, and counts how often it was asked."""

    tracker: Scripted
    sd_years: float = 3.0
    asked: int = 0
    cut: int = 0

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:  # noqa: ARG002
        self.cut += 1
        return AlignedFace(mesh.chip_rgb, mesh.chip_rgb)

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        self.asked += 1
        age_years = self.tracker.ages_years[id(face.chip_rgb)]
        return AgeEstimate(age_years, self.sd_years, cautious_years=age_years)


@dataclass
class Watch:
    """Says what it is told to."""

    asks: Step | None = None
    ended_by: Reason | None = None
    life_shown: bool = True
    lit_at_ms: int | None = None

    def see(self, frame: RgbFrame, sight: Sight) -> None:
        """Takes no notice."""

    def lights_began(self, at_ms: int) -> None:
        self.lit_at_ms = at_ms

    def ask(self) -> Step | None:
        return self.asks


class Rig:
    """A session over scripted parts."""

    def __init__(self, watch: Watch | None = None, sd_years: float = 3.0) -> None:
        self.tracker = Scripted()
        self.estimator = Ages(self.tracker, sd_years)
        self.session = GuidedSession(self.tracker, self.estimator, watch, POLICY, 10.0)

    def see(self, shown: tuple[float, float] | Reason, times: int = 1) -> None:
        self.tracker.next = shown
        for _ in range(times):
            self.session.see(FRAME, at_ms=0)


def result_of(faces: Sequence[tuple[float, float]], *, sd_years: float = 3.0) -> CheckResult:
    """Of a session that sees faces of these ages and worths."""
    rig = Rig(sd_years=sd_years)
    for face in faces:
        rig.see(face)
    return rig.session.finish()


def alike(*ages_years: float) -> list[tuple[float, float]]:
    return [(age_years, 0.5) for age_years in ages_years]


class TestVerdict:
    @pytest.mark.parametrize("n_frames", range(MIN_FRAMES))
    def test_fewer_frames_than_needed_have_no_verdict(self, n_frames: int) -> None:
        """One lucky frame decides nothing."""
        assert result_of(alike(*[40.0] * n_frames)).verdict is Verdict.INCONCLUSIVE

    @pytest.mark.parametrize(
        ("age_years", "verdict"),
        [(40.0, Verdict.OVER), (12.0, Verdict.UNDER), (20.0, Verdict.INCONCLUSIVE)],
    )
    def test_enough_equal_frames_have_the_policys_verdict(
        self, age_years: float, verdict: Verdict
    ) -> None:
        """The same rule as for a single picture."""
        assert result_of(alike(*[age_years] * MIN_FRAMES)).verdict is verdict

    def test_the_median_decides_and_not_the_oldest_look(self) -> None:
        """Waiting for one frame in which a minor looks old is of no use."""
        assert result_of(alike(*[12.0] * 4, *[70.0] * 3)) == CheckResult(Verdict.UNDER)
        assert result_of(alike(*[12.0] * 3, *[70.0] * 4)) == CheckResult(Verdict.OVER)

    def test_the_best_frames_of_the_whole_session_are_estimated(self) -> None:
        """Neither the first nor the last frames count more, and poor ones not at all."""
        best = [(12.0, 0.9)] * KEPT_FRAMES
        poor = [(70.0, 0.1)] * 30
        for faces in (best + poor, poor + best, poor + best + poor):
            assert result_of(faces) == CheckResult(Verdict.UNDER)

    def test_a_frame_that_is_not_kept_costs_no_crop(self) -> None:
        """The estimator's own crop takes as long as a quarter of all else that a frame costs."""
        rig = Rig()
        rig.see((12.0, 0.9), times=KEPT_FRAMES)
        rig.see((12.0, 0.1), times=30)
        assert rig.estimator.cut == KEPT_FRAMES
        rig.see((12.0, 0.95))
        assert rig.estimator.cut == KEPT_FRAMES + 1

    def test_of_equal_frames_the_later_ones_are_kept(self) -> None:
        """Which is as good as any other rule, as long as it is one."""
        early, late = alike(*[70.0] * KEPT_FRAMES), alike(*[12.0] * KEPT_FRAMES)
        assert result_of(early + late) == CheckResult(Verdict.UNDER)

    def test_no_age_is_estimated_before_the_end(self) -> None:
        """So that no word said on the way can depend on one; and then of few frames only."""
        rig = Rig()
        rig.see((40.0, 0.5), times=50)
        rig.session.tick()
        assert rig.estimator.asked == 0
        rig.session.finish()
        assert rig.estimator.asked == KEPT_FRAMES

    @pytest.mark.parametrize("figure", [math.nan, math.inf, -math.inf])
    def test_one_estimate_that_is_no_number_leaves_no_verdict(self, figure: float) -> None:
        """It would put the median anywhere; and a network that says so once is not believed."""
        invalid = CheckResult.inconclusive(Reason.ESTIMATE_INVALID)
        assert result_of(alike(*[figure] * 20)) == invalid
        assert result_of(alike(*[40.0] * (MIN_FRAMES - 1), *[figure] * 4)) == invalid
        for age_years in (12.0, 40.0):
            assert result_of(alike(figure, *[age_years] * (KEPT_FRAMES - 1))) == invalid

    @pytest.mark.parametrize("worth", [math.nan, math.inf])
    def test_a_frame_whose_worth_is_no_number_is_not_kept(self, worth: float) -> None:
        """It would never be pushed out by a better one."""
        assert result_of([(40.0, worth)] * 20).verdict is Verdict.INCONCLUSIVE

    def test_an_uncertain_session_has_no_verdict(self) -> None:
        """The limit on the spread holds for sessions as well."""
        expected = CheckResult.inconclusive(Reason.ESTIMATE_UNCERTAIN)
        assert result_of(alike(*[40.0] * MIN_FRAMES), sd_years=10.1) == expected

    def test_a_session_without_a_frame_has_no_verdict(self) -> None:
        """Nobody was seen."""
        rig = Rig()
        assert rig.session.tick() is LiveCode.WAITING
        assert rig.session.finish() == CheckResult.inconclusive(Reason.NO_FACE)

    def test_a_frame_that_fails_does_not_count(self) -> None:
        """An error in one frame adds no estimate."""
        rig = Rig()
        rig.see((40.0, 0.5), times=MIN_FRAMES - 1)
        rig.tracker.error = RuntimeError()
        for _ in range(MIN_FRAMES):
            with pytest.raises(RuntimeError):
                rig.session.see(FRAME, at_ms=0)
        assert rig.session.finish().verdict is Verdict.INCONCLUSIVE


class TestGuidance:
    @pytest.mark.parametrize(("reason", "code"), GUIDED.items(), ids=str)
    def test_each_fault_has_its_guidance(self, reason: Reason, code: LiveCode) -> None:
        """The person learns what to do, and nothing else is told."""
        rig = Rig()
        rig.see(reason)
        assert rig.session.tick() is code
        assert rig.session.finish() == CheckResult.inconclusive(reason)

    @pytest.mark.parametrize("reason", sorted(set(Reason) - set(GUIDED), key=str))
    def test_a_reason_that_nobody_can_act_on_is_not_told(self, reason: Reason) -> None:
        """Above all, no tick tells how near an estimate is to a limit."""
        rig = Rig()
        rig.see(reason)
        assert rig.session.tick() is LiveCode.WAITING

    def test_guidance_follows_the_latest_frame(self) -> None:
        """Whoever has come closer is not told to come closer."""
        rig = Rig()
        rig.see(Reason.INTER_EYE_DISTANCE)
        rig.see((40.0, 0.5))
        assert rig.session.tick() is LiveCode.GOOD

    def test_it_is_done_when_there_are_enough_frames(self) -> None:
        """Nobody stands there for longer than is needed."""
        rig = Rig()
        rig.see((40.0, 0.5), times=KEPT_FRAMES - 1)
        assert rig.session.tick() is LiveCode.GOOD
        rig.see((40.0, 0.5))
        assert rig.session.tick() is LiveCode.DONE


class TestLiveness:
    @pytest.mark.parametrize(
        ("step", "code"),
        [
            (Step.TURN_LEFT, LiveCode.TURN_LEFT),
            (Step.TURN_RIGHT, LiveCode.TURN_RIGHT),
            (Step.NOD, LiveCode.NOD),
            (Step.COME_CLOSER, LiveCode.COME_CLOSER),
            (Step.BLINK, LiveCode.BLINK),
        ],
    )
    def test_a_movement_is_asked_for_by_its_name(self, step: Step, code: LiveCode) -> None:
        """Also while the head is turned, which it was asked to be."""
        rig = Rig(Watch(asks=step, life_shown=False))
        rig.see((40.0, 0.5))
        assert rig.session.tick() is code
        rig.see(Reason.HEAD_POSE)
        assert rig.session.tick() is code

    def test_how_to_stand_comes_before_a_movement(self) -> None:
        """Who cannot be seen cannot be asked for anything."""
        rig = Rig(Watch(asks=Step.NOD, life_shown=False))
        rig.see(Reason.UNDER_EXPOSURE)
        assert rig.session.tick() is LiveCode.MORE_LIGHT

    @pytest.mark.parametrize("reason", [Reason.PRESENTATION_ATTACK, Reason.SEVERAL_FACES])
    def test_what_ends_the_session_is_its_result(self, reason: Reason) -> None:
        """An attack is INCONCLUSIVE, whatever age was shown, and later frames change nothing."""
        watch = Watch()
        rig = Rig(watch)
        rig.see((40.0, 0.5), times=20)
        watch.ended_by = reason
        rig.see((12.0, 0.9))
        watch.ended_by = None
        rig.see((12.0, 0.9), times=20)
        assert rig.session.tick() is LiveCode.DONE
        assert rig.session.finish() == CheckResult.inconclusive(reason)
        assert rig.estimator.asked == 0

    def test_without_a_sign_of_life_there_is_no_verdict(self) -> None:
        """Neither OVER nor UNDER: nobody may have been there."""
        for age_years in (12.0, 40.0):
            rig = Rig(Watch(life_shown=False))
            rig.see((age_years, 0.5), times=20)
            assert rig.session.tick() is LiveCode.GOOD
            expected = CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)
            assert rig.session.finish() == expected

    def test_a_watch_that_fails_leaves_no_verdict(self) -> None:
        """It has missed what that frame showed, and frames that it did see change nothing."""

        class Failing(Watch):
            fails = False

            def see(self, frame: RgbFrame, sight: Sight) -> None:  # noqa: ARG002
                if self.fails:
                    raise ZeroDivisionError

        watch = Failing()
        rig = Rig(watch)
        rig.see((40.0, 0.5), times=20)
        watch.fails = True
        with pytest.raises(ZeroDivisionError):
            rig.see((40.0, 0.5))
        watch.fails = False
        rig.see((40.0, 0.5), times=20)
        assert rig.session.finish() == CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)

    def test_a_frame_that_the_watch_has_missed_leaves_no_verdict(self) -> None:
        """A tracker that fails on it keeps it from the watch: what it showed is not known."""
        rig = Rig(Watch())
        rig.see((40.0, 0.5), times=20)
        rig.tracker.error = RuntimeError()
        with pytest.raises(RuntimeError):
            rig.session.see(FRAME, at_ms=0)
        rig.tracker.error = None
        rig.see((40.0, 0.5), times=20)
        assert rig.session.tick() is LiveCode.DONE
        assert rig.session.finish() == CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)

    def test_the_lights_beginning_reaches_the_watch(self) -> None:
        """Without it no lag can be known."""
        watch = Watch()
        Rig(watch).session.lights_began(1234)
        assert watch.lit_at_ms == 1234

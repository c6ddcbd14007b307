"""A live session's core: guidance by the latest frame, a verdict by the median of the best."""

from __future__ import annotations

import math

import pytest

from agecheck.guidance import KEPT_FRAMES, MIN_FRAMES, LiveCode
from agecheck.verdict import CheckResult, Reason, Verdict
from unit.guided import GUIDED, Rig, alike, result_of


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
        assert result_of(alike(*[16.0] * 4, *[27.0] * 3)) == CheckResult(Verdict.UNDER)
        assert result_of(alike(*[16.0] * 3, *[27.0] * 4)) == CheckResult(Verdict.OVER)
        assert result_of(alike(*[16.0] * 6, 70.0)) == CheckResult(Verdict.UNDER)

    @pytest.mark.parametrize("n_old", range(2, KEPT_FRAMES - 1))
    def test_ages_of_two_people_have_no_verdict(self, n_old: int) -> None:
        """Whichever of them has more frames; the median of four and four would lie between."""
        uncertain = CheckResult.inconclusive(Reason.ESTIMATE_UNCERTAIN)
        for n_young in range(max(2, MIN_FRAMES - n_old), KEPT_FRAMES - n_old + 1):
            assert result_of(alike(*[60.0] * n_old, *[15.0] * n_young)) == uncertain

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

"""What a guided session makes of what the watch for attacks says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agecheck.guidance import KEPT_FRAMES, LiveCode
from agecheck.live_script import Step
from agecheck.ports import Sight
from agecheck.verdict import CheckResult, Reason, Verdict
from unit.guided import FRAME, Rig, Watch

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame


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

    def test_what_the_watch_does_not_vouch_for_is_not_kept(self) -> None:
        """The face whose age is signed is the one that has shown life."""
        watch = Watch(vouches=False)
        rig = Rig(watch)
        rig.see((70.0, 0.9), times=20)
        assert rig.session.tick() is LiveCode.GOOD
        assert rig.estimator.cut == 0
        watch.vouches = True
        rig.see((12.0, 0.5), times=KEPT_FRAMES)
        assert rig.session.finish() == CheckResult(Verdict.UNDER)

    def test_of_the_kept_frames_only_those_of_the_living_face_count(self) -> None:
        """An older face that was slipped in among them is left out, best as it was to look at."""
        watch = Watch(others=frozenset(range(8, 12)))
        rig = Rig(watch)
        rig.see((12.0, 0.5), times=8)
        rig.see((70.0, 0.9), times=4)
        assert rig.session.finish() == CheckResult(Verdict.UNDER)
        assert rig.estimator.asked == KEPT_FRAMES - 4
        watch.others = frozenset(range(7, 12))
        expected = CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)
        assert rig.session.finish() == expected

    def test_a_watch_that_fails_leaves_no_verdict(self) -> None:
        """It has missed what that frame showed, and frames that it did see change nothing."""

        class Failing(Watch):
            fails = False

            def see(self, frame: RgbFrame, sight: Sight) -> bool:
                if self.fails:
                    raise ZeroDivisionError
                return super().see(frame, sight)

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

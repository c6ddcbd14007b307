"""The face whose age is judged is one, and has shown life, whatever was put in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from agecheck import CheckResult, EffectivePolicy, Reason, Verdict
from agecheck.estimate import AgeEstimate
from agecheck.guidance import KEPT_FRAMES, GuidedSession, LiveCode
from agecheck.liveness import one_face, watch
from agecheck.liveness.continuity import MIN_READINGS
from agecheck.liveness.looks import FAMILIAR_LOOK
from agecheck.ports import Sight
from benchmarks.actors import Covered, Person
from benchmarks.live_runs import run_session
from benchmarks.species import CoveredSwap, Dissolved, SecondFace, Swap
from live.readings import FRAME_MS, LOOK, OTHER_LOOK, reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from agecheck.liveness.reading import FaceReading
    from agecheck.policy import Liveness
    from agecheck.ports import AlignedFace, AttackDetector, FaceMesh, Picture, RgbFrame
    from benchmarks.actors import Actor

SIZE_PX = (60, 80)
NOBODY = None
COMPANY = Reason.SEVERAL_FACES
REFUSED = {
    CheckResult.inconclusive(reason) for reason in (Reason.PRESENTATION_ATTACK, Reason.NO_FACE)
}


@dataclass(frozen=True, eq=False)
class Shown:
    """A face as a camera sees it, with the age that an estimator would read."""

    age_years: float
    worth: float
    look: NDArray[np.float32]
    asymmetry: float = 0.0
    closed: bool = False
    skin_rgb: tuple[float, float, float] = (200.0, 165.0, 140.0)


ADULT = Shown(45.0, 0.95, LOOK)  # a photograph, better lit than whoever holds it
MINOR = Shown(15.0, 0.90, OTHER_LOOK)


class Stage:
    """A real session and watch; a test says which face each frame shows."""

    def __init__(self, attack_detector: AttackDetector) -> None:
        self.shown: Shown | Reason | None = None
        self.at_ms = 0
        self._random = np.random.default_rng(3)
        policy = EffectivePolicy(18, 25.0, 3)
        self.session = GuidedSession(self, self, attack_detector, policy, 10.0)

    def look(self, frame: RgbFrame, at_ms: int) -> Sight:
        size_px = (frame.shape[0], frame.shape[1])
        if not isinstance(self.shown, Shown):
            return Sight(at_ms, size_px, None, self.shown or Reason.NO_FACE)
        return Sight(at_ms, size_px, cast("FaceMesh", self.shown), None, self.shown.worth)

    def align(self, frame: Picture, mesh: FaceMesh) -> AlignedFace:  # noqa: ARG002
        return cast("AlignedFace", mesh)

    def estimate(self, face: AlignedFace) -> AgeEstimate:
        age_years = cast("Shown", face).age_years
        return AgeEstimate(age_years, 2.0, age_years)

    def frame(self) -> RgbFrame:
        return self._random.integers(100, 130, (*SIZE_PX, 3), np.uint8)

    def show(
        self, shown: Shown | Reason | None, n_frames: int, frame: RgbFrame | None = None
    ) -> None:
        self.shown = shown
        for _ in range(n_frames):
            self.session.see(self.frame() if frame is None else frame, self.at_ms)
            self.at_ms += FRAME_MS

    def blink(self, shown: Shown) -> None:
        """Two and a half seconds of a face, with a blink."""
        self.show(shown, 20)
        self.show(replace(shown, closed=True), 3)
        self.show(shown, 27)

    def ages_years(self) -> list[float]:
        return [cast("Shown", face).age_years for _, _, face in self.session._best]


@pytest.fixture
def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown stands for its own mesh."""

    def read(mesh: object, at_ms: int) -> FaceReading:
        shown = cast("Shown", mesh)
        return reading(
            at_ms,
            thumbnail=shown.look,
            asymmetry=shown.asymmetry,
            closed=shown.closed,
            skin_rgb=shown.skin_rgb,
            centre_px=(40.0, 25.0),
        )

    monkeypatch.setattr(watch, "read_face", read)
    monkeypatch.setattr(one_face, "read_face", read)
    monkeypatch.setattr(watch, "face_patch", lambda *_: None)


@pytest.fixture
def stage(readable: None) -> Stage:  # noqa: ARG001
    """At `passive`."""
    return Stage(watch.LivenessWatch(None))


@pytest.fixture
def bare(readable: None) -> Stage:  # noqa: ARG001
    """At `none`."""
    return Stage(one_face.OneFaceWatch())


def blended(share: float) -> NDArray[np.float32]:
    """A look between two faces."""
    look = (1 - share) * LOOK + share * OTHER_LOOK
    return np.asarray(look / np.linalg.norm(look), np.float32)


class TestSwaps:
    @pytest.mark.parametrize("gap_ms", [0, 50, 200, 350, 600, 900])
    @pytest.mark.parametrize("asymmetry", [0.0, 0.3])
    def test_through_a_gap(self, stage: Stage, gap_ms: int, asymmetry: float) -> None:
        """A photograph, a hand before it, and then somebody else, in the same pose or another."""
        stage.show(ADULT, 15)
        stage.show(NOBODY, gap_ms // FRAME_MS)
        stage.blink(replace(MINOR, asymmetry=asymmetry))
        assert stage.session.tick() is LiveCode.DONE
        assert stage.session.finish() in REFUSED

    @pytest.mark.parametrize("gap_ms", [200, 600, 900])
    def test_the_other_way_round(self, stage: Stage, gap_ms: int) -> None:
        """First the living minor, then a better picture of somebody older."""
        stage.blink(MINOR)
        stage.show(NOBODY, gap_ms // FRAME_MS)
        stage.show(ADULT, 30)
        assert stage.session.finish() in REFUSED

    @pytest.mark.parametrize("gap_ms", [350, 900])
    def test_a_gap_in_the_frames(self, stage: Stage, gap_ms: int) -> None:
        """None comes, and nobody knows what was there."""
        stage.show(ADULT, 15)
        stage.at_ms += gap_ms
        stage.blink(MINOR)
        assert stage.session.finish() in REFUSED

    @pytest.mark.parametrize("gap_ms", [0, 350, 800, 3000])
    @pytest.mark.parametrize("n_frames", [1, 2, 3, 4])
    def test_before_a_face_is_followed(self, stage: Stage, n_frames: int, gap_ms: int) -> None:
        """Nothing counts of a face that went before: people walk past a kiosk."""
        stage.show(ADULT, n_frames)
        stage.show(NOBODY, gap_ms // FRAME_MS)
        stage.blink(MINOR)
        assert stage.ages_years() == [15.0] * KEPT_FRAMES
        assert stage.session.finish() == CheckResult(Verdict.UNDER)

    def test_there_and_back(self, stage: Stage) -> None:
        """A living face that blinks for the photograph does not lend it its life."""
        stage.show(ADULT, 15)
        for _ in range(8):
            stage.show(NOBODY, 2)
            for closed in (False, True, True, False, False):
                stage.show(replace(MINOR, closed=closed, asymmetry=0.3), 1)
            stage.show(NOBODY, 2)
            stage.show(ADULT, 8)
        assert stage.session.finish() == CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)

    def test_slowly_enough_that_nothing_jumps(self, stage: Stage) -> None:
        """A photograph that is drawn aside: the last look is still compared with the first."""
        stage.show(ADULT, 15)
        for share in np.linspace(0.0, 1.0, 12):
            stage.show(replace(ADULT, look=blended(share)), 1)
        stage.blink(MINOR)
        assert stage.session.finish() == CheckResult.inconclusive(Reason.PRESENTATION_ATTACK)


class TestDissolved:
    """Another's face is mixed in and out within a few frames, and nothing jumps."""

    @pytest.mark.parametrize("seed", range(3))
    def test_while_a_living_one_does_all_that_is_asked(self, seed: int) -> None:
        """In a pose in which the living one was not seen, after it has answered the lights."""
        run = run_session(Dissolved(seed), "active", max_ms=14_000)
        assert run.result in REFUSED | {CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)}


class TestRepetitions:
    def test_a_still_frame_is_kept_once_at_most(self, stage: Stage) -> None:
        """Sixteen times the same injected frame, and then a living face."""
        stage.show(ADULT, 16, stage.frame())
        stage.blink(MINOR)
        assert stage.ages_years() == [15.0] * KEPT_FRAMES
        assert stage.session.finish() == CheckResult(Verdict.UNDER)

    def test_a_followed_face_gains_no_frames_by_repetition(self, stage: Stage) -> None:
        """What the watch leaves out is not kept either."""
        stage.show(ADULT, 5)
        stage.show(ADULT, 10, stage.frame())
        assert len(stage.ages_years()) == 2

    def test_equal_rows_are_not_an_equal_frame(self, stage: Stage) -> None:
        """Only one byte differs, wherever it is."""
        stage.blink(MINOR)
        for index in range(20):
            frame = stage.frame()
            stage.show(MINOR, 1, frame)
            forged = frame.copy()
            forged[index % 4 :: 4] += 1
            stage.show(ADULT, 1, forged)
        assert stage.ages_years() == [15.0] * KEPT_FRAMES
        assert stage.session.finish() != CheckResult(Verdict.OVER)


class TestWithoutLiveness:
    """At `none` no sign of life is needed, and it is one face all the same."""

    def test_it_ends_as_soon_as_there_are_frames(self, bare: Stage) -> None:
        """Nobody has to blink, or to stand there for longer than the estimate needs."""
        bare.show(ADULT, MIN_READINGS - 1 + KEPT_FRAMES)
        assert bare.session.tick() is LiveCode.DONE
        assert bare.session.finish() == CheckResult(Verdict.OVER)

    def test_company_ends_it(self, bare: Stage) -> None:
        """Somebody joins the person, the person leaves, and only the other one is left."""
        bare.show(ADULT, 6)
        bare.show(COMPANY, 20)
        assert bare.session.tick() is LiveCode.DONE
        bare.show(NOBODY, 40)
        bare.show(MINOR, 30)
        assert bare.session.finish() == CheckResult.inconclusive(Reason.SEVERAL_FACES)

    @pytest.mark.parametrize("gap_ms", [0, 50, 350, 900, 1100, 3000])
    def test_another_face_does_not_go_on(self, bare: Stage, gap_ms: int) -> None:
        """Neither at once nor after a while; whoever left begins a session anew."""
        bare.show(ADULT, 8)
        bare.show(NOBODY, gap_ms // FRAME_MS)
        bare.show(MINOR, 30)
        assert bare.session.tick() is LiveCode.DONE
        assert bare.session.finish() in REFUSED

    def test_a_passer_by_does_not_count(self, bare: Stage) -> None:
        """Of a face that was not followed yet, nothing is kept."""
        bare.show(ADULT, MIN_READINGS - 1)
        bare.show(MINOR, 30)
        assert bare.ages_years() == [15.0] * KEPT_FRAMES
        assert bare.session.finish() == CheckResult(Verdict.UNDER)

    def test_a_still_picture_passes(self, bare: Stage) -> None:
        """As it does in `check`: an equal frame is no attack where none is looked for."""
        bare.show(ADULT, 60, bare.frame())
        assert bare.session.finish() == CheckResult(Verdict.OVER)

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize("make", [Swap, CoveredSwap, SecondFace])
    def test_rendered_people_who_change_places(self, make: Callable[..., Actor], seed: int) -> None:
        """Through the networks: all of them are adults, and still there is no verdict."""
        run = run_session(make(seed, from_ms=300), "none", max_ms=3000)
        assert run.done_at_ms is not None
        assert run.result in {*REFUSED, CheckResult.inconclusive(Reason.SEVERAL_FACES)}

    @pytest.mark.parametrize("seed", range(4))
    def test_a_rendered_person_passes_at_once(self, seed: int) -> None:
        """Within a second of good video."""
        run = run_session(Person(seed), "none", max_ms=1000)
        assert (run.result, run.done_at_ms) == (CheckResult(Verdict.OVER), 1000)


class TestHonest:
    @pytest.mark.parametrize("lost_ms", [50, 200, 500, 800])
    def test_a_face_that_comes_back_goes_on(self, stage: Stage, lost_ms: int) -> None:
        """Before the blink and after it, looking a little different."""
        before = replace(ADULT, look=blended(0.0))
        after = replace(ADULT, look=blended(0.3), skin_rgb=(180.0, 148.0, 126.0))
        stage.show(before, 12)
        stage.show(NOBODY, lost_ms // FRAME_MS)
        stage.blink(after)
        assert 1 - float(np.vdot(before.look, after.look)) < FAMILIAR_LOOK
        assert stage.session.finish() == CheckResult(Verdict.OVER)

    @pytest.mark.parametrize(("liveness", "max_ms"), [("passive", 6000), ("active", 14_000)])
    @pytest.mark.parametrize("seed", [0, 3])
    def test_a_rendered_person_whose_mesh_is_lost(
        self, seed: int, liveness: Liveness, max_ms: int
    ) -> None:
        """Who blinks, sways and turns: a hand passes before the camera, and all goes on."""
        run = run_session(Covered(seed, 1300, 250), liveness, max_ms=max_ms)
        assert run.result == CheckResult(Verdict.OVER)

"""LiveSession, sealed and in the calling process: the whole way from frames to a result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agecheck import AgeChecker, AgePolicy, CheckResult, Reason, Verdict, load_checker
from agecheck.bootstrap import SealWanted
from agecheck.challenge import Challenge
from agecheck.errors import ImageError, ImageFault, PolicyError, WorkerError
from agecheck.guidance import LiveCode
from agecheck.live_session import LiveAttempts, LiveSession
from agecheck.policy import Liveness
from agecheck.seal import live_channel
from agecheck.seal.live_channel import MAX_FRAMES_PER_TICK
from benchmarks.actors import Actor, Person, Sheet
from benchmarks.live_runs import FRAME_MS
from benchmarks.species import SPECIES, still

FAST_TICK_MS = 50
TICK_MS = 500


@pytest.fixture(autouse=True)
def fast_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about what is said, not about when; frames carry times of their own."""
    monkeypatch.setattr(live_channel, "TICK_MS", FAST_TICK_MS)
    monkeypatch.setattr(live_channel, "MAX_TICKS", 100_000)


@pytest.fixture(scope="module", params=["require", "off"])
def seal(request: pytest.FixtureRequest) -> SealWanted:
    wanted: SealWanted = request.param
    return wanted


def checker_of(seal: SealWanted, liveness: Liveness) -> AgeChecker:
    return load_checker(AgePolicy(challenge_age=25, liveness=liveness), seal=seal)


@pytest.fixture(scope="module")
def passive(seal: SealWanted) -> Iterator[AgeChecker]:
    with checker_of(seal, "passive") as checker:
        yield checker


@pytest.fixture(scope="module")
def active(seal: SealWanted) -> Iterator[AgeChecker]:
    with checker_of(seal, "active") as checker:
        yield checker


def run(session: LiveSession, actor: Actor, max_ms: int = 12_000) -> CheckResult:
    """Show an actor until the session is over, or for so long."""
    if session.lights:
        session.lights_began(200)
        actor.lit(session.lights, 200)
    for tick_at_ms in range(TICK_MS, max_ms + 1, TICK_MS):
        for at_ms in range(tick_at_ms - TICK_MS, tick_at_ms, FRAME_MS):
            assert session.show(actor.frame(at_ms), at_ms)
        actor.hear(session.tick(), tick_at_ms)
        if session.is_done:
            break
    return session.finish()


class TestPassive:
    def test_a_living_adult_is_over(self, passive: AgeChecker) -> None:
        """First verdict within three seconds of good video."""
        with passive.live_session() as session:
            assert session.lights == ()
            assert run(session, Person(0), max_ms=3000) == CheckResult(Verdict.OVER)
            assert session.is_done

    def test_a_photograph_shows_no_life(self, passive: AgeChecker) -> None:
        """Held by hand, however long; nobody is accused."""
        with passive.live_session() as session:
            result = run(session, Sheet(3, still(3)), max_ms=5000)
        assert result == CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)

    @pytest.mark.parametrize("species", ["screen-video", "frozen", "swap", "covered-swap"])
    def test_an_attack_is_inconclusive(self, species: str, passive: AgeChecker) -> None:
        """An adult's face, and still neither OVER nor UNDER."""
        with passive.live_session() as session:
            result = run(session, SPECIES[species](4), max_ms=6000)
            assert session.is_done
        assert result == CheckResult.inconclusive(Reason.PRESENTATION_ATTACK)

    def test_a_still_picture_cannot_be_checked(self, passive: AgeChecker) -> None:
        """Asking for liveness and being answered without would be a false promise."""
        frame = Person(0).frame(0)
        challenge = Challenge("https://shop.example", "n" * 22, 18)
        with pytest.raises(PolicyError, match="live_session"):
            passive.check(frame)
        with pytest.raises(PolicyError, match="live_session"):
            passive.attest(frame, challenge, None)  # type: ignore[arg-type]


class TestActive:
    def test_who_does_what_is_asked_is_over(self, active: AgeChecker) -> None:
        """Movements, colours and a head: first verdict within eight seconds."""
        with active.live_session() as session:
            assert run(session, Person(3), max_ms=8000) == CheckResult(Verdict.OVER)

    def test_an_injected_film_does_not_answer_the_light(self, active: AgeChecker) -> None:
        """It does every movement."""
        with active.live_session() as session:
            result = run(session, SPECIES["injected-no-light"](5))
        assert result == CheckResult.inconclusive(Reason.LIVENESS_NOT_SHOWN)

    def test_each_session_asks_for_something_else(self, active: AgeChecker) -> None:
        """A recording of one is of no use in another."""
        scripts = set()
        for _ in range(5):
            with active.live_session() as session:
                scripts.add(session.lights)
        assert len(scripts) == 5


class TestSurface:
    def test_what_is_no_frame_is_refused_and_the_session_goes_on(self, passive: AgeChecker) -> None:
        """A camera may deliver one bad frame."""
        with passive.live_session() as session:
            with pytest.raises(ImageError):
                session.show(np.zeros((4, 4)), 0)  # type: ignore[arg-type]
            assert session.tick() is LiveCode.WAITING

    def test_what_is_no_time_is_refused_and_the_session_goes_on(self, passive: AgeChecker) -> None:
        """A wrong time is the caller's mistake, told as one; it costs nobody the session."""
        frame = Person(0).frame(0)
        with passive.live_session() as session:
            for wrong in (12.5, 2**63, 2**64, -1, True, "1", None):
                with pytest.raises(ValueError, match="int from 0"):
                    session.show(frame, wrong)  # type: ignore[arg-type]
                with pytest.raises(ValueError, match="int from 0"):
                    session.lights_began(wrong)  # type: ignore[arg-type]
            assert session.show(frame, 2**63 - 1)
            assert session.tick() is not LiveCode.DONE

    @pytest.mark.parametrize("kind", ["path", "text", "bytes", "image"])
    def test_only_an_array_is_a_frame(self, kind: str, passive: AgeChecker, portrait: Path) -> None:
        """Nothing is opened or decoded in the calling process, sealed or not."""
        with Image.open(portrait) as image, passive.live_session() as session:
            pictures = {
                "path": portrait,
                "text": str(portrait.with_name("nobody.png")),
                "bytes": portrait.read_bytes(),
                "image": image,
            }
            with pytest.raises(ImageError) as caught:
                session.show(pictures[kind], 0)  # type: ignore[arg-type]
            assert caught.value.fault is ImageFault.WRONG_TYPE
            assert session.tick() is LiveCode.WAITING

    def test_frames_beyond_a_ticks_share_are_dropped(self, passive: AgeChecker) -> None:
        """At either seal."""
        blank = np.zeros((48, 64, 3), np.uint8)
        with passive.live_session() as session:
            taken = [session.show(blank, at_ms) for at_ms in range(MAX_FRAMES_PER_TICK + 2)]
        assert taken == [True] * MAX_FRAMES_PER_TICK + [False] * 2

    def test_after_its_result_it_is_over(self, passive: AgeChecker) -> None:
        """One session, one result."""
        session = passive.live_session()
        assert session.finish() == CheckResult.inconclusive(Reason.NO_FACE)
        assert session.is_done
        for use in (session.finish, session.tick):
            with pytest.raises(WorkerError):
                use()

    def test_its_end_is_not_named_like_an_answer(self, passive: AgeChecker) -> None:
        """A token's `.over` is that somebody is old enough: who mixed them up would let all in."""
        with passive.live_session() as session:
            assert not session.is_done
            assert not hasattr(session, "over")

    def test_abort_ends_it_without_a_result(self, passive: AgeChecker) -> None:
        """People walk away; a second abort does no harm."""
        with passive.live_session() as session:
            session.abort()
            with pytest.raises(WorkerError):
                session.show(np.zeros((48, 64, 3), np.uint8), 0)

    def test_a_tick_waits_for_its_time(
        self, passive: AgeChecker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """How long a frame took is nobody's business, in the calling process either."""
        monkeypatch.setattr(live_channel, "TICK_MS", 200)
        with passive.live_session() as session:
            began_s = time.monotonic()
            session.tick()
            session.tick()
            assert 0.35 <= time.monotonic() - began_s < 1.0

    def test_it_shows_nothing_when_printed(self, passive: AgeChecker) -> None:
        """Not even its script."""
        with passive.live_session() as session:
            assert repr(session) == "<LiveSession>"


class TestAttempts:
    def at(self, now_s: float = 0.0) -> LiveAttempts:
        self.now_s = now_s
        return LiveAttempts(3, 60.0, lambda: self.now_s)

    def test_after_the_policys_attempts_comes_a_pause(self) -> None:
        """It begins with the end of the last one."""
        attempts = self.at()
        for _ in range(3):
            assert attempts.may_start()
            attempts.began()
            self.now_s += 10
            attempts.ended(None)
        assert not attempts.may_start()
        with pytest.raises(PolicyError):
            attempts.began()
        self.now_s += 59
        assert not attempts.may_start()
        self.now_s += 1
        assert attempts.may_start()

    @pytest.mark.parametrize(
        "result", [CheckResult(Verdict.UNDER), CheckResult.inconclusive(Reason.WITHIN_BUFFER)]
    )
    def test_after_an_age_was_judged_there_is_no_second_attempt(self, result: CheckResult) -> None:
        """Otherwise a minor would try until it passes; and the pause does not tell UNDER."""
        attempts = self.at()
        attempts.began()
        attempts.ended(result)
        assert not attempts.may_start()

    @pytest.mark.parametrize(
        "result",
        [
            CheckResult(Verdict.OVER),
            *(CheckResult.inconclusive(r) for r in Reason if r is not Reason.WITHIN_BUFFER),
        ],
    )
    def test_what_says_nothing_of_an_age_may_be_tried_again(self, result: CheckResult) -> None:
        """Too dark, a second face, no liveness: the next attempt may be better."""
        attempts = self.at()
        attempts.began()
        attempts.ended(result)
        assert attempts.may_start()

    def test_staff_may_reset_it(self) -> None:
        """At once."""
        attempts = self.at()
        attempts.began()
        attempts.ended(CheckResult(Verdict.UNDER))
        attempts.reset()
        assert attempts.may_start()

    def test_the_next_person_has_all_attempts(self) -> None:
        """Whoever comes a pause later."""
        attempts = self.at()
        attempts.began()
        attempts.ended(None)
        self.now_s += 60
        for _ in range(3):
            assert attempts.may_start()
            attempts.began()
        assert not attempts.may_start()

    @pytest.mark.parametrize("arguments", [(0, 1.0), (11, 1.0), (3, -1.0), (3, float("nan"))])
    def test_numbers_out_of_range_are_refused(self, arguments: tuple[int, float]) -> None:
        """A cool-down of NaN would never end, or never begin."""
        with pytest.raises(PolicyError):
            LiveAttempts(*arguments, time.monotonic)

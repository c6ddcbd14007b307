"""A live session: guidance at fixed ticks, one verdict, and no more than that."""

from __future__ import annotations

import gc
import time

import numpy as np
import pytest
from PIL import Image

from agecheck import AgeChecker, CheckResult, Reason
from agecheck.errors import (
    ChallengeError,
    ImageError,
    ImageFault,
    InternalError,
    WorkerError,
    WorkerFault,
)
from agecheck.guidance import MIN_FRAMES, LiveCode
from agecheck.live_script import TICK_MS, LiveScript
from agecheck.liveness.continuity import MIN_READINGS
from agecheck.seal import live_channel
from agecheck.seal.live_channel import MAX_FRAMES_PER_TICK, MAX_SCRIPT_BYTES, LiveChannel
from agecheck.seal.pool import WorkerPool
from seal.conftest import DEADLINE_S
from seal.processes import PORTRAIT, pool_of
from seal.tasks import NO_FACE, OVER

SCRIPT = LiveScript().to_bytes()
TICK_TOLERANCE_MS = 100
FRAME = np.zeros((48, 64, 3), np.uint8)


def command(text: str) -> bytes:
    """A script that tells seal.tasks.Session what to do."""
    return text.encode()


def ending_of(session: LiveChannel) -> WorkerFault | None:
    """What ends a session that is only ever asked for its next tick."""
    for _ in range(10):
        try:
            session.tick()
        except WorkerError as error:
            return error.fault
    return None


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    with Image.open(PORTRAIT) as opened:
        return np.asarray(opened.convert("RGB"))


@pytest.fixture
def fast_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the tests that are about order and number, not about time."""
    monkeypatch.setattr(live_channel, "TICK_MS", 20)


class TestOnAFace:
    def test_equal_frames_have_the_verdict_of_one_check(
        self, checker: AgeChecker, portrait: np.ndarray
    ) -> None:
        """A session is no second way to an answer that a check would not give."""
        with LiveChannel(pool_of(checker), SCRIPT) as session:
            for _ in range(2):
                for _ in range(6):
                    assert session.show(portrait, at_ms=0)
                assert session.tick() is LiveCode.GOOD
            assert session.finish() == checker.check(portrait) == OVER

    def test_too_few_frames_have_no_verdict(
        self, checker: AgeChecker, portrait: np.ndarray
    ) -> None:
        """One good moment is not enough."""
        with LiveChannel(pool_of(checker), SCRIPT) as session:
            for _ in range(MIN_READINGS - 1 + MIN_FRAMES - 1):
                session.show(portrait, at_ms=0)
            assert session.tick() is LiveCode.GOOD
            assert session.finish() == CheckResult.inconclusive(Reason.ESTIMATE_UNCERTAIN)

    def test_without_a_face_it_says_so(self, checker: AgeChecker) -> None:
        """The person learns what is wrong, tick by tick."""
        empty = np.full((480, 640, 3), 128, np.uint8)
        with LiveChannel(pool_of(checker), SCRIPT) as session:
            for _ in range(3):
                session.show(empty, at_ms=0)
                assert session.tick() is LiveCode.NO_FACE
            assert session.finish() == CheckResult.inconclusive(Reason.NO_FACE)

    def test_what_is_no_frame_is_refused_and_the_session_goes_on(
        self, checker: AgeChecker, portrait: np.ndarray
    ) -> None:
        """A camera may deliver one bad frame; nothing of it is looked at."""
        with LiveChannel(pool_of(checker), SCRIPT) as session:
            with pytest.raises(ImageError) as caught:
                session.show(portrait.astype(np.float32), at_ms=0)
            assert caught.value.fault is ImageFault.WRONG_DTYPE
            session.show(portrait, at_ms=0)
            assert session.tick() is LiveCode.GOOD


def test_ticks_come_at_multiples_of_their_length(obedient: WorkerPool) -> None:
    """How long a frame takes says something of what is in it, so codes come by the clock."""
    late_ms = []
    with LiveChannel(obedient, command("wait")) as session:
        began_s = session._began_s
        for index in range(5):
            session.show(FRAME, at_ms=0)
            assert session.tick() is LiveCode.WAITING
            late_ms.append((time.monotonic() - began_s) * 1000 - (index + 1) * TICK_MS)
    assert min(late_ms) >= 0
    assert sorted(late_ms)[2] <= TICK_TOLERANCE_MS


@pytest.mark.usefixtures("fast_ticks")
class TestBounds:
    def test_frames_beyond_a_ticks_share_are_dropped(self, obedient: WorkerPool) -> None:
        """A fast camera does not queue up work without end in front of a slow worker."""
        frames = MAX_FRAMES_PER_TICK + 5
        with LiveChannel(obedient, command("count frames")) as session:
            taken = [session.show(FRAME, at_ms=0) for _ in range(frames)]
            assert taken == [True] * MAX_FRAMES_PER_TICK + [False] * 5
            assert session.tick() == LiveCode(MAX_FRAMES_PER_TICK - 5)
            assert session.show(FRAME, at_ms=0)

    @pytest.mark.parametrize("ending", ["unknown code", "two codes"])
    def test_a_wrong_word_ends_the_session(self, ending: str, obedient: WorkerPool) -> None:
        """The caller's side counts and knows the codes; what is inside cannot say more."""
        with LiveChannel(obedient, command(ending)) as session:
            assert ending_of(session) is WorkerFault.PROTOCOL
            with pytest.raises(WorkerError):
                session.tick()
            with pytest.raises(WorkerError):
                session.finish()
        assert obedient.check(b"no face") == NO_FACE

    def test_a_session_has_so_many_ticks(
        self, obedient: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What can be told in one session has an end."""
        monkeypatch.setattr(live_channel, "MAX_TICKS", 4)
        with LiveChannel(obedient, command("wait")) as session:
            assert ending_of(session) is WorkerFault.DEADLINE
            assert session._ticks_passed <= 4

    def test_ticks_that_pass_in_silence_count(
        self, obedient: WorkerPool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Silence tells something as well."""
        monkeypatch.setattr(live_channel, "MAX_TICKS", 4)
        with LiveChannel(obedient, command("wait")) as session:
            time.sleep(4 * 0.020 + 0.01)
            with pytest.raises(WorkerError) as caught:
                session.tick()
        assert caught.value.fault is WorkerFault.DEADLINE

    def test_a_worker_that_hangs_ends_the_session_in_time(self, obedient: WorkerPool) -> None:
        """The person in front of the camera does not wait for ever."""
        began_s = time.monotonic()
        session = LiveChannel(obedient, command("hang"), deadline_s=DEADLINE_S)
        with pytest.raises(WorkerError) as caught:
            session.tick()
        assert caught.value.fault is WorkerFault.DEADLINE
        assert time.monotonic() - began_s < DEADLINE_S + 1
        assert obedient.check(b"over") == OVER

    def test_a_frame_that_cannot_be_looked_at_says_nothing(self, obedient: WorkerPool) -> None:
        """No error of a single frame shows in the ticks; it does not count."""
        with LiveChannel(obedient, command("stumble over frames")) as session:
            session.show(FRAME, at_ms=0)
            assert session.tick() is LiveCode.WAITING
            assert session.finish() == NO_FACE

    def test_a_session_that_cannot_decide_is_a_typed_error(self, obedient: WorkerPool) -> None:
        """As for a single check: an error, never an answer."""
        session = LiveChannel(obedient, command("fail at the end"))
        with pytest.raises(InternalError):
            session.finish()
        assert obedient.check(b"over") == OVER

    def test_a_result_outside_the_set_is_none(self, obedient: WorkerPool) -> None:
        """The last word is checked like every other."""
        session = LiveChannel(obedient, command("unknown result"))
        with pytest.raises(WorkerError) as caught:
            session.finish()
        assert caught.value.fault is WorkerFault.PROTOCOL


@pytest.mark.usefixtures("fast_ticks")
class TestEnding:
    def test_abort_leaves_the_pool_usable(self, obedient: WorkerPool) -> None:
        """People walk away; the next one finds a worker."""
        for _ in range(4):  # more than there are slots
            session = LiveChannel(obedient, command("wait"))
            session.show(FRAME, at_ms=0)
            session.abort()
            session.abort()
            with pytest.raises(WorkerError):
                session.show(FRAME, at_ms=0)
        assert obedient.check(b"over") == OVER

    def test_a_session_that_is_lost_gives_its_slot_back(self, obedient: WorkerPool) -> None:
        """A forgotten session must not lock the next person out."""
        LiveChannel(obedient, command("wait")).tick()
        gc.collect()
        assert obedient._out == set()
        assert obedient.check(b"over") == OVER

    def test_after_its_result_it_is_over(self, obedient: WorkerPool) -> None:
        """One session, one verdict."""
        with LiveChannel(obedient, command("wait")) as session:
            assert session.finish() == NO_FACE
            with pytest.raises(WorkerError):
                session.finish()
        assert obedient._out == set()

    @pytest.mark.parametrize("script", [b"", bytes(MAX_SCRIPT_BYTES + 1)])
    def test_a_script_of_another_length_is_refused(
        self, script: bytes, obedient: WorkerPool
    ) -> None:
        """Before a worker is taken for it."""
        with pytest.raises(ChallengeError):
            LiveChannel(obedient, script)
        assert obedient._out == set()

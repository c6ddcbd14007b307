"""A visit: every way through it ends in one of a few endings, and never in OVER by accident."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest

from agecheck.errors import ImageError, ImageFault, InternalError, WorkerError, WorkerFault
from agecheck.guidance import LiveCode
from agecheck.kiosk import visit
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.kiosk.visit import Ending, VisitEnd, run_visit
from agecheck.live_page import frames as live_frames
from agecheck.live_page.frames import Frames, Stop
from agecheck.live_script import Light
from agecheck.verdict import CheckResult, Reason, Verdict
from kiosk.scripted import KeptLink, ScriptedLive

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

pytestmark = pytest.mark.usefixtures("hastened")

FRAME = np.zeros((64, 64, 3), np.uint8)


class Screen:
    """Keeps what it is told to show."""

    def __init__(self) -> None:
        self.prompts: list[LiveCode] = []
        self.lit: list[Sequence[Light]] = []

    def lights(self, lights: Sequence[Light]) -> None:
        self.lit.append(lights)

    def prompt(self, code: LiveCode) -> None:
        self.prompts.append(code)


def visit_with(
    live: ScriptedLive,
    link: KeptLink | None = None,
    frames: Frames | None = None,
    n_frames: int = 60,
) -> VisitEnd:
    """Run a visit beside a camera that gives 20 frames a second, so many of them."""
    frames = Frames() if frames is None else frames

    def play() -> None:
        for number in range(n_frames):
            frames.put(FRAME, number * 50)
            time.sleep(0.05)

    camera = threading.Thread(target=play, daemon=True)
    camera.start()
    return run_visit(lambda: live, KeptLink() if link is None else link, frames, Screen())


def test_an_over_that_arrives_passes() -> None:
    """The challenge is bound first, and the session is closed."""
    live, link = ScriptedLive(), KeptLink()
    assert visit_with(live, link).ending is Ending.PASSED
    assert link.said == ["begin", Outcome.OVER]
    assert live.closed == 1


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (CheckResult(Verdict.UNDER), Outcome.UNDER),
        (CheckResult.inconclusive(Reason.WITHIN_BUFFER), Outcome.ID_NEEDED),
        (WorkerError(WorkerFault.DIED), Outcome.ID_NEEDED),
        (InternalError(""), Outcome.ID_NEEDED),
        (ZeroDivisionError(), Outcome.ID_NEEDED),
    ],
)
def test_everything_else_needs_an_id(end: CheckResult | Exception, outcome: Outcome) -> None:
    """UNDER, inconclusive, a dead worker and a mistake show one screen."""
    link = KeptLink()
    assert visit_with(ScriptedLive(end), link).ending is Ending.ID_NEEDED
    assert link.said == ["begin", outcome]


def test_an_over_that_is_lost_needs_an_id() -> None:
    """A token that did not arrive opens nothing."""
    assert visit_with(ScriptedLive(), KeptLink(delivers=False)).ending is Ending.ID_NEEDED


def test_nothing_is_looked_at_without_a_challenge() -> None:
    """The session is not even opened."""
    link = KeptLink(refusal=Refusal.NO_CHALLENGE)
    live = ScriptedLive()
    assert visit_with(live, link).ending is Ending.REFUSED
    assert live.closed == 0
    assert link.said == ["begin"]


def test_who_leaves_is_not_checked_further() -> None:
    """No token, no fallback, and the session is closed."""
    frames, link, live = Frames(), KeptLink(), ScriptedLive(n_frames=10_000)
    threading.Timer(0.8, frames.stop).start()
    assert visit_with(live, link, frames).ending is Ending.CANCELLED
    assert link.said == ["begin", Outcome.CANCELLED]
    assert live.closed == 1


def test_who_leaves_before_the_first_frame_is_gone_at_once() -> None:
    """Nothing waits for a camera that nobody wants any more."""
    frames = Frames()
    threading.Timer(0.1, frames.stop).start()
    began_s = time.monotonic()
    assert visit_with(ScriptedLive(), None, frames, n_frames=0).ending is Ending.CANCELLED
    assert time.monotonic() - began_s < 3


def test_a_camera_that_stops_ends_the_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first frames, or before them."""
    monkeypatch.setattr(live_frames, "STALLED_S", 0.3)
    monkeypatch.setattr(visit, "FIRST_FRAME_S", 0.3)
    for n_frames in (0, 3):
        link = KeptLink()
        end = visit_with(ScriptedLive(n_frames=10_000), link, n_frames=n_frames)
        assert end == VisitEnd(Ending.ID_NEEDED, Outcome.ID_NEEDED, "CAMERA_STALLED")
        assert link.said == ["begin", Outcome.ID_NEEDED]


def test_a_virtual_camera_is_no_attack() -> None:
    """The visit ends as any other without an OVER, and nobody is accused."""
    frames, link = Frames(), KeptLink()
    threading.Timer(0.3, frames.stop, [Stop.VIRTUAL_CAMERA]).start()
    end = visit_with(ScriptedLive(n_frames=10_000), link, frames)
    assert end == VisitEnd(Ending.ID_NEEDED, Outcome.ID_NEEDED, "VIRTUAL_CAMERA")


def test_a_session_without_an_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it has by then."""
    monkeypatch.setattr(live_frames, "GIVE_UP_S", 0.6)
    live = ScriptedLive(CheckResult.inconclusive(Reason.NO_FACE), n_frames=10_000)
    end = visit_with(live)
    assert (end.ending, end.detail) == (Ending.ID_NEEDED, "NO_FACE")


def test_a_frame_that_cannot_be_taken_does_not_count() -> None:
    """The session goes on with the next."""

    class Picky(ScriptedLive):
        def show(self, frame: RgbFrame, at_ms: int) -> bool:
            if at_ms == 0:
                raise ImageError(ImageFault.WRONG_SHAPE)
            return super().show(frame, at_ms)

    assert visit_with(Picky()).ending is Ending.PASSED


def test_an_over_appears_at_a_whole_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a check took is not to be read off the screen or the network."""
    monkeypatch.setattr(visit, "RELEASE_QUANTUM_MS", live_frames.RELEASE_QUANTUM_MS)
    for n_frames in (2, 14):
        frames, times_s = Frames(), list[float]()

        class Clocked(KeptLink):
            def end(self, session: int, outcome: Outcome) -> bool:
                times_s.append(time.monotonic())  # noqa: B023
                return super().end(session, outcome)

        began_s = time.monotonic()
        visit_with(ScriptedLive(n_frames=n_frames), Clocked(), frames)
        elapsed_s = times_s[0] - began_s
        assert abs(elapsed_s - round(elapsed_s)) < 0.15


def test_the_lights_begin_when_the_page_says_so() -> None:
    """The session learns the moment once, and the page the colours."""
    colours = (Light(255, 0, 0, 400), Light(0, 0, 255, 400))
    live, frames, screen = ScriptedLive(n_frames=10, lights=colours), Frames(), Screen()

    def play() -> None:
        for number in range(60):
            frames.put(FRAME, number * 50)
            if number in (3, 5):
                frames.lights_began(number)
            time.sleep(0.05)

    threading.Thread(target=play, daemon=True).start()
    run_visit(lambda: live, KeptLink(), frames, screen)
    assert screen.lit == [colours]
    assert live.lit_at_ms[0] == 3


def test_old_frames_give_way_to_new_ones() -> None:
    """A slow worker sees what is, not what was; memory stays bounded."""
    frames = Frames()
    for number in range(1000):
        frames.put(FRAME, number)
    kept = [frames.get(0.0) for _ in range(5)]
    assert [None if one is None else one[1] for one in kept] == [996, 997, 998, 999, None]


def test_frames_go_in_at_every_tick_whoever_began_first() -> None:
    """The session's ticks begin before the visit's loop does; none may pass without frames."""

    class Ticking(ScriptedLive):
        began_s = 0.0

        def __enter__(self) -> ScriptedLive:
            self.began_s = time.monotonic()
            time.sleep(0.03)
            return self

        def tick(self) -> LiveCode:
            elapsed_s = time.monotonic() - self.began_s
            time.sleep(0.5 - elapsed_s % 0.5)  # as the sealed worker's channel does
            self.per_tick.append(len(self.shown))
            return LiveCode.GOOD

        per_tick: ClassVar[list[int]] = []

    run = Ticking(n_frames=25)
    assert visit_with(run).ending is Ending.PASSED
    assert all(after > before for before, after in itertools.pairwise([0, *run.per_tick]))
    assert len(run.per_tick) <= 5

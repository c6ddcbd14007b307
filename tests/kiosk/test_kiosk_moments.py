"""When a visit's end is shown: it does not tell why there is no OVER."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from agecheck.errors import WorkerError, WorkerFault
from agecheck.guidance import LiveCode
from agecheck.kiosk import visit
from agecheck.kiosk.messages import Outcome
from agecheck.kiosk.visit import Ending, run_visit
from agecheck.live_page.frames import Frames
from agecheck.verdict import CheckResult, Reason, Verdict
from kiosk.scripted import KeptLink, ScriptedLive
from kiosk.test_kiosk_visit import Screen, visit_with

pytestmark = pytest.mark.usefixtures("hastened")

UNDER = CheckResult(Verdict.UNDER)


@pytest.mark.parametrize(
    ("end", "n_frames"),
    [
        (UNDER, 9),
        (CheckResult.inconclusive(Reason.WITHIN_BUFFER), 9),
        (CheckResult.inconclusive(Reason.PRESENTATION_ATTACK), 1),
        (WorkerError(WorkerFault.DIED), 1),
    ],
)
def test_all_that_is_no_over_ends_at_one_moment(
    end: CheckResult | Exception, n_frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever comes to no OVER within one multiple is shown, and told outputs, at its end."""
    monkeypatch.setattr(visit, "NO_OVER_QUANTUM_MS", 2000)
    began_s = time.monotonic()
    assert visit_with(ScriptedLive(end, n_frames)).ending is Ending.ID_NEEDED
    assert time.monotonic() - began_s == pytest.approx(2.0, abs=0.3)


def test_an_over_does_not_wait_so_long_unless_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The screen that asks for an ID comes at its own moments, for that reason too."""
    monkeypatch.setattr(visit, "NO_OVER_QUANTUM_MS", 2000)
    for delivers in (True, False):
        began_s = time.monotonic()
        visit_with(ScriptedLive(), KeptLink(delivers=delivers))
        assert (time.monotonic() - began_s > 1.5) is not delivers


def test_stop_ends_the_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is kept before the camera, and what would have been said is not."""
    monkeypatch.setattr(visit, "NO_OVER_QUANTUM_MS", 60_000)
    frames, link = Frames(), KeptLink()
    threading.Timer(1.5, frames.stop).start()
    began_s = time.monotonic()
    assert visit_with(ScriptedLive(UNDER), link, frames).ending is Ending.CANCELLED
    assert time.monotonic() - began_s < 5
    assert link.said == ["begin", Outcome.CANCELLED]


def test_the_screen_does_not_say_when_a_session_is_done() -> None:
    """Done before it can be is a suspicion; the last prompt stays until the result."""

    class Ending(ScriptedLive):
        def tick(self) -> LiveCode:
            return LiveCode.DONE if self.is_done else LiveCode.BLINK

    frames, screen = Frames(), Screen()

    def play() -> None:
        for number in range(40):
            frames.put(np.zeros((64, 64, 3), np.uint8), number * 50)
            time.sleep(0.05)

    threading.Thread(target=play, daemon=True).start()
    run_visit(lambda: Ending(UNDER, n_frames=12), KeptLink(), frames, screen)
    assert set(screen.prompts) == {LiveCode.BLINK}

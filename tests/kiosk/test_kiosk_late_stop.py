"""Who stops while the answer is on its way has stopped: it is not sent."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from agecheck.kiosk.messages import Outcome
from agecheck.kiosk.visit import Ending, VisitEnd
from agecheck.live_page.frames import Frames, Stop
from agecheck.verdict import CheckResult, Reason, Verdict
from kiosk.scripted import KeptLink, ScriptedLive, room_of
from kiosk.serving import agree, hear, serving
from kiosk.test_kiosk_visit import visit_with

ENDS = [
    CheckResult(Verdict.OVER),
    CheckResult(Verdict.UNDER),
    CheckResult.inconclusive(Reason.NO_FACE),
]


class AtItsEnd(ScriptedLive):
    """Says when its result is being made, and makes it a moment later."""

    def __init__(self, end: CheckResult) -> None:
        super().__init__(end, n_frames=1)
        self.is_ending = threading.Event()

    def finish(self) -> CheckResult:
        self.is_ending.set()
        time.sleep(0.2)
        return super().finish()


def stopped_late(live: AtItsEnd, link: KeptLink, why: Stop, after_s: float = 0.0) -> VisitEnd:
    """A visit that is stopped so long after its result has begun to be made."""
    frames = Frames()

    def press() -> None:
        live.is_ending.wait(20)
        time.sleep(after_s)
        frames.stop(why)

    threading.Thread(target=press, daemon=True).start()
    return visit_with(live, link, frames)


@pytest.mark.parametrize("after_s", [0.0, 0.4], ids=["during the result", "during the wait"])
@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_a_stop_counts_until_the_answer_goes(end: CheckResult, after_s: float) -> None:
    """Neither a token nor a call leaves; that an attempt was judged is remembered."""
    live, link = AtItsEnd(end), KeptLink()
    stopped = stopped_late(live, link, Stop.LEFT, after_s)
    assert stopped == VisitEnd(Ending.CANCELLED, Outcome.CANCELLED, result=end)
    assert link.said == ["begin", Outcome.CANCELLED]
    assert live.closed == 1


def test_a_camera_that_turns_out_virtual_at_the_end_passes_nobody() -> None:
    """Another one that is plugged in after the last frame is refused like one before."""
    live, link = AtItsEnd(CheckResult(Verdict.OVER)), KeptLink()
    end = stopped_late(live, link, Stop.VIRTUAL_CAMERA)
    assert end == VisitEnd(
        Ending.ID_NEEDED, Outcome.ID_NEEDED, "VIRTUAL_CAMERA", CheckResult(Verdict.OVER)
    )
    assert link.said == ["begin", Outcome.ID_NEEDED]


@pytest.mark.parametrize(
    ("end", "then"),
    [
        (ENDS[0], "consent"),
        (ENDS[1], "wait"),
        (CheckResult.inconclusive(Reason.WITHIN_BUFFER), "wait"),
        (ENDS[2], "consent"),
    ],
    ids=repr,
)
def test_the_screen_after_a_late_stop_is_that_of_an_early_one(end: CheckResult, then: str) -> None:
    """An ID is asked for, and the next person finds the first screen. Who was judged, and stops
    because no OVER came, gets no second try for it."""
    live, link = AtItsEnd(end), KeptLink()
    with serving(lambda: room_of(lambda: live, link)) as running, running.page() as page:
        seen: list[Any] = []
        agree(page, seen)
        assert live.is_ending.wait(20)
        page.send("stop")
        hear(page, "id-needed", seen)
        hear(page, "attract", seen)
        page.send("start")
        hear(page, then, seen)
        shown = [message["show"] for message in seen if "show" in message]
    assert shown == ["attract", "consent", "camera", "id-needed", "attract", then]
    assert link.said == ["begin", Outcome.CANCELLED, Outcome.ID_NEEDED]


@pytest.mark.parametrize("end", ENDS[:2], ids=repr)
def test_a_page_that_vanishes_before_the_answer_gets_none(end: CheckResult) -> None:
    """No door opens and no token is sent for a person who has gone."""
    live, link = AtItsEnd(end), KeptLink()
    with serving(lambda: room_of(lambda: live, link)) as running:
        with running.page() as page:
            agree(page)
            assert live.is_ending.wait(20)
        deadline_s = time.monotonic() + 10
        while len(link.said) < 2 and time.monotonic() < deadline_s:
            time.sleep(0.02)
    assert link.said == ["begin", Outcome.CANCELLED]

"""What a person sees at the kiosk, and what staff see of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from agecheck.kiosk import attendant
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.kiosk.server import BUSY
from agecheck.live_script import Light
from agecheck.verdict import CheckResult, Reason, Verdict
from kiosk.scripted import KeptLink, ScriptedLive, room_of
from kiosk.serving import FRAME, SECRET, STAFF, agree, hear, serving

pytestmark = pytest.mark.usefixtures("hastened")


def test_one_page_at_a_time() -> None:
    """A second page is sent away, and may come when the first one has gone."""
    with serving(lambda: room_of(ScriptedLive, KeptLink())) as running:
        with running.page() as first:
            hear(first, "attract")
            with running.page() as second, pytest.raises(ConnectionClosed) as caught:
                second.recv(timeout=5)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == BUSY
        deadline_s = time.monotonic() + 5
        while (
            running.get("/staff/status", Authorization=f"Bearer {STAFF}")[1].find(b'"page":true')
            > 0
        ):
            assert time.monotonic() < deadline_s
        with running.page() as third:
            hear(third, "attract")


def test_nothing_is_captured_before_consent() -> None:
    """Frames that a page sends unasked are dropped: no session is opened by them."""
    link, live = KeptLink(), ScriptedLive()
    with serving(lambda: room_of(lambda: live, link)) as running, running.page() as page:
        hear(page, "attract")
        page.send(FRAME)
        page.send("agree")  # there is nothing to agree to yet
        page.send("start")
        hear(page, "consent")
        page.send(FRAME)
        page.send("back")
        hear(page, "attract")
        assert live.shown == []
        assert link.said == []


@pytest.mark.parametrize("word", ["agree", "other-way"])
def test_a_double_tap_chooses_nothing(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Who has not had the time to read what is asked has not consented, and not refused."""
    monkeypatch.setattr(attendant, "READ_FIRST_S", 0.5)
    link, live = KeptLink(), ScriptedLive()
    with serving(lambda: room_of(lambda: live, link)) as running, running.page() as page:
        hear(page, "attract")
        page.send("start")
        page.send(word)
        hear(page, "consent")
        page.send(word)
        page.send(FRAME)
        with pytest.raises(TimeoutError):
            page.recv(timeout=0.3)
        assert (link.said, live.shown) == ([], [])
        time.sleep(0.5)
        page.send(word)
        hear(page, "camera" if word == "agree" else "id-needed")


def test_consent_that_nobody_gives_is_no_longer_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who walked away leaves the next person the first screen, and nothing was begun."""
    monkeypatch.setattr(attendant, "CONSENT_IDLE_S", 0.4)
    link, live = KeptLink(), ScriptedLive()
    with serving(lambda: room_of(lambda: live, link)) as running, running.page() as page:
        hear(page, "attract")
        page.send("start")
        hear(page, "consent")
        began_s = time.monotonic()
        hear(page, "attract")
        assert time.monotonic() - began_s >= 0.35
        page.send("agree")  # too late
        page.send("start")
        hear(page, "consent")
    assert (link.said, live.shown) == ([], [])


def test_everybody_has_as_long_to_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going back ends the wait: the next person is not sent away when the last one's ends."""
    monkeypatch.setattr(attendant, "CONSENT_IDLE_S", 0.6)
    with serving(lambda: room_of(ScriptedLive, KeptLink())) as running, running.page() as page:
        hear(page, "attract")
        page.send("start")
        hear(page, "consent")
        time.sleep(0.4)
        page.send("back")
        hear(page, "attract")
        page.send("start")
        hear(page, "consent")
        began_s = time.monotonic()
        hear(page, "attract")
        assert time.monotonic() - began_s >= 0.55


def test_over_passes_and_the_screen_comes_back() -> None:
    """Attract, consent, camera, passed, attract."""
    link = KeptLink()
    with serving(lambda: room_of(ScriptedLive, link)) as running, running.page() as page:
        seen: list[Any] = []
        agree(page, seen)
        hear(page, "attract", seen)
        shown = [message["show"] for message in seen if "show" in message]
        assert shown == ["attract", "consent", "camera", "passed", "attract"]
        assert link.said == ["begin", Outcome.OVER]


def ending(end: CheckResult | Exception) -> tuple[list[Any], float]:
    """What a page is told from the camera on, and how long the last screen stays."""
    live = ScriptedLive(end)
    with serving(lambda: room_of(lambda: live, KeptLink())) as running, running.page() as page:
        agree(page)
        seen: list[Any] = []
        hear(page, "id-needed", seen)
        began_s = time.monotonic()
        hear(page, "attract", seen)
        told = [message for message in seen if "more" not in message]
        return told, time.monotonic() - began_s


def test_under_inconclusive_and_attack_look_the_same() -> None:
    """Message by message, and as long on the screen."""
    suspected = CheckResult.inconclusive(Reason.PRESENTATION_ATTACK)
    ends: list[CheckResult | Exception] = [
        CheckResult(Verdict.UNDER),
        CheckResult.inconclusive(Reason.NO_FACE),
        suspected,
        ValueError(),
    ]
    told = [ending(end) for end in ends]
    assert all(messages == told[0][0] for messages, _ in told)
    assert max(shown_s for _, shown_s in told) - min(shown_s for _, shown_s in told) < 0.15


@pytest.mark.parametrize("word", ["other-way", "stop"])
def test_another_way_is_an_id_and_a_call(word: str) -> None:
    """Who refuses the camera, before or during, gets the same screen, and no check is counted."""
    link = KeptLink()
    live = ScriptedLive(n_frames=10_000)
    with serving(lambda: room_of(lambda: live, link)) as running, running.page() as page:
        if word == "stop":
            agree(page)
        else:
            hear(page, "attract")
            page.send("start")
            hear(page, "consent")
        page.send(word)
        hear(page, "id-needed")
    expected = (
        [Outcome.ID_NEEDED]
        if word == "other-way"
        else ["begin", Outcome.CANCELLED, Outcome.ID_NEEDED]
    )
    assert link.said == expected


def test_a_page_says_virtual_and_never_the_name() -> None:
    """One word, which ends the visit as any other without an OVER; staff read why."""
    link = KeptLink()
    live = ScriptedLive(n_frames=10_000)
    with serving(lambda: room_of(lambda: live, link)) as running, running.page() as page:
        agree(page)
        page.send("virtual-camera")
        hear(page, "id-needed")
        status = running.get("/staff/status", Authorization=f"Bearer {STAFF}")[1]
    assert link.said == ["begin", Outcome.ID_NEEDED]
    assert json.loads(status)["last"]["detail"] == "VIRTUAL_CAMERA"


def test_a_page_that_vanishes_ends_its_session() -> None:
    """The worker is given back, and nothing is sent or called."""
    link, live = KeptLink(), ScriptedLive(n_frames=10_000)
    with serving(lambda: room_of(lambda: live, link)) as running:
        with running.page() as page:
            agree(page)
            time.sleep(0.3)
        deadline_s = time.monotonic() + 5
        while link.said != ["begin", Outcome.CANCELLED]:
            assert time.monotonic() < deadline_s
            time.sleep(0.02)


def test_the_colours_reach_the_page_and_their_moment_the_session() -> None:
    """Lights are data of the session; the page says when it shows the first."""
    lights = (Light(255, 0, 0, 300), Light(0, 0, 255, 300))
    live = ScriptedLive(n_frames=30, lights=lights)
    with serving(lambda: room_of(lambda: live, KeptLink())) as running, running.page() as page:
        agree(page)
        while "lights" not in (message := json.loads(page.recv(timeout=10))):
            if "more" in message:
                page.send(FRAME)
        assert message["lights"] == [[255, 0, 0, 300], [0, 0, 255, 300]]
        page.send("lights")
        page.send(FRAME)
        hear(page, "passed")
    assert len(live.lit_at_ms) == 1
    assert abs(live.lit_at_ms[0] - live.shown[0]) < 2000  # one clock for both


def test_attempts_run_out_until_staff_resets_them() -> None:
    """UNDER ends it at once; staff with the secret may allow more, nobody else."""
    live = ScriptedLive(CheckResult(Verdict.UNDER))
    with serving(lambda: room_of(lambda: live, KeptLink())) as running, running.page() as page:
        agree(page)
        hear(page, "attract")
        page.send("start")
        hear(page, "wait")
        hear(page, "attract")
        assert running.get("/staff/reset", "POST")[0] == 403
        assert running.get("/staff/reset", "POST", Authorization="Bearer " + SECRET)[0] == 403
        assert running.get("/staff/reset", "POST", Authorization="Bearer " + STAFF)[0] == 200
        page.send("start")
        hear(page, "consent")


@pytest.mark.parametrize("reason", [Reason.WITHIN_BUFFER, Reason.NO_FACE])
def test_a_refused_start_does_not_tell_under(reason: Reason) -> None:
    """It comes after any age that was judged; what could not be judged may be tried again."""
    live = ScriptedLive(CheckResult.inconclusive(reason))
    with serving(lambda: room_of(lambda: live, KeptLink())) as running, running.page() as page:
        agree(page)
        hear(page, "attract")
        page.send("start")
        hear(page, "wait" if reason is Reason.WITHIN_BUFFER else "consent")


def test_a_session_that_never_began_is_no_attempt() -> None:
    """Nobody asks, again and again: whoever comes when somebody does is not told to wait."""
    link = KeptLink(refusal=Refusal.NO_CHALLENGE)
    with serving(lambda: room_of(ScriptedLive, link)) as running, running.page() as page:
        for _ in range(4):
            agree(page)
            hear(page, "wait")
        link.refusal = None
        agree(page)
        hear(page, "passed")


def test_details_are_for_staff_alone() -> None:
    """Why a check was inconclusive is on the staff page, and in nothing that the page is told."""
    live = ScriptedLive(CheckResult.inconclusive(Reason.PRESENTATION_ATTACK))
    with serving(lambda: room_of(lambda: live, KeptLink())) as running, running.page() as page:
        seen: list[Any] = []
        agree(page, seen)
        hear(page, "attract", seen)
        assert "ATTACK" not in json.dumps(seen)
        assert running.get("/staff/status")[0] == 403
        status, body, _ = running.get("/staff/status", Authorization="Bearer " + STAFF)
        assert status == 200
        assert json.loads(body)["last"]["detail"] == "PRESENTATION_ATTACK"
        for path in ("/health", "/metrics"):
            assert b"ATTACK" not in running.get(path)[1]


def test_a_camera_fault_shows_in_health_until_a_visit_goes_through() -> None:
    """A monitor learns what to mend, and that it is mended."""
    ends: list[CheckResult | Exception] = [RuntimeError(), CheckResult(Verdict.OVER)]
    with (
        serving(lambda: room_of(lambda: ScriptedLive(ends.pop(0)), KeptLink())) as running,
        running.page() as page,
    ):
        assert running.get("/health")[0] == 200
        agree(page)
        hear(page, "attract")
        status, body, _ = running.get("/health")
        assert (status, json.loads(body)) == (503, {"ok": False, "faults": ["worker"]})
        page.send("start")
        hear(page, "consent")
        page.send("agree")
        hear(page, "camera")
        page.send(FRAME)
        hear(page, "passed")
        assert running.get("/health")[0] == 200

"""The page server, real and on loopback: who may talk to it, and what a person is led through."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest
from uvicorn import Config, Server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from agecheck.kiosk.attendant import Room
from agecheck.kiosk.messages import Outcome, Refusal
from agecheck.kiosk.server import BUSY, PageServer
from agecheck.live_session import Light
from agecheck.verdict import CheckResult, Reason, Verdict
from kiosk.scripted import KeptLink, ScriptedLive, room_of

SECRET, STAFF = "p" * 32, "s" * 32
SETTINGS = {"asker": "Corner Shop", "age": 18, "languages": ["en"], "camera": "browser"}
FRAME = struct.pack("<HH", 64, 64) + bytes(64 * 64 * 3)


@dataclass
class Running:
    """A server that answers."""

    port: int
    server: PageServer
    loop: asyncio.AbstractEventLoop

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """One request; underscores in names are hyphens."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body, {k.lower(): v for k, v in answer.getheaders()}

    def page(self, secret: str = SECRET, **changes: Any) -> ClientConnection:
        """A page's WebSocket."""
        given: dict[str, Any] = {
            "origin": f"http://127.0.0.1:{self.port}",
            "subprotocols": ["agecheck-kiosk", secret],
            "compression": None,
            "proxy": None,
        }
        page: ClientConnection = connect(f"ws://127.0.0.1:{self.port}/page", **{**given, **changes})
        return page


@contextmanager
def serving(room: Callable[[], Room]) -> Iterator[Running]:
    """A page server in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    started = threading.Event()
    made: list[Any] = []

    async def serve() -> None:
        server = PageServer(room(), port, SECRET, STAFF, dict(SETTINGS))
        web = Server(
            Config(
                server, log_config=None, lifespan="off", ws="websockets-sansio", server_header=False
            )
        )
        made.extend((server, web, asyncio.get_running_loop()))
        serving = asyncio.create_task(web.serve(sockets=[listening]))
        while not web.started:
            await asyncio.sleep(0.005)
        started.set()
        await serving

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(10)
    server, web, loop = made
    try:
        yield Running(port, server, loop)
    finally:
        web.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def running() -> Iterator[Running]:
    """A server whose sessions end OVER."""
    with serving(lambda: room_of(ScriptedLive, KeptLink())) as started:
        yield started


def hear(page: ClientConnection, screen: str, seen: list[Any] | None = None) -> None:
    """Wait until this screen is shown, answering each request for a frame."""
    while True:
        message = json.loads(page.recv(timeout=10))
        if seen is not None:
            seen.append(message)
        if message.get("show") == screen:
            return
        if "more" in message:
            time.sleep(0.02)
            page.send(FRAME)


def agree(page: ClientConnection, seen: list[Any] | None = None) -> None:
    """From the first screen to the camera, and the first frame."""
    hear(page, "attract", seen)
    page.send("start")
    hear(page, "consent", seen)
    page.send("agree")
    hear(page, "camera", seen)
    page.send(FRAME)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "evil.example:{port}", "127.0.0.1.evil.example:{port}"]
)
def test_another_name_is_refused(running: Running, host: str) -> None:
    """A name that was made to point here gets nothing, not even the page (DNS rebinding)."""
    for path in ("/", "/health", "/metrics", "/staff", "/nowhere"):
        status, body, _ = running.get(path, Host=host.format(port=running.port))
        assert (status, body) == (403, b"")


def test_another_sites_page_is_refused(running: Running) -> None:
    """Requests that a browser marks as another origin's, and sockets without an origin."""
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{running.port + 1}"):
        assert running.get("/health", Origin=origin)[0] == 403
        with pytest.raises(InvalidStatus):
            running.page(origin=origin)
    with pytest.raises(InvalidStatus):
        running.page(origin=None)


@pytest.mark.parametrize("offered", [["agecheck-kiosk"], ["agecheck-kiosk", "q" * 32], ["x"], None])
def test_a_page_without_the_secret_is_refused(running: Running, offered: list[str] | None) -> None:
    """Another program's page on this machine does not know it."""
    with pytest.raises(InvalidStatus):
        running.page(subprotocols=offered)


def test_every_answer_has_the_headers_of_a_page_that_stays_alone(running: Running) -> None:
    """A strict policy, no framing, nothing kept; also with errors and data."""
    for path in ("/", "/kiosk.js", "/strings/de.json", "/health", "/staff/status", "/nowhere"):
        _, _, headers = running.get(path)
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers


def test_the_page_is_served_and_no_other_file(running: Running) -> None:
    """Paths are names of a list, not of files."""
    assert running.get("/")[0] == 200
    for path in (
        "/../capture.py",
        "/%2e%2e/capture.py",
        "/strings/../kiosk.css",
        "/strings/xx.json",
    ):
        assert running.get(path)[0] == 404


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


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 3, FRAME[:-1], FRAME + b"\0", struct.pack("<HH", 4000, 4000), b"\xff" * 64],
)
def test_a_broken_frame_is_dropped(data: bytes) -> None:
    """It does not end the visit, and never reaches the session."""
    live = ScriptedLive()
    with serving(lambda: room_of(lambda: live, KeptLink())) as running, running.page() as page:
        agree(page)
        page.send(data)
        hear(page, "passed")


def test_words_that_do_not_belong_are_ignored(running: Running) -> None:
    """Nothing that a page says out of turn, or that is no word, has an effect."""
    with running.page() as page:
        hear(page, "attract")
        for word in ("agree", "stop", "lights", "other-way", "back", "", "x" * 5000, "{}", "\0"):
            page.send(word)
        page.send("start")
        hear(page, "consent")


def test_somebody_outside_invites_the_page(running: Running) -> None:
    """A challenge that comes in takes a waiting page to the consent screen, and no further."""
    with running.page() as page:
        hear(page, "attract")
        asyncio.run_coroutine_threadsafe(running.server.invite(), running.loop).result(5)
        hear(page, "consent")

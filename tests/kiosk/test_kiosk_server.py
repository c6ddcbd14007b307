"""Who may talk to the page server, and what it takes from them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import InvalidStatus

from kiosk.scripted import KeptLink, ScriptedLive, room_of
from kiosk.serving import FRAME, Running, agree, hear, serving

if TYPE_CHECKING:
    from agecheck.ports import RgbFrame

pytestmark = pytest.mark.usefixtures("hastened")


@pytest.fixture
def running() -> Iterator[Running]:
    """A server whose sessions end OVER."""
    with serving(lambda: room_of(ScriptedLive, KeptLink())) as started:
        yield started


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


def test_a_broken_frame_is_dropped() -> None:
    """It does not end the visit, and never reaches the session: the others do."""
    reached: set[bytes] = set()

    class Looking(ScriptedLive):
        def show(self, frame: RgbFrame, at_ms: int) -> bool:
            reached.add(frame.tobytes())
            return super().show(frame, at_ms)

    with serving(lambda: room_of(Looking, KeptLink())) as running, running.page() as page:
        agree(page)
        page.send(FRAME[:4] + b"\xff" * (64 * 64 * 3 + 1))  # a byte more than it says
        hear(page, "passed")
    assert reached == {FRAME[4:]}


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

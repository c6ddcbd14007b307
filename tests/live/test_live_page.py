"""What kiosk and agent share: frames from a page, and who may talk to its server."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from agecheck.guidance import LiveCode
from agecheck.live_page import guard, serving
from agecheck.live_page.frames import Frames, Stop, frame_of
from agecheck.live_page.screen import PageScreen
from agecheck.live_script import Light


@pytest.mark.parametrize(
    ("height_px", "width_px", "n_bytes"),
    [
        (64, 64, 64 * 64 * 3 - 1),
        (64, 64, 64 * 64 * 3 + 1),
        (63, 64, 63 * 64 * 3),
        (1281, 64, 1281 * 64 * 3),
        (1280, 1280, 1280 * 1280 * 3),
        (0, 0, 0),
    ],
)
def test_odd_frames_are_dropped(height_px: int, width_px: int, n_bytes: int) -> None:
    """What does not have the size that it states never reaches the worker."""
    head = height_px.to_bytes(2, "little") + width_px.to_bytes(2, "little")
    assert frame_of(head + bytes(n_bytes)) is None
    assert frame_of(b"\x40") is None


def test_a_frame_is_what_was_sent() -> None:
    """Row by row, and nobody can write to it."""
    pixels = bytes(range(256)) * (64 * 80 * 3 // 256)
    frame = frame_of((64).to_bytes(2, "little") + (80).to_bytes(2, "little") + pixels)
    assert frame is not None
    assert (frame.shape, frame.tobytes(), frame.flags.writeable) == ((64, 80, 3), pixels, False)


def test_what_was_stopped_gives_nothing_more() -> None:
    """The first reason stays, and no frame that came before is looked at."""
    frame = frame_of((64).to_bytes(2, "little") * 2 + bytes(64 * 64 * 3))
    assert frame is not None
    frames = Frames()
    frames.put(frame, 0)
    assert frames.wait_for_first(0.0) is None
    frames.stop()
    frames.stop(Stop.NO_CAMERA)
    frames.put(frame, 1)
    assert frames.stopped is Stop.LEFT
    assert frames.get(0.0) is None


def test_a_camera_that_gives_nothing_is_none() -> None:
    """Nobody has left; nothing came."""
    assert Frames().wait_for_first(0.01) is Stop.NO_CAMERA


def test_a_message_that_is_being_sent_is_kept() -> None:
    """Also when the next one comes: an event loop itself keeps no task from being collected."""
    said: list[dict[str, Any]] = []
    sending: list[weakref.ref[asyncio.Future[None]]] = []

    async def say(message: dict[str, Any]) -> None:
        sent = asyncio.get_running_loop().create_future()  # only this task refers to it
        sending.append(weakref.ref(sent))
        await sent
        said.append(message)

    async def speak() -> None:
        screen = PageScreen(say, lambda: True)
        screen.lights([Light(255, 40, 0, 350)])
        screen.prompt(LiveCode.NOD)
        await _until(lambda: len(sending) == 2)
        gc.collect()
        for reference in sending:
            sent = reference()
            assert sent is not None
            sent.set_result(None)
        await _until(lambda: len(said) == 2)

    asyncio.run(speak())
    assert said == [{"lights": [[255, 40, 0, 350]]}, {"prompt": "NOD"}]


def test_a_page_hears_only_what_it_wants_and_may_go() -> None:
    """What the session says after its end is dropped, and a page that has gone ends nothing."""
    tried: list[dict[str, Any]] = []
    wanted = True

    async def say(message: dict[str, Any]) -> None:
        tried.append(message)
        raise ConnectionError

    async def speak() -> None:
        nonlocal wanted
        screen = PageScreen(say, lambda: wanted)
        await asyncio.to_thread(screen.prompt, LiveCode.GOOD)
        await _until(lambda: bool(tried))
        wanted = False
        await asyncio.to_thread(screen.prompt, LiveCode.DONE)
        await asyncio.sleep(0.05)

    asyncio.run(speak())
    assert tried == [{"prompt": "GOOD"}]


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.mark.parametrize(
    ("offered", "found"),
    [(["page", "s"], "s"), (["s"], "s"), (["page"], None), (["a", "b"], None), ([], None)],
)
def test_one_secret_is_offered(offered: list[str], found: str | None) -> None:
    """None, or several, are no secret."""
    assert guard.offered_secret(offered, "page") == found


@pytest.mark.parametrize("given", [None, "", "S", "s ", "\ud800"])
def test_nothing_but_the_secret_matches(given: str | None) -> None:
    """Whatever a header may hold."""
    assert not guard.secrets_match(given, "s")
    assert guard.secrets_match("s", "s")


def test_no_page_is_framed_or_reaches_out() -> None:
    """Whatever is added to a page later, the browser holds it to this."""
    headers = guard.page_headers("127.0.0.1:1")
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self' ws://127.0.0.1:1"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert not any(name.startswith("Access-Control") for name in headers)


async def _plain(scope: serving.Scope, receive: serving.Receive, send: serving.Send) -> None:
    """Reads a request to its end and answers it."""
    await Response(await Request(scope, receive).body())(scope, receive, send)


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a page server that is in a hurry."""
    monkeypatch.setattr(serving, "CONNECTION_S", 3.0)
    server, ready = serving.web_server(_plain), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(
            target=lambda: asyncio.run(serving.serve(server, listening, ready.set))
        )
        thread.start()
        try:
            assert ready.wait(10)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.mark.parametrize(
    "said", [b"", b"G", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"]
)
def test_idle_connections_do_not_hold_the_places(
    monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Any program here, and any page by preconnecting, can open as many as are served at once."""
    with served(monkeypatch) as port, ExitStack() as stack:
        for _ in range(serving.AT_ONCE - 1):
            held = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
            held.sendall(said)
        answers = [httpx.get(f"http://127.0.0.1:{port}/").status_code]
        deadline_s = time.monotonic() + 20
        while answers[-1] != 200 and time.monotonic() < deadline_s:
            time.sleep(0.2)
            answers.append(httpx.get(f"http://127.0.0.1:{port}/").status_code)
    assert (answers[0], answers[-1]) == (503, 200)

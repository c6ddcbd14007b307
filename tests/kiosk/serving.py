"""A page server over real sockets, with the visits that a test gives it."""

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

from uvicorn import Config, Server
from websockets.sync.client import ClientConnection, connect

from agecheck.kiosk import attendant
from agecheck.kiosk.attendant import Room
from agecheck.kiosk.server import PageServer

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
    time.sleep(attendant.READ_FIRST_S)
    page.send("agree")
    hear(page, "camera", seen)
    page.send(FRAME)

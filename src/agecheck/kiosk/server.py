"""The page server: static files, one WebSocket, health, counters and the staff page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agecheck.kiosk import guard
from agecheck.kiosk.attendant import Attendant, Room
from agecheck.live_page import serving
from agecheck.live_page.guard import offered_secret, secrets_match
from agecheck.live_page.serving import Receive, Scope, Send

BUSY = 4409
_PAGE = files("agecheck.kiosk") / "page"
_FILES = {
    "/": (_PAGE / "index.html", "text/html"),
    "/kiosk.css": (_PAGE / "kiosk.css", "text/css"),
    "/kiosk.js": (_PAGE / "kiosk.js", "text/javascript"),
    **{
        f"/{name}": (files("agecheck.live_page") / name, "text/javascript")
        for name in ("frames.js", "read_first.js")
    },
    "/staff": (_PAGE / "staff.html", "text/html"),
    "/staff.js": (_PAGE / "staff.js", "text/javascript"),
    **{
        f"/strings/{code}.json": (_PAGE / "strings" / f"{code}.json", "application/json")
        for code in ("en", "de", "fr", "es")
    },
}


class PageServer:
    """The application, and who is connected to it.

    Args:
        room: what visits share.
        port: the one that the page is asked for on.
        page_secret, staff_secret: new at every start.
        settings: what the page is told about this kiosk; all of it may be read on the screen.
    """

    def __init__(
        self, room: Room, port: int, page_secret: str, staff_secret: str, settings: dict[str, Any]
    ) -> None:
        self._room, self._hosts = room, guard.hosts(port)
        self._page_secret, self._staff_secret = page_secret, staff_secret
        self._settings = settings
        self._attendant: Attendant | None = None
        routes = [
            *(serving.fixed(path, *entry) for path, entry in _FILES.items()),
            serving.no_icon(),
            Route("/health", self._health),
            Route("/metrics", self._metrics),
            Route("/staff/status", self._staff_status),
            Route("/staff/reset", self._staff_reset, methods=["POST"]),
            WebSocketRoute("/page", self._page),
        ]
        self._app = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses requests under other names or from other sites' pages, before anything else."""
        if scope["type"] not in ("http", "websocket"):
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin")
        is_socket = scope["type"] == "websocket"
        stray = origin is not None and not guard.origin_is_ours(origin.decode("latin-1"), host)
        if host not in self._hosts or stray or (is_socket and origin is None):
            await serving.refuse(scope, receive, send)
            return
        await self._app(scope, receive, serving.with_page_headers(send, host))

    async def invite(self) -> None:
        """Somebody outside asks: the page goes to the consent screen if nobody is using it."""
        if self._attendant is not None:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._attendant.invite()

    async def _page(self, socket: WebSocket) -> None:
        offered = offered_secret(socket.scope.get("subprotocols", []), guard.SUBPROTOCOL)
        if not secrets_match(offered, self._page_secret):
            await socket.close()
            return
        await socket.accept(guard.SUBPROTOCOL)
        if self._attendant is not None:
            await socket.close(BUSY)
            return
        attendant = Attendant(self._room, socket.send_json)
        self._attendant = attendant
        try:
            await socket.send_json({"settings": self._settings})
            await attendant.welcome()
            await serving.converse(socket, attendant.see, attendant.hear)
        except (WebSocketDisconnect, RuntimeError):
            pass  # it has gone, in the middle of a word or not
        finally:
            await attendant.leave()
            self._attendant = None

    async def _health(self, _request: Request) -> Response:
        faults = self._room.health.faults()
        return JSONResponse({"ok": not faults, "faults": faults}, 503 if faults else 200)

    async def _metrics(self, _request: Request) -> Response:
        text = self._room.counters.prometheus()
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    def _is_staff(self, request: Request) -> bool:
        given = guard.bearer(request.headers.get("authorization"))
        return secrets_match(given, self._staff_secret)

    async def _staff_status(self, request: Request) -> Response:
        if not self._is_staff(request):
            return JSONResponse({}, 403)
        return JSONResponse(
            {
                "faults": self._room.health.faults(),
                "last": self._room.health.last(),
                "page": self._attendant is not None,
                "may_start": self._room.attempts.may_start(),
            }
        )

    async def _staff_reset(self, request: Request) -> Response:
        if not self._is_staff(request):
            return JSONResponse({}, 403)
        self._room.attempts.reset()
        return JSONResponse({})


async def beat_forever(beat: Callable[[], object], every_s: float) -> None:
    """Say regularly that the event loop turns."""
    while True:
        beat()
        await asyncio.sleep(every_s)

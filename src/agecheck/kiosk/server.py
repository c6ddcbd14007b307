"""The page server: static files, one WebSocket, health, counters and the staff page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from importlib.resources import files
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agecheck.kiosk import guard
from agecheck.kiosk.attendant import Attendant, Room
from agecheck.kiosk.wire import word_of

BUSY, SLOW = 4409, 4408
_PAGE = files("agecheck.kiosk") / "page"
_FILES = {
    "/": ("index.html", "text/html"),
    "/kiosk.css": ("kiosk.css", "text/css"),
    "/kiosk.js": ("kiosk.js", "text/javascript"),
    "/frames.js": ("frames.js", "text/javascript"),
    "/staff": ("staff.html", "text/html"),
    "/staff.js": ("staff.js", "text/javascript"),
    **{
        f"/strings/{code}.json": (f"strings/{code}.json", "application/json")
        for code in ("en", "de", "fr", "es")
    },
}
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


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
            *(Route(path, _static(*entry)) for path, entry in _FILES.items()),
            Route("/favicon.ico", _no_icon),
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
            if is_socket:
                await send({"type": "websocket.close", "code": 1008})  # answers with 403
            else:
                await PlainTextResponse("", 403)(scope, receive, send)
            return

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                added = guard.page_headers(host).items()
                message["headers"] = [
                    *message["headers"],
                    *((name.lower().encode(), value.encode()) for name, value in added),
                ]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    async def invite(self) -> None:
        """Somebody outside asks: the page goes to the consent screen if nobody is using it."""
        if self._attendant is not None:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._attendant.invite()

    async def _page(self, socket: WebSocket) -> None:
        offered = socket.scope.get("subprotocols", [])
        if not guard.secrets_match(guard.offered_secret(offered), self._page_secret):
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
            await _converse(socket, attendant)
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
        return guard.secrets_match(given, self._staff_secret)

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


async def _converse(socket: WebSocket, attendant: Attendant) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        data, text = message.get("bytes"), message.get("text")
        if data is not None:
            await attendant.see(data)
        elif text is not None and (word := word_of(text)) is not None:
            await attendant.hear(word)


def _static(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    """Read once, at the start: no request names a file."""
    content = (_PAGE / name).read_bytes()
    if name.endswith(".json"):
        json.loads(content)  # a broken file shows now, not to a customer

    async def answer(_request: Request) -> Response:
        return Response(content, media_type=media_type)

    return answer


async def _no_icon(_request: Request) -> Response:
    return Response(status_code=204)  # a browser asks for it unasked


async def beat_forever(beat: Callable[[], object], every_s: float) -> None:
    """Say regularly that the event loop turns."""
    while True:
        beat()
        await asyncio.sleep(every_s)

"""The web server of it: fixed files, guarded headers, one WebSocket, and no word in a log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, TypeAlias

import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol

from agecheck.live_page.frames import MAX_FRAME_BYTES
from agecheck.live_page.guard import page_headers

if TYPE_CHECKING:
    import socket

MAX_WORD_CHARS = 32
AT_ONCE = 32
CONNECTION_S = 10.0
"""How long a connection may live that has not become a WebSocket. All answers are short."""
_SILENT = 100
"""Above all levels: a traceback could quote what was at hand."""
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class _Hurried(H11Protocol):
    """Ends a connection that only waits: so many at once, and nobody else would be served."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(CONNECTION_S, self._end)

    def _end(self) -> None:
        if self in self.connections:  # where a WebSocket has taken over, it no longer is
            self.transport.close()


def web_server(app: App) -> uvicorn.Server:
    """A server for one machine's own browser, which says nothing about itself or anybody."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level=_SILENT,
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=False,
        http=_Hurried,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=AT_ONCE,
    )
    return uvicorn.Server(config)


async def serve(
    server: uvicorn.Server, listening: socket.socket, ready: Callable[[], object]
) -> None:
    """Serve until it is told to stop.

    Args:
        ready: called once requests are taken.
    """
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    ready()
    await serving


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """403, and not a word more."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # answers with 403
    else:
        await PlainTextResponse("", 403)(scope, receive, send)


def with_page_headers(send: Send, host: str) -> Send:
    """Adds the guarded headers to whatever is answered."""

    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            added = page_headers(host).items()
            message["headers"] = [
                *message["headers"],
                *((name.lower().encode(), value.encode()) for name, value in added),
            ]
        await send(message)

    return send_with_headers


async def converse(
    page: WebSocket, see: Callable[[bytes], Awaitable[None]], hear: Callable[[str], Awaitable[None]]
) -> None:
    """Hand on what the page says, until it has gone.

    Args:
        see: takes a frame's bytes.
        hear: takes a word, which is no longer than MAX_WORD_CHARS.
    """
    while True:
        message = await page.receive()
        if message["type"] == "websocket.disconnect":
            return
        data, text = message.get("bytes"), message.get("text")
        if data is not None:
            await see(data)
        elif text is not None and len(text) <= MAX_WORD_CHARS:
            await hear(text)


def fixed(path: str, file: Traversable, media_type: str) -> Route:
    """A file under a path. It is read once, at the start: no request names a file."""
    content = file.read_bytes()

    async def answer(_request: Request) -> Response:
        return Response(content, media_type=media_type)

    return Route(path, answer)


def no_icon() -> Route:
    """A browser asks for it unasked."""

    async def answer(_request: Request) -> Response:
        return Response(status_code=204)

    return Route("/favicon.ico", answer)

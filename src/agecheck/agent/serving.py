"""Starts the agent: its port, its checker, its web server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn

from agecheck.agent.desk import Desk
from agecheck.agent.errors import AgentError
from agecheck.agent.frames import MAX_FRAME_BYTES
from agecheck.agent.server import AgentServer

AT_ONCE = 32
_BACKLOG = 64
_SILENT = 100
"""Above all levels: a traceback could quote what was at hand."""


def serve(desk: Desk, port: int, ready: Callable[[int], None]) -> None:
    """Serve on 127.0.0.1 until SIGINT or SIGTERM.

    Args:
        desk: what visits share.
        port: 0 takes a free one.
        ready: called with the port once questions are taken.

    Raises:
        AgentError: the port is taken.
    """
    with _listening(port) as listening:
        asyncio.run(_serve(desk, listening, ready))


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    except (OSError, OverflowError):
        pass
    raise AgentError("the port cannot be had; is another agent running?")


async def _serve(desk: Desk, listening: socket.socket, ready: Callable[[int], None]) -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    # Before the first question, so that nobody waits for it, and a broken installation shows now.
    await asyncio.to_thread(desk.checker_for, desk.first_age_limit)
    port: int = listening.getsockname()[1]
    config = uvicorn.Config(
        AgentServer(desk, port),
        log_config=None,
        log_level=_SILENT,
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
        limit_concurrency=AT_ONCE,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    ready(port)
    await serving

"""Starts the agent: its port, its checker, its web server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from functools import partial

from agecheck.agent.desk import Desk
from agecheck.agent.errors import AgentError
from agecheck.agent.server import AgentServer
from agecheck.live_page.serving import serve as serve_page
from agecheck.live_page.serving import web_server

_BACKLOG = 64


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
    # Before the first question, so that nobody waits for it, and a broken installation shows now.
    await asyncio.to_thread(desk.checker_for, desk.first_age_limit)
    port: int = listening.getsockname()[1]
    await serve_page(web_server(AgentServer(desk, port)), listening, partial(ready, port))

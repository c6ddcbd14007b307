"""One page at a time has the camera, and none keeps it for ever."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from websockets.exceptions import ConnectionClosed

from agecheck.agent import server
from agecheck.live_page.serving import serve, web_server
from agecheck.verdict import CheckResult, Verdict
from agent.programs import Agent
from agent.test_visit import desk_with


@contextmanager
def scripted(folder: Path) -> Iterator[Agent]:
    """An agent in a thread of this program, whose checks are scripted."""
    ready, none = threading.Event(), cast("subprocess.Popen[bytes]", None)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        web = web_server(server.AgentServer(desk_with(folder, CheckResult(Verdict.OVER)), port))
        thread = threading.Thread(target=lambda: asyncio.run(serve(web, listening, ready.set)))
        thread.start()
        try:
            assert ready.wait(10)
            yield Agent(folder, port, none)
        finally:
            web.should_exit = True
            thread.join(10)


def test_a_page_that_stays_open_does_not_shut_the_others_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site that leaves a tab of the agent open holds it for a while, and then no longer."""
    monkeypatch.setattr(server, "VISIT_S", 1.0)
    with scripted(tmp_path) as agent:
        left_open, wanted = agent.ask("https://hog.example"), agent.ask()
        with agent.visit(left_open) as hog:
            with agent.visit(wanted) as page:
                assert json.loads(page.recv(timeout=5)) == {"busy": True}
            with pytest.raises(ConnectionClosed):
                hog.recv(timeout=5)
        with agent.visit(wanted) as page:
            page.send("decline")
            assert "hold_ms" in json.loads(page.recv(timeout=5))

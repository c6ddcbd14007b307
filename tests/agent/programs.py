"""An agent as a program of its own, and a browser's side of its conversation."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
from PIL import Image
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from agecheck.challenge import Challenge
from agecheck.token import DeviceKey
from agecheck.web_exchange import AgentAnswer, KeyKind, agent_form, read_answer

SHOP = "https://shop.example"
NONCE = "bm9uY2UtZm9yLXRoZS1hZ2VudA"
FORM = agent_form(Challenge(SHOP, NONCE, 18), f"{SHOP}/answer")
TOP_LEVEL = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

# As `agecheck agent` does it, but still pictures will do: what these frames show is one.
PROGRAM = """
import signal, sys, time
from pathlib import Path
from agecheck.agent.asked_ages import AskedAges
from agecheck.agent.desk import Desk
from agecheck.agent.serving import serve
from agecheck.bootstrap import load_checker
from agecheck.policy import AgePolicy
from agecheck.token import DeviceKey
folder = Path(sys.argv[1])
policies = {
    limit: AgePolicy(limit, challenge_age=limit + 1, liveness="none") for limit in (18, 60, 25)
}
desk = Desk(
    DeviceKey.load(folder / "device.key"),
    policies,
    AskedAges(folder / "asked", time.time),
    lambda policy: load_checker(policy, seal_worker_checks=1),
)
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
try:
    serve(desk, 0, lambda port: print(port, flush=True))
finally:
    desk.close()
"""


@dataclass(frozen=True)
class Page:
    """What a browser has after it was sent to the agent."""

    path: str
    text: str
    secret: str


@dataclass
class Agent:
    """A running one."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, audience: str = SHOP, age_limit: int = 18, key: KeyKind = KeyKind.ENROLLED
    ) -> Page:
        """A site's form is sent, and the agent's page is shown."""
        form = agent_form(Challenge(audience, NONCE, age_limit), f"{audience}/answer", key=key)
        answer = self.post(form, Origin=audience)
        assert answer.status_code == 303, answer.text
        path = answer.headers["location"]
        text = httpx.get(self.origin + path, headers=TOP_LEVEL).raise_for_status().text
        found = re.search(r'data-secret="([^"]+)"', text)
        assert found is not None
        return Page(path, unescape(text), found[1])

    def post(self, form: dict[str, str], **headers: str) -> httpx.Response:
        return httpx.post(f"{self.origin}/ask", data=form, headers={**TOP_LEVEL, **headers})

    @contextmanager
    def visit(self, page: Page, **changed: str) -> Iterator[ClientConnection]:
        """The page's conversation."""
        offered = ["agecheck-agent", changed.get("secret", page.secret)]
        with connect(
            f"ws://127.0.0.1:{self.port}{page.path}",
            origin=Origin(changed.get("origin", self.origin)),
            subprotocols=[Subprotocol(one) for one in offered],
            compression=None,
            proxy=None,
        ) as socket:
            yield socket


@contextmanager
def running(folder: Path) -> Iterator[Agent]:
    """An agent with a new key, ready."""
    DeviceKey.create(folder / "device.key")
    with (
        (folder / "errors").open("wb") as errors,
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", PROGRAM, str(folder)],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        ) as process,
    ):
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline() or b"0")
            assert port, (folder / "errors").read_text()
            yield Agent(folder, port, process)
        finally:
            process.terminate()
            assert process.wait(20) == 0


def portrait_frames() -> list[bytes]:
    """The sample portrait, a little different in each frame, as the page sends it."""
    portrait = Path(__file__).parents[1] / "pictures" / "astronaut.png"
    with Image.open(portrait) as opened:
        rgb = np.asarray(opened.convert("RGB").resize((480, 480)))
    noise = np.random.default_rng(1)
    noisy = [np.clip(rgb + noise.normal(0, 2, rgb.shape), 0, 255) for _ in range(8)]
    return [struct.pack("<HH", 480, 480) + one.astype(np.uint8).tobytes() for one in noisy]


def grey_frame() -> bytes:
    """Nobody."""
    return struct.pack("<HH", 240, 320) + bytes([120]) * (240 * 320 * 3)


def until(socket: ClientConnection, name: str) -> dict[str, Any]:
    """The next message that has this member; others are passed over, but no way back."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=30))
        if name in message:
            return message
        assert "go" not in message


def play(socket: ClientConnection, frames: list[bytes]) -> dict[str, Any]:
    """Agree, show the frames, and return what the agent says at the end."""
    socket.send("agree")
    sent, end_s = 0, time.monotonic() + 90
    while time.monotonic() < end_s:
        message: dict[str, Any] = json.loads(socket.recv(timeout=60))
        if "camera" in message or "more" in message:
            time.sleep(0.05)
            socket.send(frames[sent % len(frames)])
            sent += 1
        elif "nothing" in message or "answered" in message:
            return message
    raise TimeoutError


def sent_back(message: dict[str, Any], site: str = SHOP) -> AgentAnswer:
    """The answer in the address that the browser is sent to."""
    parts = urlsplit(message["go"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{site}/answer"
    return read_answer(parts.fragment)

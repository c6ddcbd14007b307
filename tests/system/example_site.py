"""The example site with its agent, and a visitor in a browser."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from agecheck.token import AudienceSigner, DeviceKey
from benchmarks.clips import Look, Pose, render
from examples.sites import free_port
from system.playing import jpeg

ROOT = Path(__file__).parents[2]
CAMERA = (Path(__file__).parent / "site_camera.js").read_text("utf-8")
START_S = 90.0
DESK_PX, PHONE_PX = (1280, 800), (390, 844)


@dataclass
class Place:
    """A running site with its agent."""

    origin: str
    agent: str
    folder: Path
    read_lines: int = 0

    def new_lines(self) -> list[str]:
        """What the two wrote since the last call."""
        time.sleep(0.2)
        lines = (self.folder / "log").read_text().splitlines()
        self.read_lines, before = len(lines), self.read_lines
        return lines[before:]

    def device(self) -> AudienceSigner:
        """The enrolled one."""
        return DeviceKey.load(self.folder / "data" / "device.key").signer(self.origin)


@contextmanager
def running(folder: Path, age: str) -> Iterator[Place]:
    """By the one command, as the README has it."""
    port, agent_port = free_port(), free_port()
    place = Place(f"http://localhost:{port}", f"http://127.0.0.1:{agent_port}", folder)
    typed = [sys.executable, "examples/site/run.py", "--data", str(folder / "data")]
    typed += ["--age", age, "--port", str(port), "--agent-port", str(agent_port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603
            typed,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
        ) as process,
    ):
        try:
            end_s = time.monotonic() + START_S
            while not all(map(_answers, (place.origin, place.agent))):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < end_s
                time.sleep(0.2)
            place.new_lines()
            yield place
        finally:
            process.terminate()
            assert process.wait(30) == 0
            assert not _answers(place.agent)  # one command starts both, and ends both


def _answers(origin: str) -> bool:
    try:
        httpx.get(origin, timeout=5)
    except httpx.TransportError:
        return False
    return True


@cache
def pictures() -> dict[str, list[str]]:
    """A head at rest, and a blink."""
    look, rng = Look(), np.random.default_rng(3)
    swing = [min(1.0, 1.5 * math.sin(math.pi * i / 18)) for i in range(1, 18, 3)]
    return {
        "REST": [jpeg(render(look, Pose(), rng)) for _ in range(4)],
        "BLINK": [jpeg(render(look, Pose(closed=closed), rng)) for closed in swing],
    }


@contextmanager
def visitor(
    browser: Browser, behaviour: str = "person", size_px: tuple[int, int] = DESK_PX
) -> Iterator[Page]:
    """A browser of its own, whose camera behaves so; nothing may go to its console."""
    context: BrowserContext = browser.new_context(
        viewport={"width": size_px[0], "height": size_px[1]}
    )
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    given = {"behaviour": behaviour, "pictures": pictures()}
    page.add_init_script(f"window.cameraGiven = {json.dumps(given)};\n{CAMERA}")
    try:
        yield page
    except Exception as error:
        with suppress(PlaywrightError):  # the first error is the one to tell
            shown = page.locator("body").inner_text(timeout=2_000)
            error.add_note(f"on the page {page.url}: {shown}; its console: {said}")
        raise
    finally:
        context.close()
    assert said == []

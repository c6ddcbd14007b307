"""Where the tutorial of the web gate ends in front of a browser, the browser goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from docs.blocks import Reader, make_tools
from system.playing import chromium
from system.test_kiosk_in_browser import pictures

ROOT = Path(__file__).parents[2]
PAGE = "docs/tutorials/web-gate.md"
CAMERA = (Path(__file__).parent / "site_camera.js").read_text("utf-8")
CHECK_MS = 60_000


def test_a_reader_with_a_camera_gets_to_the_shelf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shop's form, the agent's page, the answer behind the # and the cookie fit together."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    shutil.copy(ROOT / "tests/pictures/astronaut.png", "selfie.jpg")
    given = json.dumps({"behaviour": "person", "pictures": pictures()})
    with Reader(work, make_tools(tmp_path / "tools")) as reader, chromium() as browser:
        reader.follow(PAGE, (ROOT / PAGE).read_text("utf-8"))
        page = browser.new_page()
        page.add_init_script(f"window.cameraGiven = {given};\n{CAMERA}")
        page.goto("http://127.0.0.1:8461")
        page.click("text=Ask my device")
        page.click("text=Use the camera")
        expect(page.locator("body")).to_have_text("the shelf for adults", timeout=CHECK_MS)
        assert page.url == "http://127.0.0.1:8461/"

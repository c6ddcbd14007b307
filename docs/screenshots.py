"""Makes the pictures of kiosk, agent and report in docs/_static from the real pages.

    make screenshots

Needs Debian's chromium. The only face is the sample portrait, rendered; the report is that of the
committed results, which holds no picture.
"""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from agecheck.bench.accuracy_report import html_report
from agent.programs import running as running_agent
from kiosk.programs import running as running_kiosk
from kiosk.programs import settings
from system.playing import chromium
from system.test_kiosk_in_browser import page_with

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "_static"
RESULT = ROOT / "benchmarks" / "results" / "accuracy-utkface.json"
SCREEN_PX = (1024, 600)
GAP_PX = 16
AGENT_PX = (720, 640)
REPORT_PX = (1060, 820)
WAIT_MS = 45_000
EYES_OPEN_MS = 700
"""The portrait blinks first."""
COLOURS = 128
BETWEEN = "#c9d1d9"


def shot(page: Page) -> Image.Image:
    """What the window shows."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save(picture: Image.Image, name: str, width_px: int) -> None:
    """Scale to a width, and write as a small palette PNG."""
    height_px = round(picture.height * width_px / picture.width)
    small = picture.resize((width_px, height_px), Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(TARGET / name, optimize=True)
    print(f"{name}: {width_px} x {height_px}, {(TARGET / name).stat().st_size // 1000} kB")


def kiosk(browser: Browser, folder: Path) -> None:
    """The four screens of a visit that passes, two by two."""
    with (
        running_kiosk(settings(folder, liveness="passive")) as started,
        page_with(browser, started, "person") as page,
    ):
        page.set_viewport_size({"width": SCREEN_PX[0], "height": SCREEN_PX[1]})
        shots = [shot(page)]
        page.click("#start")
        expect(page.locator("#consent")).to_be_visible()
        shots.append(shot(page))
        page.click("#agree")
        expect(page.locator("body")).to_have_attribute("data-prompt", "GOOD", timeout=WAIT_MS)
        page.wait_for_timeout(EYES_OPEN_MS)
        shots.append(shot(page))
        expect(page.locator("#passed")).to_be_visible(timeout=WAIT_MS)
        shots.append(shot(page))
    width, height = SCREEN_PX
    sheet = Image.new("RGB", (2 * width + 3 * GAP_PX, 2 * height + 3 * GAP_PX), BETWEEN)
    for number, one in enumerate(shots):
        row, column = divmod(number, 2)
        sheet.paste(one, (GAP_PX + column * (width + GAP_PX), GAP_PX + row * (height + GAP_PX)))
    save(sheet, "kiosk.png", 1000)


def agent(browser: Browser, folder: Path) -> None:
    """The page that a site opens, before any click."""
    with running_agent(folder) as started:
        page = browser.new_page(viewport={"width": AGENT_PX[0], "height": AGENT_PX[1]})
        page.goto(started.origin + started.ask().path)
        expect(page.get_by_text("Use the camera")).to_be_enabled(timeout=WAIT_MS)
        save(shot(page), "agent.png", AGENT_PX[0])
        page.close()


def report(browser: Browser, folder: Path) -> None:
    """The head of the report on the committed results."""
    file = folder / "report.html"
    file.write_text(html_report(json.loads(RESULT.read_text("utf-8"))), encoding="utf-8")
    page = browser.new_page(viewport={"width": REPORT_PX[0], "height": REPORT_PX[1]})
    page.goto(file.as_uri())
    save(shot(page), "report.png", 800)
    page.close()


def main() -> None:
    with chromium() as browser, tempfile.TemporaryDirectory() as scratch:
        for make in (kiosk, agent, report):
            folder = Path(scratch, make.__name__)
            folder.mkdir()
            make(browser, folder)


if __name__ == "__main__":
    main()

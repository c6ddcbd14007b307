"""The benchmark's report in a real browser: it shows something, and nothing goes wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from agecheck.cli.program import cli
from bench.faces import make_folder

DESK_PX, PHONE_PX = (1100, 2000), (500, 2000)
LIGHT, DARK = 1, 0
TIMEOUT_S = 120


@pytest.fixture(scope="module", params=["accuracy", "quality", "latency"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that a run over 120 pictures wrote, or a run over one of them."""
    folder = tmp_path_factory.mktemp("report")
    labelled = make_folder(folder / "faces", 120)
    measured = [str(labelled.path)]
    if request.param == "latency":
        measured = [str(labelled.path / "images" / labelled.usable[5]), "--rounds", "20"]
        measured += ["--cold-rounds", "1", "--callers", "2"]
    out = folder / "out"
    ran = CliRunner().invoke(cli, ["bench", str(request.param), *measured, "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    return out / "report.html"


def browse(page: Path, scheme: int, size_px: tuple[int, int]) -> tuple[Image.Image, list[str]]:
    """A picture of the page, and the lines that it put on the console.

    Args:
        scheme: LIGHT or DARK, as the person prefers.
        size_px: (width, height) of the window.
    """
    browser = shutil.which("chromium")
    if browser is None:
        pytest.fail("chromium is missing; install Debian's chromium")
    shot = page.parent / "shot.png"
    command = [
        *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
        *("--enable-logging=stderr", f"--user-data-dir={page.parent / 'profile'}"),
        f"--blink-settings=preferredColorScheme={scheme}",
        *(f"--window-size={size_px[0]},{size_px[1]}", f"--screenshot={shot}", page.as_uri()),
    ]
    ran = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=True, timeout=TIMEOUT_S
    )
    with Image.open(shot) as opened:
        picture = opened.convert("RGB")
    return picture, re.findall(r"CONSOLE.*", ran.stderr)


@pytest.mark.parametrize("size_px", [DESK_PX, PHONE_PX])
@pytest.mark.parametrize(("scheme", "is_dark"), [(LIGHT, False), (DARK, True)])
def test_the_page_is_shown_without_an_error(
    report: Path, scheme: int, is_dark: bool, size_px: tuple[int, int]
) -> None:
    """On a desk and on a phone, light and dark: ink on paper, and nothing on the console."""
    picture, console = browse(report, scheme, size_px)
    assert console == []
    luma = np.asarray(picture.convert("L")).astype(int)
    paper = int(np.bincount(luma.ravel()).argmax())
    assert (paper < 128) == is_dark
    inked = np.abs(luma - paper) > 60
    assert inked.mean() > 0.01
    assert inked[: size_px[1] // 2].any(axis=1).mean() > 0.2  # the plots too, not the title alone


def test_a_console_error_would_be_found(tmp_path: Path) -> None:
    """The check can fail: a page with a broken script has a line on the console."""
    page = tmp_path / "broken.html"
    page.write_text("<!doctype html><script>nothing.here()</script>", encoding="utf-8")
    _, console = browse(page, LIGHT, DESK_PX)
    assert any("nothing is not defined" in line for line in console)

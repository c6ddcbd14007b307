"""The pictures of the pages are small, shown, and described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs/_static").glob("*.png"))
MADE = {"agent.png", "kiosk.png", "report.png"}
MAX_BYTES = 150_000
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]


def test_only_the_screenshots_are_there() -> None:
    """Another picture would need a provenance of its own; these come from `make screenshots`."""
    assert {path.name for path in PICTURES} == MADE


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_screenshot_is_small_and_says_nothing_beside_its_pixels(path: Path) -> None:
    """A clone stays light, and no text that a program put in tells where it was made."""
    assert path.stat().st_size <= MAX_BYTES
    with Image.open(path) as picture:
        assert picture.mode == "P"
        assert picture.info == {}


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_a_screenshot_is_shown_with_words_for_who_cannot_see_it(path: Path) -> None:
    """At least one page has it, and each that has it describes it in a sentence."""
    shown = [
        words
        for page in PAGES
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text("utf-8"))
        if (page.parent / target).resolve() == path
    ]
    assert shown
    assert all(len(words.split()) > 10 for words in shown)

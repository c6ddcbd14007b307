"""The page's files: complete in every language, legible, and from nowhere else."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import get_args

import pytest

from agecheck.guidance import LiveCode
from agecheck.kiosk.config import Language

PAGE = files("agecheck.kiosk") / "page"
SHARED = files("agecheck.live_page")
LANGUAGES = get_args(Language)
SCRIPTS_SHARED = ("frames.js", "read_first.js")
FILES = ("index.html", "kiosk.css", "kiosk.js", *SCRIPTS_SHARED, "staff.html", "staff.js")
MIN_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, level AA, for text of any size."""


def text(name: str) -> str:
    """A file's content."""
    return ((SHARED if name in SCRIPTS_SHARED else PAGE) / name).read_text("utf-8")


def strings(language: str) -> dict[str, str]:
    """A language's words."""
    loaded: dict[str, str] = json.loads(text(f"strings/{language}.json"))
    return loaded


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_key(language: str) -> None:
    """No person meets a hole, or another language's words."""
    english = strings("en")
    words = strings(language)
    assert words.keys() == english.keys()
    assert all(word.strip() for word in words.values())
    for key in english:
        places = set(re.findall(r"\{\w+\}", english[key]))
        assert set(re.findall(r"\{\w+\}", words[key])) == places, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_prompt_has_its_words(language: str) -> None:
    """Whatever the sealed worker says at a tick can be told to the person."""
    assert {f"prompt_{code.name}" for code in LiveCode} <= strings(language).keys()


def test_every_text_of_the_page_exists() -> None:
    """The page names no words that the files lack, and the files hold no dead ones."""
    used = set(re.findall(r'data-text="(\w+)"', text("index.html")))
    used |= set(re.findall(r"(?:texts|strings)\.(\w+)", text("kiosk.js")))
    used |= {f"prompt_{code.name}" for code in LiveCode}
    assert used == strings("en").keys()


@pytest.mark.parametrize("name", FILES)
def test_nothing_comes_from_outside(name: str) -> None:
    """No address of another server, no inline script or style: the policy would block them."""
    content = text(name)
    assert not re.search(r"(?:https?:)?//[a-z0-9]", content.replace("// ", "").replace("ws://", ""))
    assert "<style" not in content
    assert " style=" not in content
    assert not re.search(r"<script(?![^>]* src=)", content)
    assert not re.search(r"\son\w+=", content)
    assert "innerHTML" not in content
    assert "localStorage" not in content


def luminance(colour: str) -> float:
    """WCAG's relative luminance of #rrggbb."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["ink", "soft", "action", "good"])
def test_every_colour_of_text_stands_out_from_the_paper(name: str) -> None:
    """Contrast AA, for words on paper and for paper's words on a button."""
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", text("kiosk.css")))
    lighter, darker = luminance(colours["paper"]), luminance(colours[name])
    assert (lighter + 0.05) / (darker + 0.05) >= MIN_CONTRAST


def test_agreeing_and_another_way_are_equally_prominent() -> None:
    """One class for both, and no rule that makes either of them special."""
    markup = text("index.html")
    for name in ("agree", "other-way"):
        assert re.search(rf'<button id="{name}" class="choice"', markup)
        assert f"#{name}" not in text("kiosk.css")


def test_motion_waits_for_who_has_not_asked_for_less() -> None:
    """Every animation stands inside the media query."""
    style = text("kiosk.css")
    outside = re.sub(
        r"@media \(prefers-reduced-motion: no-preference\) \{.*?\n\}", "", style, flags=re.S
    )
    assert "animation" in style
    assert "animation" not in outside
    assert "transition" not in outside

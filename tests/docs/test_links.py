"""Links between Markdown files work where the files are read in place, and limits come first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATTERNS = ("*.md", "docs/**/*.md", "attacks/**/*.md", "benchmarks/*.md", "models/**/*.md")
PAGES = sorted(str(p.relative_to(ROOT)) for pattern in PATTERNS for p in ROOT.glob(pattern))
_FENCED = re.compile(r"^( *)(`{3,})[^\n]*\n.*?^\1\2 *$", re.M | re.S)
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.M)


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCED.sub("", page.read_text("utf-8"))


def anchors(page: Path) -> set[str]:
    """The names that repository sites and the site's generator give to a page's headings."""
    headings = (re.sub(r"[`*]", "", heading).lower() for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str) -> None:
    """A reader of the repository follows links, too, and not only one of the built site."""
    page = ROOT / name
    for link in _LINK.findall(prose(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_limitations_are_first_in_the_reference() -> None:
    """Nobody should find out what it cannot do after having built on it."""
    index = (ROOT / "docs/reference/index.md").read_text("utf-8")
    first_link = _LINK.findall(index)[0]
    first_entry = index.split(":glob:\n\n")[1].splitlines()[0]
    assert (first_link, first_entry) == ("../limitations.md", "../limitations")


def test_a_dead_link_is_seen(tmp_path: Path) -> None:
    """The patterns above find links and headings, and do not look into code."""
    page = tmp_path / "page.md"
    page.write_text("# One `code`: here\n\n[a](x.md#y)\n\n```text\n[b](z.md)\n```\n", "utf-8")
    assert _LINK.findall(prose(page)) == ["x.md#y"]
    assert anchors(page) == {"one-code-here"}

"""What the tutorials and the README tell a reader to do is done, with the real models."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.faces import make_folder
from docs.blocks import Reader, blocks_of, commands_of, make_tools, matches

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "pictures"
TUTORIALS = sorted(path.stem for path in (ROOT / "docs/tutorials").glob("*.md"))
PAGES = [
    "README.md",
    *(f"docs/tutorials/{name}.md" for name in TUTORIALS if name != "index"),
    "docs/how-to/another-part.md",
    "docs/how-to/challenge-age.md",
    "docs/how-to/live-session.md",
    "docs/how-to/rotate-keys.md",
]
LABELLED_PICTURES = 60
ONLY_READ = {"sh", "text"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader works: with a selfie, a cat and labelled faces, as the pages presuppose."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    shutil.copy(PICTURES / "astronaut.png", "selfie.jpg")
    shutil.copy(PICTURES / "chelsea.png", "cat.png")
    return work


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: str, folder: Path, tmp_path: Path) -> None:
    """A reader who types what a page shows sees what the page shows."""
    markdown = (ROOT / page).read_text(encoding="utf-8")
    if "faces" in markdown:
        make_folder(folder / "faces", LABELLED_PICTURES)
    with Reader(folder, make_tools(tmp_path / "tools")) as reader:
        reader.follow(page, markdown)
        assert reader.unused() == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_blocks_and_each_is_run_or_only_read(page: str) -> None:
    """A block in a language that nobody runs would go stale unseen; settings become a file."""
    blocks = list(blocks_of((ROOT / page).read_text("utf-8")))
    languages = {block.language for block in blocks}
    assert languages & {"python", "console"}
    assert languages <= {"python", "console", "toml"} | ONLY_READ
    assert all(block.text.startswith("# ") for block in blocks if block.language == "toml")


def test_what_is_not_run_prepares_and_does_nothing_else() -> None:
    """A tutorial's `sh` block needs a package index, or does what the fixture above does."""
    prepared = {
        "cp tests/pictures/astronaut.png selfie.jpg",
        "cp tests/pictures/chelsea.png cat.png",
    }
    for name in TUTORIALS:
        for block in blocks_of((ROOT / f"docs/tutorials/{name}.md").read_text("utf-8")):
            if block.language == "sh":
                lines = set(block.text.splitlines()) - prepared
                installs = ("pip install ", "python3 -m venv ", ". ")
                assert all(line.startswith(installs) for line in lines), name


@pytest.mark.parametrize(
    ("expected", "shown", "same"),
    [
        ("OVER", "OVER", True),
        ("OVER", "UNDER", False),
        ("OVER", "OVER\nmore", False),
        ("policy ...\nlast", "policy x\ny\nlast", True),
        ("...", "", True),
        ("a.c", "abc", False),
    ],
)
def test_what_comes_out_is_compared_to_the_letter(expected: str, shown: str, same: bool) -> None:
    """The comparison can fail: dots are dots, and only three of them stand for anything."""
    assert matches(expected, shown) is same


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ echo over\nunder\n```\n",
        "```console\n$ exit 3\n```\n",
        "```console\n$ sh -c 'echo something else; exec sleep 60' &\nthe shop is open\n```\n",
    ],
)
def test_a_page_that_is_wrong_is_found(block: str, folder: Path, tmp_path: Path) -> None:
    """Wrong output, a failing command and a server that says something else fail the page."""
    with (
        Reader(folder, make_tools(tmp_path / "tools")) as reader,
        pytest.raises(AssertionError, match=r"page\.md:1"),
    ):
        reader.follow("page.md", block)


def test_a_wrong_python_block_is_found(folder: Path, tmp_path: Path) -> None:
    """An error in a block is the page's error, and its line is named."""
    with (
        Reader(folder, make_tools(tmp_path / "tools")) as reader,
        pytest.raises(NameError, match="missing_name"),
    ):
        reader.follow("page.md", "```python\nmissing_name\n```\n")


def test_commands_are_told_from_what_comes_out() -> None:
    """A long command may be continued; what follows it is output."""
    (first, second) = commands_of("$ a \\\n    b\nout\n\nmore\n$ c\n")
    assert (first.typed, first.expected) == ("a \\\n    b", "out\n\nmore")
    assert (second.typed, second.expected) == ("c", "")

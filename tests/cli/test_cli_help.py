"""The documentation shows the help texts that the program prints."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agecheck.cli.program import cli

ROOT = Path(__file__).parents[2]
TOOL = Path(__file__).with_name("help_pages.py")
REFERENCE = ROOT / "docs" / "reference" / "cli.md"


def run_tool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False
    )


def commands(group: click.Group, name: str = "agecheck") -> Iterator[str]:
    """The full name of every command, groups included."""
    yield name
    context = click.Context(group)
    for child_name in group.list_commands(context):
        child = group.get_command(context, child_name)
        if isinstance(child, click.Group):
            yield from commands(child, f"{name} {child_name}")
        else:
            yield f"{name} {child_name}"


@pytest.mark.parametrize("page", ["docs/reference/cli.md", "docs/reference/kiosk.md"])
def test_the_help_on_a_page_is_the_programs(page: str) -> None:
    """Nobody reads about an option that does not exist, or misses one that does."""
    checked = run_tool("--check", ROOT / page)
    assert (checked.stdout + checked.stderr, checked.returncode) == ("", 0)


def test_the_reference_has_every_command() -> None:
    """A new command cannot be forgotten in the reference."""
    page = REFERENCE.read_text(encoding="utf-8")
    missing = [name for name in commands(cli) if f"<!-- help: {name} -->" not in page]
    assert missing == []


def test_a_stale_page_is_found_and_renewed(tmp_path: Path) -> None:
    """The check can fail, and the renewal mends what it found and nothing else."""
    current = REFERENCE.read_text(encoding="utf-8")
    page = tmp_path / "cli.md"
    page.write_text(current.replace("--age-limit YEARS", "--age YEARS"), encoding="utf-8")
    assert run_tool("--check", page).returncode == 1
    assert run_tool(page).returncode == 0
    assert page.read_text(encoding="utf-8").count("--age YEARS") == 0


def test_a_page_without_its_blocks_is_an_error(tmp_path: Path) -> None:
    """A misspelt marker does not pass as a page with nothing to check."""
    page = tmp_path / "page.md"
    page.write_text("<!-- help: agecheck check -->\n\nno block\n", encoding="utf-8")
    assert run_tool("--check", page).returncode != 0

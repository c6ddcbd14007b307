"""The accuracy tables of the pages are those of the committed result."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agecheck.calibration import shipped_calibration
from benchmarks.readme_tables import (
    FIRST_RESULT,
    MEMORY_RESULT,
    PAGES,
    read_documents,
    refreshed,
)

_FIRST_ROW = re.compile(r"(<!-- accuracy: .*\n.*\n.*\n.*)\d")


@pytest.fixture(scope="module")
def documents() -> dict[Path, dict[str, Any]]:
    return read_documents()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_result(
    page: Path, documents: dict[Path, dict[str, Any]]
) -> None:
    """Nobody reads a figure that no run has printed."""
    text = page.read_text(encoding="utf-8")
    assert refreshed(text, documents) == text


def test_the_results_are_of_what_ships(documents: dict[Path, dict[str, Any]]) -> None:
    """Figures of another calibration or other models say nothing about this package."""
    shipped = shipped_calibration()
    for path, result in documents.items():
        if path in (FIRST_RESULT, MEMORY_RESULT):
            continue  # another's on purpose, and of nobody's age
        assert result["bundle"]["calibration_digest"] == shipped.digest
        assert result["bundle"]["models_digest"] == shipped.models_digest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_stale_table_is_renewed(page: Path, documents: dict[Path, dict[str, Any]]) -> None:
    """The check can fail, and writing mends the table and nothing else."""
    text = page.read_text(encoding="utf-8")
    stale = _FIRST_ROW.sub(r"\1x", text, count=1)
    assert stale != text
    assert refreshed(stale, documents) == text


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("no table\n", "at least one"),
        ("<!-- accuracy: bands -->\nno end\n", "needs an end"),
        ("<!-- accuracy: nothing -->\n<!-- /accuracy -->\n", "no table 'nothing'"),
    ],
)
def test_a_page_with_a_wrong_marker_is_an_error(
    page: str, told: str, documents: dict[Path, dict[str, Any]]
) -> None:
    """A misspelt marker does not pass as a page with nothing to renew."""
    with pytest.raises(ValueError, match=told):
        refreshed(page, documents)


def test_a_group_of_a_few_has_no_row(documents: dict[Path, dict[str, Any]]) -> None:
    """A row for one picture would be a row for one person."""
    page = refreshed("<!-- accuracy: groups -->\n<!-- /accuracy -->\n", documents)
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    assert all(int(row[2].replace(",", "")) >= 20 for row in rows)

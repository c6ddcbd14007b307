"""The accuracy tables of the pages are those of the committed result."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agecheck.calibration import shipped_calibration
from benchmarks.readme_tables import PAGES, QUALITY_RESULT, RESULT, refreshed


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def quality() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(QUALITY_RESULT.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_are_those_of_the_result(
    page: Any, document: dict[str, Any], quality: dict[str, Any]
) -> None:
    """Nobody reads a figure that no run has printed."""
    text = page.read_text(encoding="utf-8")
    assert refreshed(text, document, quality) == text


def test_the_results_are_of_what_ships(document: dict[str, Any], quality: dict[str, Any]) -> None:
    """Figures of another calibration or other models say nothing about this package."""
    shipped = shipped_calibration()
    for result in (document, quality):
        assert result["bundle"]["calibration_digest"] == shipped.digest
        assert result["bundle"]["models_digest"] == shipped.models_digest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_stale_table_is_renewed(
    page: Any, document: dict[str, Any], quality: dict[str, Any]
) -> None:
    """The check can fail, and writing mends the table and nothing else."""
    text = page.read_text(encoding="utf-8")
    value = f"{document['mae_years']['all']['value']:.2f} ("
    stale = text.replace(value, "1.23 (")
    assert stale != text
    assert refreshed(stale, document, quality) == text


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("no table\n", "at least one"),
        ("<!-- accuracy: bands -->\nno end\n", "needs an end"),
        ("<!-- accuracy: nothing -->\n<!-- /accuracy -->\n", "no table 'nothing'"),
    ],
)
def test_a_page_with_a_wrong_marker_is_an_error(
    page: str, told: str, document: dict[str, Any]
) -> None:
    """A misspelt marker does not pass as a page with nothing to renew."""
    with pytest.raises(ValueError, match=told):
        refreshed(page, document, {})


def test_a_group_of_a_few_has_no_row(document: dict[str, Any]) -> None:
    """A row for one picture would be a row for one person."""
    page = refreshed("<!-- accuracy: groups -->\n<!-- /accuracy -->\n", document, {})
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    assert all(int(row[2].replace(",", "")) >= 20 for row in rows)

"""What the pages claim of the accuracy follows the results, also where it no longer holds."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from benchmarks.accuracy_claims import (
    PEER,
    aims,
    beside_the_peer,
    changes_since,
    got_worse,
    leads,
    since_first,
    worse_beyond_chance,
)
from benchmarks.readme_tables import FIRST_RESULT, RESULT, read_documents


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(read_documents()[RESULT])


@pytest.fixture
def first() -> dict[str, Any]:
    return read_documents()[FIRST_RESULT]


def test_a_band_in_which_the_peer_is_better_is_named(
    document: dict[str, Any], first: dict[str, Any]
) -> None:
    """A lead that is lost in one band may not stand on the page as a lead in each."""
    document["comparisons"][PEER]["mae_years"]["18-24"] |= {"value": 0.4, "interval": [0.1, 0.7]}
    bands = leads(document)[0]
    assert (bands.behind, bands.behind_beyond_chance) == (["18-24"], ["18-24"])
    page = "\n".join(beside_the_peer(document))
    assert "| 9 of 10 | 9 | 18-24 |" in page
    assert "In error, ages in bands: 18-24 is the peer ahead beyond chance." in page
    (row,) = [line for line in aims(document, first) if "ages in bands" in line]
    assert row.endswith("| 9 of 10 | **missed** |")


def test_a_group_without_a_lead_beyond_chance_is_not_counted_as_one(
    document: dict[str, Any],
) -> None:
    """A difference whose interval includes zero is no finding."""
    document["comparisons"][PEER]["mae_years_by_group"]["f / Asian"] |= {
        "value": -0.1,
        "interval": [-0.3, 0.1],
    }
    groups = leads(document)[1]
    assert "f / Asian" in groups.ahead
    assert "f / Asian" not in groups.beyond_chance


def test_what_got_worse_beyond_chance_is_said(
    document: dict[str, Any], first: dict[str, Any]
) -> None:
    """A version that errs more than the first one may not pass as progress."""
    document["mae_years"]["all"] |= {"value": 6.0, "interval": [5.9, 6.1]}
    worse = [one.name for one in changes_since(document, first) if worse_beyond_chance(one)]
    assert worse == ["mae_years/all"]
    assert "| error, all | 4.78 (4.68 to 4.89) | 6.00 (5.90 to 6.10) | yes |" in list(
        since_first(document, first)
    )
    (row,) = [line for line in aims(document, first) if "first fusion beyond chance" in line]
    assert "| 1 of " in row
    assert row.endswith("| **missed** |")


def test_which_way_is_worse_depends_on_the_figure(
    document: dict[str, Any], first: dict[str, Any]
) -> None:
    """Fewer adults passed is worse; a bias nearer to zero on its other side is not."""
    passed = document["adult_pass"]["25-40"]["at_false_over"]["0.05"]
    passed["value"] = first["adult_pass"]["25-40"]["at_false_over"]["0.05"]["value"] - 0.01
    document["bias_years"]["30+"]["value"] = -first["bias_years"]["30+"]["value"] - 0.1
    worse = {one.name for one in changes_since(document, first) if got_worse(one)}
    assert "adult_pass/25-40/at_false_over/0.05" in worse
    assert "bias_years/30+" not in worse


def test_the_first_result_is_of_the_same_pictures(
    document: dict[str, Any], first: dict[str, Any]
) -> None:
    """Otherwise what changed would say nothing about the fusion."""
    assert first["data"] == document["data"]
    assert first["bundle"]["calibration_digest"] != document["bundle"]["calibration_digest"]

"""How far groups are apart, and how sure that is."""

from __future__ import annotations

import pytest

from agecheck.bench.spread import spread
from agecheck.bench.statistics import share, unsupported


def test_the_ends_are_the_lowest_and_the_highest_group() -> None:
    """Groups without a figure do not count; n is that of the smaller one."""
    groups = [share(40, 100), share(10, 200), unsupported(3, 20), share(20, 100)]
    of = spread(groups)
    assert (of["lowest"], of["highest"], of["range"], of["ratio"]) == (0.05, 0.4, 0.35, 8.0)
    assert of["n"] == 100


def test_the_interval_of_a_range_is_newcombes() -> None:
    """Published: 56 of 70 less 48 of 80 is 0.2, from 0.0524 to 0.3339 (Newcombe 1998, table II)."""
    of = spread([share(56, 70), share(48, 80)])
    assert of["range"] == pytest.approx(0.2)
    assert of["range_interval"] == pytest.approx([0.0524, 0.3339], abs=2e-4)


def test_a_ratio_lies_in_its_interval() -> None:
    """And more people make it narrower."""
    few, many = (
        spread([share(40, 100), share(20, 100)]),
        spread([share(400, 1000), share(200, 1000)]),
    )
    for of in (few, many):
        assert of["ratio_interval"][0] < of["ratio"] == 2.0 < of["ratio_interval"][1]
    assert few["ratio_interval"][0] < many["ratio_interval"][0]
    assert few["ratio_interval"][1] > many["ratio_interval"][1]


def test_what_cannot_be_said_is_none() -> None:
    """One group has no range, and nothing is a multiple of a rate that may be zero."""
    assert set(spread([share(40, 100), unsupported(3, 20)]).values()) == {None}
    of = spread([share(0, 100), share(20, 100)])
    assert (of["ratio"], of["ratio_interval"], of["range"]) == (None, None, 0.2)

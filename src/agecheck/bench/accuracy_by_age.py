"""The tables by age of results.json: by year and by range, and all adults beside the ranges."""

from __future__ import annotations

from typing import Any

from agecheck.bench import bands
from agecheck.bench.measures import Measures, ages_of
from agecheck.bench.slices import AGE, age_name

Document = dict[str, Any]
_ALL = bands.ALL.name


def by_age_year(of: Measures) -> list[Document]:
    """Error and bias of each year that a label has."""
    ages = [(age, (AGE, age_name(age, age), _ALL)) for age in range(bands.OLDEST_YEARS + 1)]
    return [
        {
            "age_years": age,
            "pictures": of.shown(where),
            "mae_years": of.mean(where, "absolute error"),
            "bias_years": of.mean(where, "error"),
        }
        for age, where in ages
        if of.shown(where)
    ]


def by_age_range(of: Measures) -> list[Document]:
    """What becomes of each range that a label has; passed never without refused."""
    return [
        {
            "age_range": name,
            "pictures": of.shown((AGE, name, _ALL)),
            **of.range_shares((AGE, name, _ALL)),
            "over_at_25": of.over((AGE, name, _ALL), 25),
            "refused_at_25": of.over((AGE, name, _ALL), 25, refused=True),
        }
        for name in of.age_labels()
        if "-" in name
    ]


def adults_at_25(of: Measures) -> Document:
    """Beside the ranges of minors: everybody whose whole label, range or year, is of adults."""
    adults = [(AGE, name, _ALL) for name in of.age_labels() if ages_of(name)[0] >= 18]
    return {
        "pictures": sum(of.shown(where) for where in adults),
        "over_at_25": of.over_in(adults, 25),
        "refused_at_25": of.over_in(adults, 25, refused=True),
    }

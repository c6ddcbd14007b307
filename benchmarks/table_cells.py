"""Tables of the pages and what stands in a cell: a figure with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agecheck.bench.page import value_and_interval
from agecheck.bench.statistics import Figure
from agecheck.bench.table import interval_of


def table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Its lines in Markdown."""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def years(figure: Figure) -> str:
    low, high = interval_of(figure) or (0.0, 0.0)
    if figure["value"] is None:
        return f"n = {figure['n']}, too few"
    return f"{figure['value']:.2f} ({low:.2f} to {high:.2f})"


def percent(figure: Figure) -> str:
    if figure["value"] is None:
        return f"n = {figure['n']}, too few"
    value, rest = value_and_interval(figure, is_share=True)
    return f"{value} ({rest.partition(' %')[0]})"


def points(difference: Figure) -> str:
    """A difference of two shares is no share: 73.6 % is 13.4 points, not 13.4 %, above 60.2 %."""
    return percent(difference).replace(" %", " percentage points")


def ratio(spread: Mapping[str, Any]) -> str:
    low, high = spread["ratio_interval"]
    return f"{spread['ratio']:.2f} ({low:.2f} to {high:.2f})"

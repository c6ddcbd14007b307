"""How far the groups of a table are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agecheck.bench.statistics import DIGITS, Figure
from agecheck.bench.table import interval_of

_RATIO_DIGITS = 2


def spread(figures: Sequence[Figure]) -> dict[str, Any]:
    """Range and ratio over the groups that have a figure; None for fewer than two.

    The intervals are those of the two groups at the ends, put together. They know nothing of the
    choice: of many groups that are all alike, the two at the ends lie apart, too.

    Source: Zou and Donner, "Construction of confidence limits about effect measures: a general
    approach", Statistics in Medicine 27(10), 2008.

    Returns:
        `lowest` and `highest`; `range` and `ratio`, each with an `_interval`; `n`, of the smaller
        of the two groups.
    """
    supported = [figure for figure in figures if figure["value"] is not None]
    names = ("lowest", "highest", "range", "range_interval", "ratio", "ratio_interval", "n")
    if len(supported) < 2:
        return dict.fromkeys(names)
    low, high = (end(supported, key=lambda figure: figure["value"]) for end in (min, max))
    is_positive = low["value"] > 0
    ratio = round(high["value"] / low["value"], _RATIO_DIGITS) if is_positive else None
    values: tuple[object, ...] = (
        *(low["value"], high["value"]),
        round(high["value"] - low["value"], DIGITS),
        _of_difference(_limits(high), _limits(low), DIGITS),
        *(ratio, _of_ratio(_limits(high), _limits(low)) if is_positive else None),
        min(low["n"], high["n"]),
    )
    return dict(zip(names, values, strict=True))


def _limits(figure: Figure) -> tuple[float, float, float]:
    """Lower end of the interval, value, upper end."""
    low, high = interval_of(figure) or (figure["value"], figure["value"])
    return low, figure["value"], high


def _of_difference(
    one: tuple[float, float, float], other: tuple[float, float, float], digits: int
) -> list[float]:
    difference = one[1] - other[1]
    below = math.hypot(one[1] - one[0], other[2] - other[1])
    above = math.hypot(one[2] - one[1], other[1] - other[0])
    return [round(difference - below, digits), round(difference + above, digits)]


def _of_ratio(
    one: tuple[float, float, float], other: tuple[float, float, float]
) -> list[float] | None:
    """Of the logarithms' difference; None where an interval reaches zero."""
    if min(*one, *other) <= 0:
        return None
    logs = [(math.log(a), math.log(b), math.log(c)) for a, b, c in (one, other)]
    ends = _of_difference(logs[0], logs[1], 6)
    return [round(math.exp(end), _RATIO_DIGITS) for end in ends]

"""What changed between two results beyond noise.

Each figure's standard error is taken from its interval, and the difference tested as normal. As
many figures are compared at once, the share of false alarms among those reported is held at 5 %
(Benjamini and Hochberg, 1995). On the same pictures the test is cautious: it knows nothing of what
both runs have in common.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from agecheck.bench import accuracy_results, quality_results
from agecheck.bench.statistics import CONFIDENCE, MIN_N, Figure
from agecheck.bench.table import interval_of
from agecheck.errors import AgecheckError

MAX_RESULTS_BYTES = 64 << 20
SCHEMAS = (accuracy_results.SCHEMA, quality_results.SCHEMA)
"""Whose figures have intervals. Times have none that another hour would keep to."""
_NORMAL = NormalDist()
_SDS_IN_INTERVAL = 2 * _NORMAL.inv_cdf((1 + CONFIDENCE) / 2)


class ResultsError(AgecheckError, ValueError):
    """A results file cannot be compared."""


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both results.

    Attributes:
        name: its path in the document.
        before, after: the figures.
        beyond_noise: whether the difference is more than chance.
    """

    name: str
    before: Figure
    after: Figure
    beyond_noise: bool

    @property
    def difference(self) -> float:
        return float(self.after["value"]) - float(self.before["value"])


def read_results(path: Path) -> dict[str, Any]:
    """A results.json of one of SCHEMAS.

    Raises:
        ResultsError: it is none.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_RESULTS_BYTES + 1)
        document = json.loads(content)
    except (OSError, ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("schema") not in SCHEMAS:
        raise ResultsError(f"a file to compare is no results.json of {' or '.join(SCHEMAS)}")
    return document


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every figure that both results have and support, in the document's order.

    Args:
        before, after: documents from `read_results`.

    Raises:
        ResultsError: they are of different commands, or have no figure in common.
    """
    from scipy.stats import false_discovery_control

    if before["schema"] != after["schema"]:
        raise ResultsError("the two results are of different commands")
    others = dict(figures(after))
    pairs = [(name, one, others[name]) for name, one in figures(before) if name in others]
    if not pairs:
        raise ResultsError("the two results have no figure in common")
    adjusted = false_discovery_control([_p_value(one, other) for _, one, other in pairs])
    return [
        Change(name, one, other, bool(p < 1 - CONFIDENCE))
        for (name, one, other), p in zip(pairs, adjusted, strict=True)
    ]


def unlike(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """In one line, what the two were not measured with alike; empty where all is the same.

    Args:
        before, after: documents from `read_results`.
    """
    parts = {
        "pictures": (("data", "labels_digest"), ("data", "pictures")),
        "models": (("bundle", "models_digest"),),
        "calibration": (("bundle", "calibration_digest"),),
        "version of agecheck": (("bundle", "agecheck"),),
    }
    others = [
        name
        for name, places in parts.items()
        if any(_member(before, *place) != _member(after, *place) for place in places)
    ]
    if not others:
        return ""
    return (
        f"Not the same in both results: {', '.join(others)}. The figures are compared all the same."
    )


def _member(document: Mapping[str, Any], part: str, name: str) -> object:
    """The file is somebody else's: what should be an object may be none."""
    held = document.get(part)
    return held.get(name) if isinstance(held, dict) else None


def figures(document: object, name: str = "") -> Iterator[tuple[str, Figure]]:
    """The supported figures of a document, with their paths, in its order."""
    if isinstance(document, list):
        for index, item in enumerate(document):
            yield from figures(item, f"{name}/{_name_of(item) or index}")
        return
    if not isinstance(document, dict):
        return
    if _is_figure(document):
        yield name, document
    for key, value in document.items():
        yield from figures(value, f"{name}/{key}".lstrip("/"))


def _name_of(item: object) -> str:
    """A row's own name rather than its place: rows may be added between."""
    if isinstance(item, dict):
        for key in (
            "age_years",
            "challenge_age_years",
            "age_range",
            "group",
            "stated_from",
            "name",
        ):
            if key in item:
                return str(item[key])
    return ""


def _is_figure(document: dict[str, Any]) -> bool:
    if not {"value", "n", "interval"} <= document.keys() or document["value"] is None:
        return False
    try:
        numbers = (document["value"], document["n"], *(interval_of(document) or (math.nan,)))
        return all(math.isfinite(float(n)) for n in numbers) and document["n"] >= MIN_N
    except (TypeError, ValueError, KeyError, IndexError):
        return False


def _p_value(one: Figure, other: Figure) -> float:
    """Two-sided, of the difference being chance."""
    difference = abs(float(other["value"]) - float(one["value"]))
    error = math.hypot(*(_standard_error(figure) for figure in (one, other)))
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return 2 * (1 - _NORMAL.cdf(difference / error))


def _standard_error(figure: Figure) -> float:
    low, high = interval_of(figure) or (0.0, 0.0)
    return (high - low) / _SDS_IN_INTERVAL

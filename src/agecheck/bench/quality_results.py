"""Turns a quality run's tally into its results document; docs/reference/bench.md describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agecheck.bench import bands
from agecheck.bench.accuracy_results import Circumstances, head, run_facts
from agecheck.bench.quality import (
    ALL_FACES,
    COMPONENTS,
    KEPT,
    QUALITY,
    REFUSED,
    Component,
)
from agecheck.bench.statistics import (
    DIGITS,
    YEARS_DIGITS,
    Figure,
    IntArray,
    bootstrap_interval,
    effective_people,
    mean_years,
    replicate_ratios,
    share,
)
from agecheck.bench.tally import MILLI, Key, Tally

SCHEMA = "agecheck-bench-quality/1"
Document = dict[str, Any]


def results(tally: Tally, made: Circumstances) -> Document:
    """The whole document."""
    of = _Sums(tally, made.labels.has_subjects)
    reasons = {
        str(key[2]): count
        for key, count in sorted(tally.counts.items(), key=str)
        if key[:2] == (QUALITY, "reason")
    }
    return {
        **head(SCHEMA, tally, made),
        "policy": made.policy.policy_id,
        "refused": {reason: of.share(count, "shown") for reason, count in reasons.items()},
        "refusing": {name: of.group((name,)) for name in (ALL_FACES, KEPT, REFUSED)}
        | {"mae_difference_years": of.difference((REFUSED,), (KEPT,))},
        "refused_faces": {
            reason: of.group(("refused for", reason))
            for reason in reasons
            if of.faces(("refused for", reason))
        },
        "components": [_component(of, component) for component in COMPONENTS],
        "run": run_facts(made),
    }


@dataclass(frozen=True, slots=True)
class _Sums:
    """Reads figures off a tally.

    Attributes:
        by_people: whether labels name whose picture each is.
    """

    tally: Tally
    by_people: bool

    def faces(self, place: Key) -> int:
        return self.tally.count(QUALITY, *place, "faces")

    def share(self, count: int, *of: str | int) -> Figure:
        """A share of the pictures that were added under a key."""
        shown = self.tally.sum(QUALITY, *of)
        return share(count, int(shown[0]), effective_people(shown) if self.by_people else None)

    def share_of_faces(self, place: Key) -> Figure:
        """What share of all measured faces these are."""
        return self.share(self.faces(place), ALL_FACES, "faces")

    def group(self, place: Key) -> Document:
        """What the estimate is worth in one group of faces, whether they are refused or not."""
        return {
            "faces": self.faces(place),
            "mae_years": self._mean(place, "absolute error"),
            "bias_years": self._mean(place, "error"),
            "over_14_17": self._over(place, bands.MINORS),
            "over_25_40": self._over(place, bands.ADULTS[1]),
        }

    def difference(self, one: Key, other: Key) -> Figure:
        """The mean absolute error of one group less another's, on the same bootstrap draws."""
        figures = [self._mean(place, "absolute error") for place in (one, other)]
        for figure in figures:
            if figure["value"] is None:
                return figure
        of_one, of_other = (
            replicate_ratios(self._sum(place, "absolute error"), self._sum(place, "estimates"))
            for place in (one, other)
        )
        drawn = np.asarray(of_one - of_other) / MILLI
        return {
            "value": round(float(drawn[0]), YEARS_DIGITS),
            "n": min(figure["n"] for figure in figures),
            "interval": [round(end, YEARS_DIGITS) for end in bootstrap_interval(drawn[1:])],
        }

    def _sum(self, place: Key, what: str) -> IntArray:
        return self.tally.sum(QUALITY, *place, what)

    def _mean(self, place: Key, what: str) -> Figure:
        counts = self._sum(place, "estimates")
        return mean_years(self._sum(place, what), counts, MILLI, by_people=self.by_people)

    def _over(self, place: Key, band: bands.Band) -> Figure:
        """The share that would be answered OVER if none of these faces were refused."""
        count = self.tally.count(QUALITY, *place, band.name, "over")
        return self.share(count, *place, band.name)


def _component(of: _Sums, component: Component) -> Document:
    beyond, within = (component.name, "beyond"), (component.name, "within")
    return {
        "name": component.name,
        "reason": str(component.reason),
        "limit": component.limit,
        "limit_is": "lowest" if component.is_lowest else "highest",
        "beyond_share": of.share_of_faces(beyond),
        "within": of.group(within),
        "beyond": of.group(beyond),
        "mae_difference_years": of.difference(beyond, within),
        "bins": [_bin(of, component, index) for index in range(len(component.edges) + 1)],
    }


def _bin(of: _Sums, component: Component, index: int) -> Document:
    low, high = component.bin_ends(index)
    place = (component.name, index)
    return {
        "from": None if low is None else round(low, DIGITS),
        "to": None if high is None else round(high, DIGITS),
        "is_beyond": component.is_beyond(index),
        "share": of.share_of_faces(place),
        **of.group(place),
    }

"""Turns a quality run's tally into its results document; docs/reference/bench.md describes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from agecheck.bench import bands
from agecheck.bench.quality import (
    ALL_FACES,
    COMPONENTS,
    KEPT,
    QUALITY,
    REFUSED,
    Component,
)
from agecheck.bench.results import Circumstances, head, run_facts
from agecheck.bench.statistics import (
    DIGITS,
    Figure,
    bootstrap_interval,
    mean_years,
    replicate_ratios,
    share,
)
from agecheck.bench.tally import MILLI, Key, Tally

SCHEMA = "agecheck-bench-quality/1"
Document = dict[str, Any]


def results(tally: Tally, made: Circumstances) -> Document:
    """The whole document."""
    pictures = tally.count("pictures")
    reasons = {
        str(key[2]): count
        for key, count in sorted(tally.counts.items(), key=str)
        if key[:2] == (QUALITY, "reason")
    }
    return {
        **head(SCHEMA, tally, made),
        "policy": made.policy.policy_id,
        "refused": {reason: share(count, pictures) for reason, count in reasons.items()},
        "refusing": {name: _group(tally, (name,)) for name in (ALL_FACES, KEPT, REFUSED)}
        | {"mae_difference_years": _difference(tally, (REFUSED,), (KEPT,))},
        "refused_faces": {
            reason: _group(tally, ("refused for", reason))
            for reason in reasons
            if tally.count(QUALITY, "refused for", reason, "faces")
        },
        "components": [_component(tally, component) for component in COMPONENTS],
        "run": run_facts(made),
    }


def _group(tally: Tally, place: Key) -> Document:
    """What the estimate is worth in one group of faces, whether they are refused or not."""
    where = (QUALITY, *place)
    estimates = tally.sum(*where, "estimates")
    return {
        "faces": tally.count(*where, "faces"),
        "mae_years": mean_years(tally.sum(*where, "absolute error"), estimates, MILLI),
        "bias_years": mean_years(tally.sum(*where, "error"), estimates, MILLI),
        "over_14_17": _over(tally, where, bands.MINORS),
        "over_25_40": _over(tally, where, bands.ADULTS[1]),
    }


def _over(tally: Tally, where: Key, band: bands.Band) -> Figure:
    """The share that would be answered OVER if none of these faces were refused."""
    return share(tally.count(*where, band.name, "over"), tally.count(*where, band.name, "faces"))


def _difference(tally: Tally, one: Key, other: Key) -> Figure:
    """The mean absolute error of one group less another's, on the same bootstrap draws."""
    figures, replicates = [], []
    for place in (one, other):
        sums = tally.sum(QUALITY, *place, "absolute error")
        estimates = tally.sum(QUALITY, *place, "estimates")
        figures.append(mean_years(sums, estimates, MILLI))
        replicates.append(replicate_ratios(sums, estimates, MILLI))
    for figure in figures:
        if figure["value"] is None:
            return figure
    drawn = np.asarray(replicates[0] - replicates[1])
    return {
        "value": round(float(drawn[0]), DIGITS),
        "n": min(figure["n"] for figure in figures),
        "interval": bootstrap_interval(drawn[1:]),
    }


def _component(tally: Tally, of: Component) -> Document:
    faces = tally.count(QUALITY, ALL_FACES, "faces")
    beyond, within = (of.name, "beyond"), (of.name, "within")
    return {
        "name": of.name,
        "reason": str(of.reason),
        "limit": of.limit,
        "limit_is": "lowest" if of.is_lowest else "highest",
        "beyond_share": share(tally.count(QUALITY, *beyond, "faces"), faces),
        "within": _group(tally, within),
        "beyond": _group(tally, beyond),
        "mae_difference_years": _difference(tally, beyond, within),
        "bins": [_bin(tally, of, index, faces) for index in range(len(of.edges) + 1)],
    }


def _bin(tally: Tally, of: Component, index: int, faces: int) -> Document:
    low, high = of.bin_ends(index)
    group = _group(tally, (of.name, index))
    return {
        "from": None if low is None else round(low, DIGITS),
        "to": None if high is None else round(high, DIGITS),
        "is_beyond": of.is_beyond(index),
        "share": share(group["faces"], faces),
        **group,
    }

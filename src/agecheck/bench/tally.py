"""What is kept of many pictures: sums that add up, however the pictures were divided.

All entries are whole numbers, so that a tally is the same to the last bit for one worker or many,
and after an interruption. Its size depends on the labels and groups, not on how many pictures went
in.

Intervals of means come from an online Poisson bootstrap (Hanley and MacGibbon, 2006; Chamandy et
al., Google, 2012): each subject, or each picture where the subject is not known, has a weight in
each of REPLICATES replicates, drawn from a hash of its name. So all pictures of a subject are drawn
together, whichever worker sees them, and all estimators are compared on the same draws.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import NormalDist

import numpy as np

from agecheck.bench import bands
from agecheck.bench.labels import FaceLabel
from agecheck.bench.observe import AGECHECK, Observation, Sighting
from agecheck.bench.slices import compared_slices, slices_of
from agecheck.bench.statistics import IntArray
from agecheck.verdict import Verdict

REPLICATES = 200
STEPS_PER_YEAR = 10
MAX_STEP = bands.OLDEST_YEARS * STEPS_PER_YEAR
MILLI = 1000
BINS = 10
"""Of the histograms that judge the stated uncertainty."""
COVERAGES = (0.5, 0.8, 0.9, 0.95)

Key = tuple[str | int, ...]

_HASH_KEY = b"agecheck bench 1"
_POISSON_CDF = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(12)])
_NORMAL = NormalDist()
_HALF_WIDTHS_SDS = {level: _NORMAL.inv_cdf((1 + level) / 2) for level in COVERAGES}
_FINE_SETS = (*(bands.minors_of(limit) for limit in bands.AGE_LIMITS_YEARS), *bands.ADULTS)


def bootstrap_weights(name: str) -> IntArray:
    """How often a subject is drawn: as it is (1), then in each replicate. (1 + REPLICATES,)."""
    drawn = hashlib.shake_128(_HASH_KEY + name.encode()).digest(4 * REPLICATES)
    uniform = np.frombuffer(drawn, dtype="<u4") / 2**32
    weights = np.ones(1 + REPLICATES, dtype=np.int64)
    weights[1:] = np.searchsorted(_POISSON_CDF, uniform, side="right")
    return weights


@dataclass(slots=True)
class Tally:
    """Sums over pictures.

    Attributes:
        counts: plain counts.
        sums: counts and sums with bootstrap replicates, (1 + REPLICATES,) each.
    """

    counts: Counter[Key] = field(default_factory=Counter)
    sums: dict[Key, IntArray] = field(default_factory=dict)

    def merge(self, other: Tally) -> None:
        """Add another tally's pictures to these."""
        self.counts.update(other.counts)
        for key, values in other.sums.items():
            self.add_sum(key, values)

    def add_sum(self, key: Key, values: IntArray) -> None:
        """Add to one of the sums with replicates."""
        mine = self.sums.get(key)
        if mine is None:
            self.sums[key] = values.copy()
        else:
            mine += values

    def count(self, *key: str | int) -> int:
        return self.counts.get(key, 0)

    def sum(self, *key: str | int) -> IntArray:
        """Zeros where nothing was added."""
        found = self.sums.get(key)
        return np.zeros(1 + REPLICATES, dtype=np.int64) if found is None else found

    def add(self, label: FaceLabel, sighting: Sighting, dimensions: tuple[str, ...]) -> None:
        """Add one picture.

        Args:
            dimensions: names of the label's groups.
        """
        weights = bootstrap_weights(label.subject or label.file)
        slices = slices_of(label, sighting.eye_distance_px, dimensions)
        own = sighting.by_subject.get(AGECHECK)
        self.counts["pictures",] += 1
        for where in slices:
            self.add_sum(("shown", *where), weights)
        for subject, seen in sighting.by_subject.items():
            self._add_acquisition(subject, seen)
            for where in slices:
                self._add_to_slice((subject, *where), label, seen, weights)
            self._add_fine(subject, label, seen, weights)
            self._add_13_16(subject, label, seen)
            if seen.sd_years is not None:
                self._add_uncertainty(subject, label, seen)
            if own is not None and subject != AGECHECK:
                for where in compared_slices(slices, dimensions):
                    self._add_beside((subject, *where), label, own, seen, weights)
        if own is not None and own.verdict in (Verdict.OVER, Verdict.UNDER):
            for where in slices:
                self.counts[AGECHECK, *where, own.verdict.value] += 1

    def _add_acquisition(self, subject: str, seen: Observation) -> None:
        if seen.reason is not None:
            self.counts[subject, "reason", seen.reason] += 1
        if seen.mean_years is None:
            self.counts[subject, "not acquired"] += 1

    def _add_to_slice(
        self, where: Key, label: FaceLabel, seen: Observation, weights: IntArray
    ) -> None:
        self.counts[*where, "shown"] += 1
        self.counts[*where, "highest challenge age", _highest_challenge_age(seen)] += 1
        if seen.mean_years is None:
            return
        self.counts[*where, "acquired"] += 1
        if label.is_exact:
            error_milli_years = round((seen.mean_years - label.lowest_age_years) * MILLI)
            self.add_sum((*where, "estimates"), weights)
            self.add_sum((*where, "error"), weights * error_milli_years)
            self.add_sum((*where, "absolute error"), weights * abs(error_milli_years))
        else:
            below, above = _outside(label, seen.mean_years)
            self.counts[*where, "below range"] += below
            self.counts[*where, "above range"] += above

    def _add_fine(
        self, subject: str, label: FaceLabel, seen: Observation, weights: IntArray
    ) -> None:
        for band in _FINE_SETS:
            if band.holds(label.lowest_age_years, label.highest_age_years):
                self.add_sum(
                    (subject, "fine", band.name, decision_step(seen.decision_years)), weights
                )

    def _add_13_16(self, subject: str, label: FaceLabel, seen: Observation) -> None:
        """NIST FATE AEV's table for a gate between 13 and 16, and the adults at its upper end."""
        for adults in bands.ADULTS:
            if adults.holds(label.lowest_age_years, label.highest_age_years):
                is_above = seen.mean_years is not None and seen.mean_years >= 17
                self.counts[subject, "13-16", adults.name, "shown"] += 1
                self.counts[subject, "13-16", adults.name, "refused"] += not is_above
        if not bands.AGES_13_16.holds(label.lowest_age_years, label.highest_age_years):
            return
        self.counts[subject, "13-16", "shown"] += 1
        if seen.mean_years is not None:
            side = "down" if seen.mean_years < 13 else "up" if seen.mean_years >= 17 else "inside"
            self.counts[subject, "13-16", side] += 1

    def _add_beside(
        self, where: Key, label: FaceLabel, own: Observation, seen: Observation, weights: IntArray
    ) -> None:
        """How much further agecheck is off on a face that both have an estimate of."""
        if not label.is_exact or own.mean_years is None or seen.mean_years is None:
            return
        age_years = label.lowest_age_years
        further_years = abs(own.mean_years - age_years) - abs(seen.mean_years - age_years)
        self.add_sum((*where, "both"), weights)
        self.add_sum((*where, "further off"), weights * round(further_years * MILLI))

    def _add_uncertainty(self, subject: str, label: FaceLabel, seen: Observation) -> None:
        """Where the label lies in the stated distribution, taken as a normal one."""
        if not label.is_exact or seen.mean_years is None or not seen.sd_years:
            return
        distance_sds = (label.lowest_age_years - seen.mean_years) / seen.sd_years
        self.counts[subject, "uncertainty"] += 1
        self.counts[subject, "PIT", _bin(_NORMAL.cdf(distance_sds))] += 1
        for level, half_width_sds in _HALF_WIDTHS_SDS.items():
            covered = abs(distance_sds) <= half_width_sds
            self.counts[subject, "coverage", f"{level:g}"] += covered
        # A label of 18 begins half a year below the mean of those that have it.
        adult = 1 - _NORMAL.cdf((17.5 - seen.mean_years) / seen.sd_years)
        self.counts[subject, "stated adult", _bin(adult), "shown"] += 1
        self.counts[subject, "stated adult", _bin(adult), "adults"] += label.lowest_age_years >= 18
        self.counts[subject, "stated adult", _bin(adult), "milli"] += round(adult * MILLI)


def decision_step(decision_years: float | None) -> int:
    """The highest challenge age that is reached, in steps of 0.1 years; 0 when it cannot pass."""
    if decision_years is None:
        return 0
    step = min(max(math.floor(decision_years * STEPS_PER_YEAR), 0), MAX_STEP)
    # The product is rounded; a challenge age is compared with the decision age itself.
    if decision_years < step / STEPS_PER_YEAR:
        return max(step - 1, 0)
    return step + (step < MAX_STEP and decision_years >= (step + 1) / STEPS_PER_YEAR)


def reached_counts(tally: Tally, subject: str, band: bands.Band) -> IntArray:
    """How many of a band reach each step, in each replicate: (1 + REPLICATES, MAX_STEP + 1)."""
    by_step = np.zeros((1 + REPLICATES, MAX_STEP + 1), dtype=np.int64)
    for step in range(MAX_STEP + 1):
        found = tally.sums.get((subject, "fine", band.name, step))
        if found is not None:
            by_step[:, step] = found
    return np.asarray(by_step[:, ::-1].cumsum(axis=1)[:, ::-1])


def _highest_challenge_age(seen: Observation) -> int:
    """The highest whole challenge age in the tables that is reached; 0 when none is."""
    if seen.decision_years is None or seen.decision_years < bands.CHALLENGE_AGES_YEARS[0]:
        return 0
    return min(math.floor(seen.decision_years), bands.CHALLENGE_AGES_YEARS[-1])


def _outside(label: FaceLabel, mean_years: float) -> tuple[bool, bool]:
    """Whether an estimate lies below or above a labelled range; estimates err by half a year."""
    return mean_years < label.lowest_age_years - 0.5, mean_years > label.highest_age_years + 0.5


def _bin(probability: float) -> int:
    return min(int(probability * BINS), BINS - 1)

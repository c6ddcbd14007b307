"""Reads figures off a tally: one estimator's, one slice at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from agecheck.bench import bands
from agecheck.bench.statistics import (
    MIN_N,
    Figure,
    FloatArray,
    IntArray,
    bootstrap_interval,
    challenge_steps_at_rate,
    mean_years,
    minors_needed,
    replicate_ratios,
    share,
    unsupported,
)
from agecheck.bench.tally import (
    BINS,
    COVERAGES,
    EVERYBODY,
    MILLI,
    STEPS_PER_YEAR,
    Tally,
    reached_counts,
)

Slice = tuple[str, str, str]
"""(dimension, value, band)."""


@dataclass(frozen=True)
class Measures:
    """The figures of one estimator.

    Attributes:
        tally: what was added up.
        subject: the estimator's name.
    """

    tally: Tally
    subject: str

    def _count(self, *key: str | int) -> int:
        return self.tally.count(self.subject, *key)

    def shown(self, where: Slice) -> int:
        """Labelled pictures in a slice, with or without a face."""
        return self._count(*where, "shown")

    def mean(self, where: Slice, what: str) -> Figure:
        """Mean "error" or "absolute error" in years, over acquired faces with an exact age."""
        sums = self.tally.sum(self.subject, *where, what)
        return mean_years(sums, self.tally.sum(self.subject, *where, "estimates"), MILLI)

    def mean_replicates(self, where: Slice, what: str) -> FloatArray:
        """The same mean for the pictures as they are and in each replicate."""
        sums = self.tally.sum(self.subject, *where, what)
        return replicate_ratios(sums, self.tally.sum(self.subject, *where, "estimates"), MILLI)

    def over(self, where: Slice, challenge_age_years: int, *, refused: bool = False) -> Figure:
        """Share of all labelled pictures that reach a whole challenge age, or that do not."""
        return self.over_in([where], challenge_age_years, refused=refused)

    def over_in(
        self, places: Sequence[Slice], challenge_age_years: int, *, refused: bool = False
    ) -> Figure:
        """The same share over several slices together, of which no two share a picture."""
        n = sum(self.shown(where) for where in places)
        reached = sum(
            self._count(*where, "highest challenge age", reached_years)
            for where in places
            for reached_years in bands.CHALLENGE_AGES_YEARS
            if reached_years >= challenge_age_years
        )
        return share(n - reached if refused else reached, n)

    def over_of_acquired(self, where: Slice, challenge_age_years: int) -> Figure:
        """Share of the faces with an estimate that reach it."""
        reached = sum(
            self._count(*where, "highest challenge age", reached_years)
            for reached_years in bands.CHALLENGE_AGES_YEARS
            if reached_years >= challenge_age_years
        )
        return share(reached, self._count(*where, "acquired"))

    def verdicts(self, band: bands.Band, verdict: str) -> Figure:
        """Share of all labelled pictures of a band with this verdict under the shipped policy."""
        n = self.shown((*EVERYBODY, band.name))
        return share(self._count("verdict", band.name, verdict), n)

    def not_over(self, band: bands.Band) -> Figure:
        """Share of all labelled pictures of a band that the shipped policy does not answer OVER."""
        n = self.shown((*EVERYBODY, band.name))
        return share(n - self._count("verdict", band.name, "OVER"), n)

    def pass_at_rate(self, adults: bands.Band, minors: bands.Band, rate: float) -> Figure:
        """Adults passed at the smallest challenge age that at most `rate` of the minors reach.

        The challenge age is read off the same minors. `interval` takes it as given;
        `bootstrap_interval` draws minors and adults anew, and reads it off again in each replicate.
        """
        challenge = self.challenge_age(minors, rate)
        reached = self._reached(adults)
        n = int(reached[0, 0])
        if challenge["value"] is None:
            needs = {"needs_n": challenge["needs_n"], "needs_n_of": "minors"}
            return {"value": None, "n": n, "interval": None, "minors_n": challenge["n"]} | needs
        step = round(challenge["value"] * STEPS_PER_YEAR)
        passed = share(int(reached[0, step]), n)
        if passed["value"] is None:
            return passed | {"minors_n": challenge["n"]}
        return passed | {
            "bootstrap_interval": bootstrap_interval(
                self.pass_replicates(adults, minors, rate)[1:]
            ),
            "challenge_age_years": challenge["value"],
            "minors_n": challenge["n"],
            "minors_over": share(int(self._reached(minors)[0, step]), challenge["n"]),
        }

    def pass_replicates(self, adults: bands.Band, minors: bands.Band, rate: float) -> FloatArray:
        """The same share for the pictures as they are and in each replicate."""
        steps = challenge_steps_at_rate(self._reached(minors), rate)
        reached = self._reached(adults)
        rows = np.arange(len(reached))
        steps = np.minimum(steps, reached.shape[1] - 1)
        return replicate_ratios(reached[rows, steps], reached[:, 0])

    def challenge_age(self, minors: bands.Band, rate: float) -> Figure:
        """The smallest challenge age that at most `rate` of the minors reach."""
        reached = self._reached(minors)
        n, needed = int(reached[0, 0]), max(minors_needed(rate), MIN_N)
        if n < needed:
            return unsupported(n, needed)
        years = challenge_steps_at_rate(reached, rate) / STEPS_PER_YEAR
        interval = bootstrap_interval(years[1:])
        return {"value": round(float(years[0]), 1), "n": n, "interval": interval}

    def _reached(self, band: bands.Band) -> IntArray:
        """How many of a band reach each step, in each replicate; kept once it is known."""
        if band.name not in self._reached_by_band:
            self._reached_by_band[band.name] = reached_counts(self.tally, self.subject, band)
        return self._reached_by_band[band.name]

    @cached_property
    def _reached_by_band(self) -> dict[str, IntArray]:
        return {}

    def failure_to_acquire(self) -> Figure:
        """Share of all labelled pictures without an estimate, and by reason.

        Reasons that come with an estimate (ESTIMATE_UNCERTAIN) are in `abstained` alone.
        """
        n = self.tally.count("pictures")
        reasons = {
            str(key[2]): count
            for key, count in sorted(self.tally.counts.items(), key=str)
            if key[:2] == (self.subject, "reason")
        }
        return share(self._count("not acquired"), n) | {
            "by_reason": {reason: share(count, n) for reason, count in reasons.items()},
            "abstained": share(sum(reasons.values()), n),
        }

    def ages_13_16(self) -> dict[str, Figure]:
        """NIST FATE AEV: the share of 13-16-year-olds estimated so, younger, or older."""
        n = self._count("13-16", "shown")
        names = {"tpr": "inside", "fnr_down": "down", "fnr_up": "up"}
        return {name: share(self._count("13-16", side), n) for name, side in names.items()}

    def uncertainty(self) -> dict[str, object]:
        """Whether the stated uncertainty is true: coverage, PIT, and reliability of "adult"."""
        n = self._count("uncertainty")
        reliability = []
        for index in range(BINS):
            where = ("stated adult", index)
            shown = self._count(*where, "shown")
            stated = self._count(*where, "milli") / MILLI / shown if shown >= MIN_N else None
            reliability.append(
                {
                    "stated_from": index / BINS,
                    "stated_mean": None if stated is None else round(stated, 4),
                    "adults": share(self._count(*where, "adults"), shown),
                }
            )
        return {
            "coverage": {
                f"{level:g}": share(self._count("coverage", f"{level:g}"), n) for level in COVERAGES
            },
            "pit": [share(self._count("PIT", index), n) for index in range(BINS)],
            "adult_reliability": reliability,
        }

    def range_shares(self, where: Slice) -> dict[str, Figure]:
        """For labels that are ranges: the share of estimates below, inside and above them."""
        n = self._count(*where, "acquired")
        below, above = self._count(*where, "below range"), self._count(*where, "above range")
        return {
            "below": share(below, n),
            "inside": share(n - below - above, n),
            "above": share(above, n),
        }

"""Reads figures off a tally: one estimator's, one slice at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from agecheck.bench import bands
from agecheck.bench.slices import AGE, EVERYBODY, Place
from agecheck.bench.statistics import (
    MIN_N,
    Figure,
    FloatArray,
    IntArray,
    bootstrap_interval,
    challenge_steps_at_rate,
    effective_people,
    mean_years,
    minors_needed,
    replicate_ratios,
    share,
    unsupported,
)
from agecheck.bench.tally import BINS, COVERAGES, MILLI, STEPS_PER_YEAR, Tally, reached_counts

_ALL: Place = (*EVERYBODY, bands.ALL.name)


@dataclass(frozen=True)
class Measures:
    """The figures of one estimator.

    Attributes:
        tally: what was added up.
        subject: the estimator's name.
        by_people: whether labels name whose picture each is.
    """

    tally: Tally
    subject: str
    by_people: bool = False

    def _count(self, *key: str | int) -> int:
        return self.tally.count(self.subject, *key)

    def _share(self, count: int, n: int, places: Sequence[Place] = (_ALL,)) -> Figure:
        """A share over n of the pictures in these slices, each worth what one of theirs is."""
        if not self.by_people:
            return share(count, n)
        shown = sum((self.tally.sum("shown", *where) for where in places), self.tally.sum())
        worth = effective_people(shown) / max(int(shown[0]), 1)
        return share(count, n, min(n, round(n * worth)))

    def shown(self, where: Place) -> int:
        """Labelled pictures in a slice, with or without a face."""
        return self._count(*where, "shown")

    def mean(self, where: Place, what: str) -> Figure:
        """Mean "error" or "absolute error" in years, over acquired faces with an exact age."""
        return self._mean((*where, what), (*where, "estimates"))

    def further_off(self, where: Place) -> Figure:
        """agecheck's mean absolute error less this one's, over the faces that both estimate."""
        return self._mean((*where, "further off"), (*where, "both"))

    def _mean(self, numerator: tuple[str, ...], denominator: tuple[str, ...]) -> Figure:
        sums, counts = (self.tally.sum(self.subject, *key) for key in (numerator, denominator))
        return mean_years(sums, counts, MILLI, by_people=self.by_people)

    def over(self, where: Place, challenge_age_years: int, *, refused: bool = False) -> Figure:
        """Share of all labelled pictures that reach a whole challenge age, or that do not."""
        return self.over_in([where], challenge_age_years, refused=refused)

    def over_in(
        self, places: Sequence[Place], challenge_age_years: int, *, refused: bool = False
    ) -> Figure:
        """The same share over several slices together, of which no two share a picture."""
        n = sum(self.shown(where) for where in places)
        reached = self._reaching(places, challenge_age_years)
        return self._share(n - reached if refused else reached, n, places)

    def over_of_acquired(self, where: Place, challenge_age_years: int) -> Figure:
        """Share of the faces with an estimate that reach it."""
        reached = self._reaching([where], challenge_age_years)
        return self._share(reached, self._count(*where, "acquired"), [where])

    def _reaching(self, places: Sequence[Place], challenge_age_years: int) -> int:
        return sum(
            self._count(*where, "highest challenge age", reached_years)
            for where in places
            for reached_years in bands.CHALLENGE_AGES_YEARS
            if reached_years >= challenge_age_years
        )

    def not_acquired(self, where: Place) -> Figure:
        """Share of all labelled pictures of a slice without an estimate."""
        n = self.shown(where)
        return self._share(n - self._count(*where, "acquired"), n, [where])

    def verdicts(self, places: Sequence[Place], verdict: str, *, other: bool = False) -> Figure:
        """Share of all labelled pictures with this verdict under the policy, or with any other.

        Args:
            places: slices of which no two share a picture.
        """
        n = sum(self.shown(where) for where in places)
        count = sum(self._count(*where, verdict) for where in places)
        return self._share(n - count if other else count, n, places)

    def age_labels(self) -> list[str]:
        """Every age or range that a label has, by its lowest year."""
        names = {str(key[2]) for key in self.tally.counts if key[:2] == (self.subject, AGE)}
        return sorted(names, key=ages_of)

    def ages_in(self, band: bands.Band) -> list[Place]:
        """The slice of every age or range that lies in a band."""
        labels = (label for label in self.age_labels() if band.holds(*ages_of(label)))
        return [(AGE, label, bands.ALL.name) for label in labels]

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
            minors_n = challenge.get("people", challenge["n"])
            return {"value": None, "n": n, "interval": None, "minors_n": minors_n} | needs
        step = round(challenge["value"] * STEPS_PER_YEAR)
        passed = share(_reaching_step(reached, step), n, self._worth(reached))
        if passed["value"] is None:
            return passed | {"minors_n": challenge["n"]}
        among_minors = self._reached(minors)
        return passed | {
            "bootstrap_interval": bootstrap_interval(
                self.pass_replicates(adults, minors, rate)[1:]
            ),
            "challenge_age_years": challenge["value"],
            "minors_n": challenge["n"],
            "minors_over": share(
                _reaching_step(among_minors, step), challenge["n"], self._worth(among_minors)
            ),
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
        people = self._worth(reached)
        worth = {} if people is None else {"people": people}
        if (n if people is None else people) < needed:
            return unsupported(n, needed) | worth
        years = challenge_steps_at_rate(reached, rate) / STEPS_PER_YEAR
        interval = bootstrap_interval(years[1:])
        return {"value": round(float(years[0]), 1), "n": n, "interval": interval} | worth

    def _worth(self, reached: IntArray) -> int | None:
        """How many people a band's pictures are worth, where labels name them."""
        return effective_people(reached[:, 0]) if self.by_people else None

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
        return self._share(self._count("not acquired"), n) | {
            "by_reason": {reason: self._share(count, n) for reason, count in reasons.items()},
            "abstained": self._share(sum(reasons.values()), n),
        }

    def ages_13_16(self) -> dict[str, object]:
        """NIST FATE AEV: the share of 13-16-year-olds estimated so, younger, or older.

        Beside the older ones, who pass as 17 or more, the adults who do not.
        """
        n = self._count("13-16", "shown")
        names = {"tpr": "inside", "fnr_down": "down", "fnr_up": "up"}
        places = self.ages_in(bands.AGES_13_16)
        of_adults = {
            adults.name: self._share(
                self._count("13-16", adults.name, "refused"),
                self._count("13-16", adults.name, "shown"),
                self.ages_in(adults),
            )
            for adults in bands.ADULTS
        }
        of_minors = {
            name: self._share(self._count("13-16", side), n, places) for name, side in names.items()
        }
        return {**of_minors, "adults_refused": of_adults}

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
                    "adults": self._share(self._count(*where, "adults"), shown),
                }
            )
        return {
            "coverage": {
                f"{level:g}": self._share(self._count("coverage", f"{level:g}"), n)
                for level in COVERAGES
            },
            "pit": [self._share(self._count("PIT", index), n) for index in range(BINS)],
            "adult_reliability": reliability,
        }

    def range_shares(self, where: Place) -> dict[str, Figure]:
        """For labels that are ranges: the share of estimates below, inside and above them."""
        n = self._count(*where, "acquired")
        below, above = self._count(*where, "below range"), self._count(*where, "above range")
        return {
            "below": self._share(below, n, [where]),
            "inside": self._share(n - below - above, n, [where]),
            "above": self._share(above, n, [where]),
        }


def ages_of(age_label: str) -> tuple[int, int]:
    """Lowest and highest year of an age or a range as `slices.age_name` writes it."""
    lowest, _, highest = age_label.partition("-")
    return int(lowest), int(highest or lowest)


def _reaching_step(reached: IntArray, step: int) -> int:
    """How many of the pictures as they are reach a step; nobody lies beyond the last."""
    return int(reached[0, step]) if step < reached.shape[1] else 0

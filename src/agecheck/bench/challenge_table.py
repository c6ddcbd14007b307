"""Which challenge age keeps which false-over rate, and which rates the minors cannot support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agecheck.bench.bands import AGE_LIMITS_YEARS, MINOR_BAND_YEARS
from agecheck.bench.statistics import (
    MIN_N,
    FloatArray,
    IntArray,
    bootstrap_interval,
    challenge_age_above,
    minors_needed,
    rounded_up,
    share_with_interval,
)
from agecheck.policy import MAX_CHALLENGE_AGE_YEARS

CALIBRATED_RATES = (0.10, 0.05, 0.03, 0.02, 0.01, 0.005)
BOOTSTRAPS = 1000
RATE_CONFIDENCE = 0.9
"""With which a rate is a maximum for faces of the same kind; one-sided."""


@dataclass(frozen=True, slots=True)
class RefusedRate:
    """A rate that is not offered.

    Attributes:
        minors: people up to four years below the limit.
        needed: how many it takes; None where they are enough, and the challenge age that the rate
            asks for is none: at or below the limit, or beyond what the models tell apart.
    """

    age_limit: int
    rate: float
    minors: int
    needed: int | None


@dataclass(slots=True)
class ChallengeAges:
    """The table, what each entry was measured on, and what is not in it.

    Attributes:
        table: age limit -> rate -> challenge age, as a calibration file has it.
        measured: the same keys; counts and intervals.
        refused: the rest.
    """

    table: dict[str, dict[str, float]] = field(default_factory=dict)
    measured: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    refused: list[RefusedRate] = field(default_factory=list)

    def highest_at(self, rate: float) -> float:
        """The highest age that is there for this rate or a larger one; 0 when there is none.

        What holds for a younger limit or a larger rate is kept, whatever few minors say.
        """
        ages = (a for t in self.table.values() for r, a in t.items() if float(r) >= rate)
        return max(ages, default=0.0)


def are_minors_of(age_limit: int, ages_years: FloatArray) -> NDArray[np.bool_]:
    """Who is up to four years below an age limit: (n,)."""
    return np.asarray((ages_years < age_limit) & (ages_years >= age_limit - MINOR_BAND_YEARS))


def count_minors(age_limit: int, ages_years: FloatArray, people: Sequence[str]) -> int:
    """How many people that is. Many pictures of a few minors are a few minors."""
    chosen = are_minors_of(age_limit, ages_years).tolist()
    return len({person for person, is_minor in zip(people, chosen, strict=True) if is_minor})


def challenge_ages(
    passing_years: FloatArray, ages_years: FloatArray, people: Sequence[str]
) -> ChallengeAges:
    """Read the table off labelled faces (docs/adr/0017-challenge-ages-with-confidence.md).

    A small rate is read off a handful of minors, so the challenge age is the one that keeps it in
    RATE_CONFIDENCE of the bootstrap samples of the minors: the upper end of what it may be. Each
    person counts once, by the share of their pictures that pass, and people are what is drawn.

    Args:
        passing_years: the age that a face is judged by (n,); -inf for refused faces.
        ages_years: labels (n,).
        people: whose picture each is.
    """
    found = ChallengeAges()
    rng = np.random.default_rng(0)
    for limit in AGE_LIMITS_YEARS:
        are_minors = are_minors_of(limit, ages_years)
        minor_people = count_minors(limit, ages_years, people)
        if not minor_people:
            found.refused += [
                RefusedRate(limit, rate, 0, max(minors_needed(rate), MIN_N))
                for rate in CALIBRATED_RATES
            ]
            continue
        whose = _numbered([who for who, is_one in zip(people, are_minors, strict=True) if is_one])
        drawn = rng.integers(0, minor_people, (BOOTSTRAPS, minor_people))
        bootstrapped = bootstrapped_challenge_ages(passing_years[are_minors], whose, drawn)
        for rate in CALIBRATED_RATES:
            needed = max(minors_needed(rate), MIN_N)
            if minor_people < needed:
                found.refused.append(RefusedRate(limit, rate, minor_people, needed))
                continue
            upper = float(np.quantile(bootstrapped[rate], RATE_CONFIDENCE, method="higher"))
            challenge_age = max(found.highest_at(rate), rounded_up(upper))
            if not limit < challenge_age <= MAX_CHALLENGE_AGE_YEARS:
                found.refused.append(RefusedRate(limit, rate, minor_people, None))
                continue
            found.table.setdefault(str(limit), {})[f"{rate:g}"] = challenge_age
            found.measured.setdefault(str(limit), {})[f"{rate:g}"] = {
                "minors": minor_people,
                "challenge_age_interval": bootstrap_interval(bootstrapped[rate]),
                "adults_25_40_passed": share_with_interval(
                    passing_years[(ages_years >= 25) & (ages_years <= 40)] >= challenge_age
                ),
            }
    return found


def bootstrapped_challenge_ages(
    passing_years: FloatArray, whose: IntArray, drawn: IntArray
) -> dict[float, FloatArray]:
    """The smallest challenge age that keeps each rate, in each draw: rate -> (draws,).

    Args:
        passing_years: the age that each picture is judged by (pictures,); -inf for refused ones.
        whose: number of the person in it, from 0 (pictures,).
        drawn: numbers of the people in each draw (draws, people).
    """
    people, rates = drawn.shape[1], np.array(CALIBRATED_RATES)
    falling = np.argsort(-passing_years, kind="stable")
    scores_years, owner = passing_years[falling], whose[falling]
    vote = 1 / np.bincount(whose, minlength=people)[owner]
    found = np.empty((drawn.shape[0], len(CALIBRATED_RATES)))
    for row, chosen in zip(found, drawn, strict=True):
        passed = (np.bincount(chosen, minlength=people)[owner] * vote).cumsum()
        # The sum of a person's equal parts may lie a rounding beside one.
        first_too_many = np.searchsorted(passed, rates * people + 1e-9, side="right")
        row[:] = [challenge_age_above(float(score)) for score in scores_years[first_too_many]]
    return dict(zip(CALIBRATED_RATES, found.T, strict=True))


def _numbered(people: Sequence[str]) -> IntArray:
    """Each person's number, in the order of their first pictures: (n,)."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(person, len(numbers)) for person in people], dtype=np.int64)

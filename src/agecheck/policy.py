"""From an age estimate to a verdict: pure, total, and closed on anything unexpected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from agecheck.errors import PolicyError
from agecheck.estimate import AgeEstimate
from agecheck.verdict import CheckResult, Reason, Verdict

MIN_AGE_LIMIT_YEARS = 1
MAX_CHALLENGE_AGE_YEARS = 80
"""Ages above this cannot be told apart by the models."""
MAX_AGE_LIMIT_YEARS = MAX_CHALLENGE_AGE_YEARS - 1
"""A challenge age lies above its age limit."""
MAX_ATTEMPTS = 10
Liveness: TypeAlias = Literal["none", "passive", "active"]
LIVENESS_LEVELS: tuple[Liveness, ...] = get_args(Liveness)

ChallengeAgeTable = Mapping[int, Mapping[float, float]]
"""age limit (years) -> false-over rate (share of minors) -> challenge age (years)."""


@dataclass(frozen=True, slots=True)
class AgePolicy:
    """What a relying party wants to know, and how sure it wants to be.

    Args:
        age_limit: the legal age in whole years, 1 to 79; the question is "over or under this age?".
        challenge_age: the estimate, in years, from which a person counts as over. Above the
            age limit, so that the estimator's error does not decide. None looks it up in the
            calibration by `max_false_over_rate`.
        max_false_over_rate: the share of people up to four years below the age limit that may
            be answered OVER, 0 to 1. Only rates that the calibration measured are taken; a
            policy is never rounded silently. Not used when `challenge_age` is given.
        max_attempts: how often one person may try. A constant of the policy that the token
            states; agecheck keeps no count of anybody.
        liveness: what a live session looks for beside an age. "passive": signs of a presentation
            attack and of life, without asking anything. "active": also movements and colours that
            are drawn for each session. "none", the default, is all that a still picture can have;
            a live session is one face's all the same.

    Raises:
        PolicyError: a value is out of range or contradicts another.
    """

    age_limit: int = 18
    challenge_age: float | None = None
    max_false_over_rate: float = 0.02
    max_attempts: int = 3
    liveness: Liveness = "none"

    def __post_init__(self) -> None:
        _require_liveness(self.liveness)
        _require_whole("age_limit", self.age_limit, MIN_AGE_LIMIT_YEARS, MAX_AGE_LIMIT_YEARS)
        _require_whole("max_attempts", self.max_attempts, 1, MAX_ATTEMPTS)
        _require_number("max_false_over_rate", self.max_false_over_rate)
        if not 0 < self.max_false_over_rate < 1:
            raise PolicyError("max_false_over_rate lies between 0 and 1")
        if self.challenge_age is not None:
            _require_number("challenge_age", self.challenge_age)
            if not self.age_limit < self.challenge_age <= MAX_CHALLENGE_AGE_YEARS:
                raise PolicyError(
                    "challenge_age lies above age_limit and at most at "
                    f"{MAX_CHALLENGE_AGE_YEARS}: an estimate errs by years, so a gate at the "
                    "legal age itself lets minors through"
                )
            if round(self.challenge_age, 1) != self.challenge_age:
                raise PolicyError("challenge_age is given in steps of 0.1 years")

    def resolve(self, table: ChallengeAgeTable) -> EffectivePolicy:
        """Settle the challenge age with a calibration's table.

        Raises:
            PolicyError: the table has no such age limit or rate; the message names what it has.
        """
        if self.challenge_age is not None:
            return self._effective(float(self.challenge_age))
        rates = table.get(self.age_limit)
        if rates is None:
            known = ", ".join(str(limit) for limit in sorted(table)) or "none"
            raise PolicyError(
                f"the calibration has no challenge age for age limit {self.age_limit}; it has "
                f"them for {known} (or give challenge_age yourself)"
            )
        challenge_age_years = rates.get(self.max_false_over_rate)
        if challenge_age_years is None:
            known = ", ".join(f"{rate:g}" for rate in sorted(rates)) or "none"
            raise PolicyError(
                f"the calibration does not support a false-over rate of "
                f"{self.max_false_over_rate:g} at age limit {self.age_limit}; it supports "
                f"{known} (or give challenge_age yourself)"
            )
        return self._effective(challenge_age_years)

    def _effective(self, challenge_age_years: float) -> EffectivePolicy:
        return EffectivePolicy(
            self.age_limit, challenge_age_years, self.max_attempts, self.liveness
        )


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """A policy with its challenge age settled. All of it is public and goes into a token.

    Attributes:
        age_limit: the legal age in whole years, 1 to 79.
        challenge_age_years: the estimate from which a person counts as over; above the age limit,
            at most 80, in steps of 0.1.
        max_attempts: how often one person may try, 1 to 10.
        liveness: "none", "passive" or "active".

    Raises:
        PolicyError: one of them is not that.
    """

    age_limit: int
    challenge_age_years: float
    max_attempts: int
    liveness: Liveness = "none"

    def __post_init__(self) -> None:
        _require_liveness(self.liveness)
        _require_whole("age_limit", self.age_limit, MIN_AGE_LIMIT_YEARS, MAX_AGE_LIMIT_YEARS)
        _require_whole("max_attempts", self.max_attempts, 1, MAX_ATTEMPTS)
        _require_number("challenge_age_years", self.challenge_age_years)
        if not self.age_limit < self.challenge_age_years <= MAX_CHALLENGE_AGE_YEARS:
            raise PolicyError("the challenge age lies above the age limit")
        if round(self.challenge_age_years, 1) != self.challenge_age_years:
            raise PolicyError("challenge_age_years is given in steps of 0.1 years")

    @property
    def policy_id(self) -> str:
        """A public name for these settings, equal on every device that uses them.

        Liveness is not in it: a token states the level that ran in a claim of its own.
        """
        return (
            f"over-{self.age_limit}/challenge-{self.challenge_age_years:g}"
            f"/attempts-{self.max_attempts}"
        )

    def decide(self, estimate: AgeEstimate, *, max_sd_years: float = math.inf) -> CheckResult:
        """Total and pure: every estimate, NaN and infinities included, has one result.

        Args:
            estimate: the calibrated age distribution.
            max_sd_years: a wider distribution than this is not decided on.
        """
        if not estimate.is_finite or estimate.sd_years < 0:
            return CheckResult.inconclusive(Reason.ESTIMATE_INVALID)
        if not estimate.sd_years <= max_sd_years:
            return CheckResult.inconclusive(Reason.ESTIMATE_UNCERTAIN)
        if estimate.mean_years < self.age_limit:
            return CheckResult(Verdict.UNDER)
        if estimate.cautious_years >= self.challenge_age_years:
            return CheckResult(Verdict.OVER)
        return CheckResult.inconclusive(Reason.WITHIN_BUFFER)


def _require_whole(name: str, value: object, lowest: int, highest: int) -> None:
    # bool is an int in Python; AgePolicy(True) is a mistake, not an age limit of 1.
    if not isinstance(value, int) or isinstance(value, bool):
        raise PolicyError(f"{name} is a whole number")
    if not lowest <= value <= highest:
        raise PolicyError(f"{name} lies from {lowest} to {highest}")


def _require_liveness(value: object) -> None:
    if value not in LIVENESS_LEVELS:
        raise PolicyError(f"liveness is one of {', '.join(LIVENESS_LEVELS)}")


def _require_number(name: str, value: object) -> None:
    # An int may be too large for a float, which isfinite() answers with OverflowError.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise PolicyError(f"{name} is a finite number")

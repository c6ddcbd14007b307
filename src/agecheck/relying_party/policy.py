"""What a site accepts. Every part is stated: there is no policy that accepts whatever comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from agecheck.calibration import shipped_calibration
from agecheck.errors import PolicyError, TokenFault
from agecheck.policy import MAX_ATTEMPTS, AgePolicy, EffectivePolicy
from agecheck.relying_party.errors import AnswerFault, RelyingPartyError
from agecheck.token.claims import INPUTS, LIVENESS, SEALS
from agecheck.token.verify import VerifiedToken

DEFAULT_MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptancePolicy:
    """How an answer must have come about to be taken.

    All of it is what the device says of itself, as believable as the key that signed it.

    Args:
        min_challenge_ages_years: age limit in whole years -> the lowest challenge age in years,
            above that limit and at most 80, in steps of 0.1. Only these limits can be asked about.
        seals: which of "open", "partial" and "sealed".
        liveness: which of "none", "passive" and "active".
        inputs: which of "file", "browser" and "device". A file can be anybody's picture.
        max_attempts: the highest number of tries that a device's own policy may allow, 1 to 10.
            Each further try raises a minor's chance to pass.

    Raises:
        RelyingPartyError: a part is empty, has a word that no token has, or is out of range.
    """

    min_challenge_ages_years: Mapping[int, float]
    seals: Collection[str]
    liveness: Collection[str]
    inputs: Collection[str]
    max_attempts: int = DEFAULT_MAX_ATTEMPTS

    def __post_init__(self) -> None:
        ages = self.min_challenge_ages_years
        if not isinstance(ages, Mapping) or not ages:
            raise RelyingPartyError("a policy states a challenge age for at least one age limit")
        if type(self.max_attempts) is not int or not 1 <= self.max_attempts <= MAX_ATTEMPTS:
            raise RelyingPartyError(f"max_attempts is a whole number from 1 to {MAX_ATTEMPTS}")
        for age_limit, challenge_age_years in ages.items():
            _require_challenge_age(age_limit, challenge_age_years)
        # Copies: a set that changes later would change what is accepted.
        for name, known in (("seals", SEALS), ("liveness", LIVENESS), ("inputs", INPUTS)):
            object.__setattr__(self, name, _words(name, getattr(self, name), known))
        object.__setattr__(self, "min_challenge_ages_years", MappingProxyType(dict(ages)))

    @classmethod
    def calibrated(
        cls,
        age_limits: Collection[int],
        *,
        seals: Collection[str],
        liveness: Collection[str],
        inputs: Collection[str],
        max_false_over_rate: float = 0.02,
        max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    ) -> AcceptancePolicy:
        """The challenge ages that the calibration shipped with this version found.

        Args:
            age_limits: among those that the calibration has.
            seals, liveness, inputs, max_attempts: as for the class.
            max_false_over_rate: as in `agecheck.AgePolicy`; one of the measured rates.

        Raises:
            RelyingPartyError: the calibration has no such age limit or rate, or as for the class.
            CalibrationError: the shipped calibration cannot be read.
        """
        table = shipped_calibration().challenge_ages_years
        ages: dict[int, float] = {}
        try:
            for age_limit in age_limits:
                policy = AgePolicy(age_limit, max_false_over_rate=max_false_over_rate)
                ages[age_limit] = policy.resolve(table).challenge_age_years
        except PolicyError as error:
            raise RelyingPartyError(str(error)) from None
        return cls(
            min_challenge_ages_years=ages,
            seals=seals,
            liveness=liveness,
            inputs=inputs,
            max_attempts=max_attempts,
        )

    def objection(self, verified: VerifiedToken) -> AnswerFault | TokenFault | None:
        """The first reason not to take a verified answer, or None. Pure and total."""
        lowest_years = self.min_challenge_ages_years.get(verified.age_limit)
        if lowest_years is None:
            return TokenFault.WRONG_AGE_LIMIT
        if not verified.challenge_age_years >= lowest_years:
            return AnswerFault.CHALLENGE_AGE_TOO_LOW
        if not verified.max_attempts <= self.max_attempts:
            return AnswerFault.TOO_MANY_ATTEMPTS
        if verified.seal not in self.seals:
            return AnswerFault.SEAL_REFUSED
        if verified.liveness not in self.liveness:
            return AnswerFault.LIVENESS_REFUSED
        if verified.input not in self.inputs:
            return TokenFault.INPUT_REFUSED
        return None


def _require_challenge_age(age_limit: object, challenge_age_years: object) -> None:
    try:
        EffectivePolicy(age_limit, challenge_age_years, max_attempts=1)  # type: ignore[arg-type]
    except PolicyError as error:
        raise RelyingPartyError(str(error)) from None


def _words(name: str, given: object, known: frozenset[str]) -> frozenset[str]:
    # A str is a collection of its characters, which is never what was meant.
    if isinstance(given, str) or not isinstance(given, Collection) or not given:
        raise RelyingPartyError(f"{name} is a set of words and not empty")
    if not all(isinstance(word, str) and word in known for word in given):
        raise RelyingPartyError(f"{name} is among {', '.join(sorted(known))}")
    return frozenset(given)

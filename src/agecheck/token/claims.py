"""Claims schema v1: what a token says. docs/reference/token.md is its description in words.

Issuer and verifier share this module, so that what is signed is what is accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agecheck.challenge import Challenge
from agecheck.errors import ChallengeError
from agecheck.policy import (
    LIVENESS_LEVELS,
    MAX_ATTEMPTS,
    MAX_CHALLENGE_AGE_YEARS,
    MIN_AGE_LIMIT_YEARS,
)
from agecheck.ports import Evidence
from agecheck.seal_state import SealLevel
from agecheck.token.encoding import base64url_decode

SCHEMA_VERSION = 1
METHOD = "facial-age-estimation"
LIFETIME_S = 300
"""From the rounded time of issue: a token lives for more than four and at most five minutes."""
ISSUED_AT_STEP_S = 60
"""Times are rounded down to this: exact ones would help to match a token with a visit."""
TOKEN_ID_BYTES = 16
MAX_TIME_S = 253_402_300_799
"""The end of the year 9999, the last that datetime can show."""

SEALS = frozenset(level.value for level in SealLevel)
LIVENESS = frozenset(LIVENESS_LEVELS)
INPUTS = frozenset({"file", "browser", "device"})

_AGE_OVER = re.compile(r"age_over_([1-9][0-9]?)")
_POLICY_ID = re.compile(r"[A-Za-z0-9._/-]{1,128}")
_SHA256_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of one token, well-formed but not yet compared with anything."""

    age_limit: int
    over: bool
    challenge_age_years: float
    policy_id: str
    bundle_digest: str
    seal: str
    liveness: str
    input: str
    max_attempts: int
    audience: str
    nonce: str
    issuer: str
    issued_at_s: int
    expires_at_s: int
    token_id: str


def build_claims(
    challenge: Challenge,
    evidence: Evidence,
    *,
    over: bool,
    issuer: str,
    issued_at_s: int,
    token_id: str,
) -> dict[str, object]:
    """The claims as JSON members, in the order in which they are written."""
    challenge_age_years = evidence.challenge_age_years
    return {
        "v": SCHEMA_VERSION,
        f"age_over_{evidence.age_limit}": over,
        "method": METHOD,
        # 25, not 25.0: the shortest form, as other languages write it.
        "challenge_age": int(challenge_age_years)
        if float(challenge_age_years).is_integer()
        else challenge_age_years,
        "policy": evidence.policy_id,
        "bundle": evidence.bundle_digest,
        "seal": evidence.seal,
        "liveness": evidence.liveness,
        "input": evidence.input,
        "max_attempts": evidence.max_attempts,
        "aud": challenge.audience,
        "nonce": challenge.nonce,
        "iss": issuer,
        "iat": issued_at_s,
        "exp": issued_at_s + LIFETIME_S,
        "jti": token_id,
    }


def encode_claims(claims: Mapping[str, object], *, over: bool) -> bytes:
    """JSON in ASCII; equally long for over and under, so that the length tells nobody the answer.

    `true` is one character shorter than `false`: a space behind the object, which JSON ignores,
    makes up for it.
    """
    text = json.dumps(claims, separators=(",", ":"), allow_nan=False)
    return (text + " " * over).encode("ascii")


def read_claims(members: Mapping[str, Any]) -> Claims | None:
    """Claims with exactly the schema's names, types and ranges, or None."""
    age_claims = [match for name in members if (match := _AGE_OVER.fullmatch(name))]
    if len(age_claims) != 1:
        return None
    age_claim, age_limit = age_claims[0][0], int(age_claims[0][1])
    if members.keys() != _CHECKS.keys() | {age_claim}:
        return None
    if type(members[age_claim]) is not bool:
        return None
    if not all(check(members[name]) for name, check in _CHECKS.items()):
        return None
    if not MIN_AGE_LIMIT_YEARS <= age_limit < members["challenge_age"] <= MAX_CHALLENGE_AGE_YEARS:
        return None
    if not 0 < members["exp"] - members["iat"] <= LIFETIME_S:
        return None
    try:
        challenge = Challenge(members["aud"], members["nonce"], age_limit)
    except ChallengeError:
        return None
    return Claims(
        age_limit=age_limit,
        over=members[age_claim],
        challenge_age_years=float(members["challenge_age"]),
        policy_id=members["policy"],
        bundle_digest=members["bundle"],
        seal=members["seal"],
        liveness=members["liveness"],
        input=members["input"],
        max_attempts=members["max_attempts"],
        audience=challenge.audience,
        nonce=challenge.nonce,
        issuer=members["iss"],
        issued_at_s=members["iat"],
        expires_at_s=members["exp"],
        token_id=members["jti"],
    )


def _whole(lowest: int, highest: int, step: int = 1) -> Callable[[object], bool]:
    # type() and not isinstance(): JSON's true is an int in Python, and 1.0 equals 1.
    return lambda value: (
        type(value) is int and lowest <= value <= highest and (value - lowest) % step == 0
    )


def _one_of(known: frozenset[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in known


def _matching(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _base64url_of(size_bytes: int) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        data = base64url_decode(value) if isinstance(value, str) else None
        return data is not None and len(data) == size_bytes

    return check


def _tenths_of_years(value: object) -> bool:
    # A finer step would let a device mark its tokens. NaN and infinities fail the comparison.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= MAX_CHALLENGE_AGE_YEARS and round(value, 1) == value


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "v": _whole(SCHEMA_VERSION, SCHEMA_VERSION),
    "method": _one_of(frozenset({METHOD})),
    "challenge_age": _tenths_of_years,
    "policy": _matching(_POLICY_ID),
    "bundle": _matching(_SHA256_HEX),
    "seal": _one_of(SEALS),
    "liveness": _one_of(LIVENESS),
    "input": _one_of(INPUTS),
    "max_attempts": _whole(1, MAX_ATTEMPTS),
    "aud": lambda value: isinstance(value, str),
    "nonce": lambda value: isinstance(value, str),
    "iss": _base64url_of(32),
    "iat": _whole(0, MAX_TIME_S, ISSUED_AT_STEP_S),
    "exp": _whole(0, MAX_TIME_S),
    "jti": _base64url_of(TOKEN_ID_BYTES),
}

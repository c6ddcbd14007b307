"""What a relying party asks: bound into a check before any pixel is read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agecheck.errors import ChallengeError
from agecheck.policy import MAX_AGE_LIMIT_YEARS, MIN_AGE_LIMIT_YEARS

MAX_AUDIENCE_CHARS = 255
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,255}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One question from one relying party, to be answered once.

    Args:
        audience: who asks, as a URI or an origin; 1 to 255 printable ASCII characters, no space.
        nonce: the relying party's fresh random value, 16 to 128 characters of base64url.
        age_limit: the age asked about, in whole years, 1 to 79.

    Raises:
        ChallengeError: a value does not have that form.
    """

    audience: str
    nonce: str
    age_limit: int

    def __post_init__(self) -> None:
        require_audience(self.audience)
        require_nonce(self.nonce)
        require_age_limit(self.age_limit)


def require_audience(audience: str) -> None:
    """Refuse what is no audience.

    Raises:
        ChallengeError: it does not have that form.
    """
    if not isinstance(audience, str) or not _AUDIENCE.fullmatch(audience):
        raise ChallengeError("audience is 1 to 255 printable ASCII characters without spaces")


def require_nonce(nonce: str) -> None:
    """Refuse what is no nonce.

    Raises:
        ChallengeError: it does not have that form.
    """
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise ChallengeError("nonce is 16 to 128 characters of A-Z a-z 0-9 _ -")


def require_age_limit(age_limit: int) -> None:
    """Refuse what is no age limit.

    Raises:
        ChallengeError: it is no whole number, or out of range.
    """
    if not isinstance(age_limit, int) or isinstance(age_limit, bool):
        raise ChallengeError("age_limit is a whole number")
    if not MIN_AGE_LIMIT_YEARS <= age_limit <= MAX_AGE_LIMIT_YEARS:
        raise ChallengeError("age_limit is out of range")

"""What a relying party asks: bound into a check before any pixel is read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agecheck.errors import ChallengeError
from agecheck.policy import MAX_CHALLENGE_AGE_YEARS, MIN_AGE_LIMIT_YEARS

MAX_AUDIENCE_CHARS = 255
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,255}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One question from one relying party, to be answered once.

    Args:
        audience: who asks, as a URI or an origin; 1 to 255 printable ASCII characters, no space.
        nonce: the relying party's fresh random value, 16 to 128 characters of base64url.
        age_limit: the age asked about, in whole years.

    Raises:
        ChallengeError: a value does not have that form.
    """

    audience: str
    nonce: str
    age_limit: int

    def __post_init__(self) -> None:
        if not isinstance(self.audience, str) or not _AUDIENCE.fullmatch(self.audience):
            raise ChallengeError("audience is 1 to 255 printable ASCII characters without spaces")
        if not isinstance(self.nonce, str) or not _NONCE.fullmatch(self.nonce):
            raise ChallengeError("nonce is 16 to 128 characters of A-Z a-z 0-9 _ -")
        if not isinstance(self.age_limit, int) or isinstance(self.age_limit, bool):
            raise ChallengeError("age_limit is a whole number")
        if not MIN_AGE_LIMIT_YEARS <= self.age_limit <= MAX_CHALLENGE_AGE_YEARS:
            raise ChallengeError("age_limit is out of range")

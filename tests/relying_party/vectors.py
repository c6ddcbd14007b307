"""What the published vectors are made of: an acceptable token, and what one entry says."""

from __future__ import annotations

from typing import Any

from relying_party.forging import (
    CLAIMS,
    forge,
    json_bytes,
)

Vector = dict[str, Any]

UNUSABLE_KEY = "UNUSABLE_KEY"
"""In place of a token's fault: the verifier refuses the key that it is set up with."""

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD_PRIME = 2**255 - 19
GOOD = forge()
GOOD_HEADER, GOOD_PAYLOAD, GOOD_SIGNATURE = GOOD.split(".")
GOOD_TEXT = json_bytes(CLAIMS).decode("ascii")


def vector(name: str, fault: str, token: object, **given: object) -> Vector:
    return {"name": name, "fault": fault, "token": token, **({"given": given} if given else {})}


def of_length(length: int) -> str:
    """A good token with at least so many characters, by spaces behind its payload."""
    for spaces in range(4096):
        token = forge(GOOD_TEXT + " " * spaces)
        if len(token) >= length:
            return token
    raise ValueError("no token of that length")

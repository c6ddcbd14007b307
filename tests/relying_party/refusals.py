"""The tokens that every verifier refuses, and how: the source of the published vectors.

    python -m relying_party.make_refusals     writes docs/reference/vectors/refusals-v1.json

Each one differs from an acceptable token in one thing, and its signature is good unless the
signature is that thing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from relying_party import refused_claims, refused_forms
from relying_party.forging import (
    AUDIENCE,
    CLAIMS,
    ISSUED_S,
    KEY,
    NONCE,
    NOW_S,
    claims,
    forge,
    jwk_of,
    without,
)
from relying_party.vectors import GOOD, GOOD_TEXT, Vector, of_length

_HEADER_TEXT = '{"alg":"EdDSA","typ":"agecheck+jwt"}'
DEFAULTS: dict[str, Any] = {
    "audience": AUDIENCE,
    "nonce": NONCE,
    "public_jwk": jwk_of(KEY),
    "now_s": NOW_S,
    "age_limit": 18,
    "accept_inputs": ["browser", "device"],
    "leeway_s": 30,
}


def document() -> dict[str, Any]:
    return {
        "about": (
            "agecheck token schema v1: every verifier takes those under `accepted` and refuses "
            "those under `refused` with that fault. A vector's `given` replaces `defaults`. "
            "`repeat` stands for a text repeated. Keys are public: for tests only."
        ),
        "defaults": DEFAULTS,
        "accepted": list(_accepted()),
        "refused": [*refused_forms.refused(), *refused_claims.refused()],
    }


def _accepted() -> Iterator[Vector]:
    """Near misses of the refused ones: a verifier that refuses everything fails on these."""

    def vector(name: str, token: str, *, over: bool = True, **given: object) -> Vector:
        return {"name": name, "over": over, "token": token, **({"given": given} if given else {})}

    yield vector("over", GOOD)
    yield vector("under", forge(claims(age_over_18=False)), over=False)
    yield vector("padded with a space", forge(GOOD_TEXT + " "))
    yield vector(
        "white space and another order", forge(json.dumps(CLAIMS, indent=1, sort_keys=True))
    )
    yield vector(
        "a header in another order", forge(header='{ "typ":"agecheck+jwt", "alg":"EdDSA" }')
    )
    yield vector("a header with much white space", forge(header=_HEADER_TEXT + " " * 1024))
    yield vector("an escaped member name", forge(GOOD_TEXT.replace('"aud"', '"\\u0061ud"')))
    yield vector("escaped slashes", forge(GOOD_TEXT.replace("/", "\\/")))
    yield vector("a fraction of a year", forge(claims(challenge_age=25.1)))
    yield vector("a challenge age as 25.0", forge(claims(challenge_age=25.0)))
    yield vector("a challenge age as 2.5e1", forge(GOOD_TEXT.replace(":25,", ":2.5e1,")))
    yield vector("the highest challenge age", forge(claims(challenge_age=80)))
    yield vector("any age", forge(without("age_over_18", age_over_21=True)), age_limit=None)
    yield vector(
        "a file where files are taken", forge(claims(input="file")), accept_inputs=["file"]
    )
    yield vector("the shortest life", forge(claims(exp=ISSUED_S + 1)), now_s=ISSUED_S)
    yield vector("a clock ahead by the leeway", GOOD, now_s=ISSUED_S - 30)
    yield vector("the last moment", GOOD, now_s=ISSUED_S + 299.999)
    yield vector("a key with notes", GOOD, public_jwk=jwk_of(KEY) | {"kid": "till 3", "note": "x"})
    yield vector("as large as can be", of_length(4096))

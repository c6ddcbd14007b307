"""Tokens altered at random: refused with a TokenError, never accepted."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agecheck import TokenError
from long.budget import LongRun
from relying_party.forging import encoded, forge
from unit.token_checks import CLAIMS, check

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493  # of Ed25519, RFC 8032
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0\u00e9"
GOOD = forge(CLAIMS)
UNDER = forge(CLAIMS | {"age_over_18": False})
OTHERS = [
    UNDER,
    forge(CLAIMS | {"nonce": "another-nonce-of-ours"}),
    forge(CLAIMS, key=Ed25519PrivateKey.from_private_bytes(b"\x06" * 32)),
]


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def edit_text(rng: np.random.Generator) -> str:
    """Letters put in, taken out or replaced."""
    token = GOOD
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(len(token) + 1))
        letters = "".join(rng.choice(list(ALPHABET), int(rng.integers(0, 3))))
        token = token[:place] + letters + token[place + int(rng.integers(0, 3)) :]
    return token


def edit_bytes(rng: np.random.Generator) -> str:
    """Bits of a decoded part flipped."""
    parts = GOOD.split(".")
    place = int(rng.integers(3))
    content = bytearray(decoded(parts[place]))
    for _ in range(int(rng.integers(1, 4))):
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    parts[place] = encoded(bytes(content))
    return ".".join(parts)


def mix_parts(rng: np.random.Generator) -> str:
    """Parts of genuine tokens put together anew, left out or doubled."""
    pool = [part for token in (GOOD, *OTHERS) for part in token.split(".")]
    return ".".join(rng.choice([*pool, ""], int(rng.choice([1, 2, 3, 3, 3, 4]))))


def edit_claims(rng: np.random.Generator) -> str:
    """Other claims under the old signature."""
    header, _, signature = GOOD.split(".")
    values = [True, False, None, 0, 18, 1e308, "file", "", [], {}, CLAIMS["exp"] + 1]
    claims = dict(CLAIMS)
    claims[str(rng.choice([*CLAIMS, "age_over_21", "admin"]))] = values[int(rng.integers(11))]
    return f"{header}.{encoded(json.dumps(claims).encode())}.{signature}"


def respell_signature(rng: np.random.Generator) -> str:
    """The same signature in other words: a token would no longer be usable once only."""
    head, _, signature = GOOD.rpartition(".")
    match int(rng.integers(3)):
        case 0:  # the unused bits of the last letter
            return f"{head}.{signature[:-1]}{rng.choice(list(ALPHABET[:64]))}"
        case 1:
            raw = decoded(signature)
            scalar = int.from_bytes(raw[32:], "little") + GROUP_ORDER * int(rng.integers(1, 15))
            return f"{head}.{encoded(raw[:32] + scalar.to_bytes(32, 'little'))}"
        case _:
            return f"{head}.{signature}{'=' * int(rng.integers(1, 4))}"


EDITS = (edit_text, edit_bytes, mix_parts, edit_claims, respell_signature)


@pytest.mark.long_share("tokens")
def test_altered_tokens(long_run: LongRun) -> None:
    """One token is one text: nothing but what was signed is accepted, as text or as bytes."""
    assert check(GOOD).over is True
    for rng in long_run.cases():
        token = EDITS[int(rng.integers(len(EDITS)))](rng)
        if token in (GOOD, UNDER):  # put together again: both answer this very challenge
            long_run.outcomes["genuine"] += 1
            continue
        for given in (token, token.encode()):
            with pytest.raises(TokenError) as caught:
                check(given)
            assert caught.value.__context__ is None
        long_run.outcomes[caught.value.fault.name] += 1

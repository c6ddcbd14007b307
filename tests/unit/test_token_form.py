"""A token's form, header and key: what is refused before a claim is read."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agecheck.errors import AgecheckError, TokenFault
from agecheck.token import VerifierError
from relying_party.forging import HEADER, KEY, encoded, forge, thumbprint_of
from unit.token_checks import CLAIMS, GOOD, check, fault_of, jwk_of


def test_a_good_token_is_accepted_in_every_spelling() -> None:
    """The baseline of all refusals below: this token has nothing wrong with it."""
    verified = check(GOOD)
    assert verified.over is True
    assert check(GOOD.encode()) == verified
    assert check(GOOD, age_limit=None) == verified
    assert check(forge(CLAIMS, {"typ": "agecheck+jwt", "alg": "EdDSA"})) == verified
    assert check(forge(json.dumps(CLAIMS, indent=2))) == verified
    assert check(forge(CLAIMS | {"challenge_age": 25.0})) == verified
    assert check(forge({name: CLAIMS[name] for name in sorted(CLAIMS)})) == verified


def test_a_result_has_no_truth_value_and_cannot_be_changed() -> None:
    """`if verify_token(...)` does not let the verified answer "under" through."""
    under = {name: False if name == "age_over_18" else CLAIMS[name] for name in CLAIMS}
    verified = check(forge(under))
    assert verified.over is False
    with pytest.raises(TypeError):
        bool(verified)
    with pytest.raises(dataclasses.FrozenInstanceError):
        verified.over = True  # type: ignore[misc]


# Form


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        GOOD.rsplit(".", 1)[0],
        GOOD + ".",
        GOOD + ".AAAA",
        " " + GOOD,
        GOOD + "\n",
        GOOD.replace(".", " . "),
        GOOD + "=",
        GOOD.replace(".", "=.", 1),
        GOOD[:30] + "\0" + GOOD[30:],
        GOOD[:30] + "é" + GOOD[31:],
        GOOD[:30] + "\ud800" + GOOD[31:],
        GOOD[:30].encode() + b"\xff" + GOOD[31:].encode(),
        GOOD[:5] + "+" + GOOD[6:],
        json.dumps({"payload": GOOD.split(".")[1], "signature": GOOD.split(".")[2]}),
        None,
        7,
        b"",
        [GOOD],
        {"token": GOOD},
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_is_not_a_compact_jws_is_malformed(token: Any) -> None:
    """A token has one spelling: no white space, padding, other alphabet, type or serialisation."""
    assert fault_of(token) is TokenFault.MALFORMED


def test_a_large_token_is_refused_unread() -> None:
    """A relying party spends nothing on megabytes, and a large good signature does not help."""
    assert fault_of("A" * 10_000_000) is TokenFault.TOO_LARGE
    assert fault_of(b"\xff" * 5000) is TokenFault.TOO_LARGE
    assert fault_of(forge(json.dumps(CLAIMS) + " " * 4000)) is TokenFault.TOO_LARGE


@pytest.mark.parametrize("end", range(0, len(GOOD), 7))
def test_a_truncated_token_is_refused(end: int) -> None:
    """No part of a token stands for the whole."""
    fault_of(GOOD[:end])


def test_no_character_of_a_token_can_be_changed() -> None:
    """Every character counts, the last ones of each base64url part included."""
    refused = 0
    for position, character in enumerate(GOOD):
        for other in "AQgw_9.":
            if other != character:
                fault_of(GOOD[:position] + other + GOOD[position + 1 :])
                refused += 1
    assert refused > 6 * len(GOOD) - 1


# Header


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES256", "Ed25519", "eddsa", "", 1])
def test_another_algorithm_is_refused(algorithm: Any) -> None:
    """The header does not choose the algorithm, even under a good EdDSA signature."""
    header = {"alg": algorithm, "typ": "agecheck+jwt"}
    assert fault_of(forge(CLAIMS, header)) is TokenFault.WRONG_ALGORITHM


def test_an_unsigned_token_is_refused() -> None:
    """`alg: none` with an empty signature is the oldest of forgeries; so is dropping it."""
    unsigned = forge(CLAIMS, {"alg": "none", "typ": "agecheck+jwt"}).rsplit(".", 1)[0] + "."
    assert fault_of(unsigned) is TokenFault.WRONG_ALGORITHM
    assert fault_of(GOOD.rsplit(".", 1)[0] + ".") is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("algorithm", "fault"),
    [("HS256", TokenFault.WRONG_ALGORITHM), ("EdDSA", TokenFault.BAD_SIGNATURE)],
)
def test_the_public_key_is_not_a_shared_secret(algorithm: str, fault: TokenFault) -> None:
    """An HMAC keyed with the public key, in any of its forms, is no signature."""
    raw = KEY.public_key().public_bytes_raw()
    for secret in (raw, encoded(raw).encode(), json.dumps(jwk_of(KEY)).encode()):
        header = json.dumps({"alg": algorithm, "typ": "agecheck+jwt"}).encode()
        signing_input = f"{encoded(header)}.{encoded(json.dumps(CLAIMS).encode())}"
        tag = hmac.digest(secret, signing_input.encode(), hashlib.sha256)
        assert fault_of(f"{signing_input}.{encoded(tag)}") is fault


@pytest.mark.parametrize("kind", ["JWT", "agecheck", "AGECHECK+JWT", "agecheck+jwt ", "", None, 1])
def test_another_type_is_refused(kind: Any) -> None:
    """A token that the same key signed for another purpose is not taken for an answer."""
    assert fault_of(forge(CLAIMS, {"alg": "EdDSA", "typ": kind})) is TokenFault.WRONG_TYPE


def test_a_header_without_alg_or_typ_is_refused() -> None:
    """Nothing is assumed for a missing member."""
    assert fault_of(forge(CLAIMS, {"typ": "agecheck+jwt"})) is TokenFault.WRONG_ALGORITHM
    assert fault_of(forge(CLAIMS, {"alg": "EdDSA"})) is TokenFault.WRONG_TYPE


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"jwk": jwk_of(KEY)},
        {"jku": "https://evil.example/keys"},
        {"x5c": ["AAAA"]},
        {"x5u": "https://evil.example/cert"},
        {"kid": "1"},
        {"cty": "JWT"},
        {"": 0},
    ],
    ids=lambda extra: "+".join(extra),
)
def test_any_further_header_member_is_refused(extra: dict[str, Any]) -> None:
    """No key, address, extension or other instruction is taken from the token itself."""
    assert fault_of(forge(CLAIMS, HEADER | extra)) is TokenFault.MALFORMED


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"none","alg":"EdDSA","typ":"agecheck+jwt"}',
        '{"alg":"EdDSA","typ":"JWT","typ":"agecheck+jwt"}',
        "",
        "null",
        "[]",
        '"EdDSA"',
        '{"alg":"EdDSA","typ":"agecheck+jwt"} {}',
        '{"alg":NaN,"typ":"agecheck+jwt"}',
        json.dumps(HEADER).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(HEADER).encode(),
        b"\xff",
        "[" * 1500,
        '{"alg":' * 200,
    ],
    ids=lambda header: repr(header)[:16],
)
def test_a_header_that_reads_two_ways_is_malformed(header: str | bytes) -> None:
    """Duplicate members, other encodings and deep nesting do not get past the first look."""
    assert fault_of(forge(CLAIMS, header)) is TokenFault.MALFORMED


# Key


def test_another_key_is_refused() -> None:
    """A device cannot answer for another, nor name the other as its issuer."""
    other = Ed25519PrivateKey.from_private_bytes(b"\x06" * 32)
    assert fault_of(forge(CLAIMS, key=other)) is TokenFault.BAD_SIGNATURE
    assert fault_of(GOOD, public_jwk=jwk_of(other)) is TokenFault.BAD_SIGNATURE
    as_other = forge(CLAIMS | {"iss": thumbprint_of(other)})
    assert fault_of(as_other) is TokenFault.WRONG_ISSUER


def test_a_key_off_the_curve_verifies_nothing() -> None:
    """32 bytes that are no point give a refusal, not a crash."""
    for first in range(8):
        jwk = jwk_of(KEY) | {"x": encoded(bytes([first]) + b"\xff" * 31)}
        assert fault_of(GOOD, public_jwk=jwk) is TokenFault.BAD_SIGNATURE


BAD_KEYS: dict[str, Any] = {
    "none": None,
    "text": json.dumps(jwk_of(KEY)),
    "empty": {},
    "private": jwk_of(KEY) | {"d": encoded(KEY.private_bytes_raw())},
    "a set": {"keys": [jwk_of(KEY)]},
    "symmetric": {"kty": "oct", "k": "AAAA"},
    "another type": jwk_of(KEY) | {"kty": "EC"},
    "another curve": jwk_of(KEY) | {"crv": "X25519"},
    "no x": {"kty": "OKP", "crv": "Ed25519"},
    "short x": jwk_of(KEY) | {"x": "AAAA"},
    "padded x": jwk_of(KEY) | {"x": str(jwk_of(KEY)["x"]) + "="},
    "x not ASCII": jwk_of(KEY) | {"x": "é" * 43},
    "x a number": jwk_of(KEY) | {"x": 5},
    "for encryption": jwk_of(KEY) | {"use": "enc"},
    "for another algorithm": jwk_of(KEY) | {"alg": "HS256"},
}


@pytest.mark.parametrize("jwk", BAD_KEYS.values(), ids=BAD_KEYS)
def test_an_unusable_key_is_the_callers_error(jwk: Any) -> None:
    """A verifier that was set up wrongly says so, rather than blaming each token."""
    with pytest.raises(VerifierError) as caught:
        check(GOOD, public_jwk=jwk)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, AgecheckError)
    assert encoded(KEY.private_bytes_raw()) not in repr(caught.value)


def test_a_keys_other_members_do_not_matter() -> None:
    """A relying party may keep its own notes in a JWK; a key names itself by its thumbprint."""
    assert check(GOOD, public_jwk=jwk_of(KEY) | {"kid": "device 7", "note": "till 3"}).over
    minimal = {name: jwk_of(KEY)[name] for name in ("kty", "crv", "x")}
    assert check(GOOD, public_jwk=minimal).over

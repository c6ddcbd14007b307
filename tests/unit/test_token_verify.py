"""Verification: every way in which a token can be wrong, each with its own fault.

Tokens are forged here with `cryptography` alone, by the key that the verifier trusts unless a
test says otherwise: what is refused is refused for its content, not for a broken signature.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from agecheck.errors import AgecheckError, ChallengeError, TokenError, TokenFault
from agecheck.token import VerifiedToken, VerifierError, verify_token
from relying_party import forging
from relying_party.forging import AUDIENCE as SHOP
from relying_party.forging import HEADER, ISSUED_S, KEY, NOW_S, encoded, forge, thumbprint_of

NONCE = "bm9uY2UtZm9yLXRlc3Rz"
CLAIMS = forging.claims(nonce=NONCE, seal="open", liveness="none")


def jwk_of(key: Ed25519PrivateKey) -> dict[str, object]:
    return forging.jwk_of(key) | {"alg": "EdDSA", "use": "sig"}


def check(token: Any, **changes: Any) -> VerifiedToken:
    arguments: dict[str, Any] = {
        "audience": SHOP,
        "nonce": NONCE,
        "public_jwk": jwk_of(KEY),
        "now_s": NOW_S,
        "age_limit": 18,
    }
    return verify_token(token, **(arguments | changes))


def fault_of(token: Any, **changes: Any) -> TokenFault:
    """Why the token is refused, once the error is known to carry nothing else."""
    with pytest.raises(TokenError) as caught:
        check(token, **changes)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert str(error) == error.fault.value
    return error.fault


GOOD = forge(CLAIMS)


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


# Claims


@pytest.mark.parametrize("name", CLAIMS)
def test_no_claim_may_be_missing(name: str) -> None:
    """A token is complete or refused; nothing has a default."""
    rest = {other: CLAIMS[other] for other in CLAIMS if other != name}
    assert fault_of(forge(rest)) is TokenFault.BAD_CLAIMS


@pytest.mark.parametrize(
    "extra",
    [
        {"sub": "person"},
        {"age": 31},
        {"nbf": ISSUED_S},
        {"age_over_21": True},
        {"age_over_18 ": True},
        {"": 0},
    ],
    ids=lambda extra: "+".join(extra),
)
def test_no_claim_may_be_added(extra: dict[str, Any]) -> None:
    """Nothing about a person rides along, and one token answers for one age."""
    assert fault_of(forge(CLAIMS | extra)) is TokenFault.BAD_CLAIMS


@pytest.mark.parametrize("name", CLAIMS)
def test_no_claim_may_occur_twice(name: str) -> None:
    """Two parsers cannot read two answers from one token."""
    first = json.dumps({name: CLAIMS[name]})[1:-1]
    payload = "{" + first + "," + json.dumps(CLAIMS)[1:]
    assert fault_of(forge(payload)) is TokenFault.BAD_CLAIMS


@pytest.mark.parametrize("name", CLAIMS)
def test_no_claim_takes_another_type(name: str) -> None:
    """JSON's types are taken to the letter: true is not 1, "1" is not 1, null is nothing."""
    values: list[Any] = [None, [], {}, "", "x y", [CLAIMS[name]], {"value": CLAIMS[name]}]
    values += [-1, 0, 0.5, 1e300] if isinstance(CLAIMS[name], bool) else [True, False]
    values += [7, 1.5] if isinstance(CLAIMS[name], str) else [str(CLAIMS[name])]
    for value in values:
        assert fault_of(forge(CLAIMS | {name: value})) is TokenFault.BAD_CLAIMS


BAD_VALUES = [
    ("v", 0),
    ("v", 2),
    ("v", 1.0),
    ("age_over_18", 1),
    ("method", "document"),
    ("challenge_age", 18),
    ("challenge_age", 17.9),
    ("challenge_age", 80.1),
    ("challenge_age", -25),
    ("challenge_age", 25.05),
    ("policy", "p" * 129),
    ("policy", "over-18\n"),
    ("policy", "över-18"),
    ("bundle", "A" * 64),
    ("bundle", "a" * 65),
    ("seal", "closed"),
    ("liveness", "None"),
    ("input", "camera"),
    ("max_attempts", 0),
    ("max_attempts", 11),
    ("max_attempts", 3.0),
    ("aud", "a" * 256),
    ("aud", "https://shop.example "),
    ("aud", "https://shop.éxample"),
    ("aud", "\ud800"),
    ("aud", [SHOP]),
    ("nonce", "short"),
    ("nonce", "n" * 129),
    ("nonce", NONCE + "="),
    ("iss", "A" * 42),
    ("iss", "A" * 42 + "B"),
    ("jti", "A" * 21),
    ("jti", "A" * 21 + "B"),
    ("jti", "A" * 43),
    ("iat", ISSUED_S + 0.0),
    ("iat", ISSUED_S + 1),
    ("iat", -60),
    ("iat", ISSUED_S + 300),
    ("iat", 10**30),
    ("exp", ISSUED_S),
    ("exp", ISSUED_S - 60),
    ("exp", ISSUED_S + 301),
    ("exp", ISSUED_S + 300.0),
    ("exp", 253_402_300_800),
]


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_no_claim_leaves_its_range(name: str, value: Any) -> None:
    """Every value that agecheck would never issue is refused, signature or not."""
    assert fault_of(forge(CLAIMS | {name: value})) is TokenFault.BAD_CLAIMS


@pytest.mark.parametrize(
    "name",
    [
        "age_over_018",
        "age_over_0",
        "age_over_81",
        "age_over_100",
        "age_over_",
        "age_over_-1",
        "age_over_18\n",
        "age_over_\u0661\u0668",
        "AGE_OVER_18",
        "age_under_18",
        "age_over_1e1",
    ],
)
def test_an_age_has_one_spelling(name: str) -> None:
    """One age is written in one way, from 1 to 80, and the claim's name is exact."""
    rest = {other: CLAIMS[other] for other in CLAIMS if other != "age_over_18"}
    for challenge_age in (25, 80):
        claims = rest | {name: True, "challenge_age": challenge_age}
        assert fault_of(forge(claims), age_limit=None) is TokenFault.BAD_CLAIMS


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode(),
        json.dumps(CLAIMS).encode("utf-16"),
        json.dumps(CLAIMS) + "{}",
        json.dumps(CLAIMS)[:-1],
        json.dumps(CLAIMS)[:-1] + ",}",
        json.dumps(CLAIMS).replace("25,", "NaN,"),
        json.dumps(CLAIMS).replace("25,", "Infinity,"),
        json.dumps(CLAIMS).replace("25,", "-Infinity,"),
        json.dumps(CLAIMS).replace("25,", "1e999,"),
        json.dumps(CLAIMS).replace(f"{ISSUED_S},", "9" * 2000 + ","),
        json.dumps(CLAIMS).replace(": 3,", ": " + "9" * 2000 + ","),
        json.dumps(CLAIMS).replace(": 3,", ": {" + '"a":{' * 300 + "}" * 301 + ","),
        "[" * 2500,
        '{"a":' * 500,
    ],
    ids=lambda payload: repr(payload)[-20:],
)
def test_a_payload_that_is_not_plain_json_is_refused(payload: str | bytes) -> None:
    """Also a signed payload is hostile until read: encodings, constants, depth, huge numbers."""
    assert fault_of(forge(payload)) is TokenFault.BAD_CLAIMS


# What was asked


def test_an_answer_to_another_audience_is_refused() -> None:
    """A relying party cannot pass a token on as its own."""
    assert fault_of(GOOD, audience=SHOP + "/") is TokenFault.WRONG_AUDIENCE
    assert fault_of(forge(CLAIMS | {"aud": "shop"})) is TokenFault.WRONG_AUDIENCE


def test_an_answer_to_another_challenge_is_refused() -> None:
    """A token that was good once is not good for the next visit."""
    assert fault_of(GOOD, nonce=NONCE.lower()) is TokenFault.WRONG_NONCE
    assert fault_of(forge(CLAIMS | {"nonce": NONCE + "A"})) is TokenFault.WRONG_NONCE


def test_an_answer_about_another_age_is_refused() -> None:
    """Over 16 is no answer to over 18, nor the other way round."""
    assert fault_of(GOOD, age_limit=21) is TokenFault.WRONG_AGE_LIMIT
    assert fault_of(GOOD, age_limit=16) is TokenFault.WRONG_AGE_LIMIT
    assert check(GOOD, age_limit=None).age_limit == 18


def test_a_token_ends_exactly_at_its_expiry() -> None:
    """Good to the last moment, refused from `exp` on, and no leeway prolongs it."""
    assert check(GOOD, now_s=ISSUED_S + 299.999).over
    for late_s in (300, 300.001, 600, 1e9):
        for leeway_s in (0, 300):
            now_s = ISSUED_S + late_s
            assert fault_of(GOOD, now_s=now_s, leeway_s=leeway_s) is TokenFault.EXPIRED


def test_a_token_from_the_future_is_refused_beyond_the_leeway() -> None:
    """A device's clock may be ahead by the leeway, thirty seconds unless told otherwise."""
    assert check(GOOD, now_s=ISSUED_S - 30).over
    assert fault_of(GOOD, now_s=ISSUED_S - 30.001) is TokenFault.NOT_YET_VALID
    assert check(GOOD, now_s=ISSUED_S, leeway_s=0).over
    assert fault_of(GOOD, now_s=ISSUED_S - 0.001, leeway_s=0) is TokenFault.NOT_YET_VALID
    assert check(GOOD, now_s=ISSUED_S - 300, leeway_s=300).over


def test_a_file_is_refused_unless_accepted() -> None:
    """Anybody's picture can be a file; taking one is the relying party's explicit choice."""
    from_file = forge(CLAIMS | {"input": "file"})
    assert fault_of(from_file) is TokenFault.INPUT_REFUSED
    assert check(from_file, accept_inputs={"file"}).input == "file"
    assert check(forge(CLAIMS | {"input": "browser"})).input == "browser"
    assert fault_of(GOOD, accept_inputs={"browser"}) is TokenFault.INPUT_REFUSED


@pytest.mark.parametrize(
    "changes",
    [
        {"now_s": float("nan")},
        {"now_s": float("inf")},
        {"now_s": -1},
        {"now_s": 10**400},
        {"now_s": True},
        {"now_s": None},
        {"now_s": "now"},
        {"leeway_s": -1},
        {"leeway_s": 300.5},
        {"leeway_s": float("nan")},
        {"accept_inputs": ()},
        {"accept_inputs": None},
        {"accept_inputs": "device"},
        {"accept_inputs": {"device", "camera"}},
    ],
    ids=repr,
)
def test_an_unusable_setting_is_the_callers_error(changes: dict[str, Any]) -> None:
    """A clock that is NaN or an empty list is not silently taken for "anything goes"."""
    with pytest.raises(VerifierError):
        check(GOOD, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": ""},
        {"audience": None},
        {"audience": "é"},
        {"nonce": ""},
        {"nonce": None},
        {"nonce": "short"},
        {"age_limit": 0},
        {"age_limit": True},
        {"age_limit": "18"},
    ],
    ids=repr,
)
def test_a_challenge_that_cannot_have_been_is_the_callers_error(changes: dict[str, Any]) -> None:
    """A lost nonce (None, "") is an error and never matches a token."""
    with pytest.raises(ChallengeError):
        check(GOOD, **changes)


# Nothing but TokenError, and never a yes


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([*sorted(CLAIMS), "file", "browser"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(token=st.text(max_size=300) | st.binary(max_size=300) | st.from_regex(r"\A[\w.=-]+\Z"))
@settings(max_examples=150, deadline=None)
def test_any_text_is_refused_with_a_token_error(token: str | bytes) -> None:
    """Whatever a web client sends in place of a token, the caller handles one exception."""
    with pytest.raises(TokenError):
        check(token)


@given(header=st.binary(max_size=60) | JSON_VALUES.map(json.dumps), payload=st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_signed_bytes_are_refused_with_a_token_error(
    header: bytes | str, payload: bytes
) -> None:
    """The signature protects against outsiders only; also the device itself may send anything."""
    with pytest.raises(TokenError):
        check(forge(payload, header))
    with pytest.raises(TokenError):
        check(forge(payload))


@given(name=st.sampled_from(sorted(CLAIMS)), value=JSON_VALUES)
@settings(max_examples=200, deadline=None)
def test_any_other_value_of_a_claim_is_refused_or_read_as_it_is(name: str, value: Any) -> None:
    """A token is accepted only if every claim has its exact type; nothing else ever escapes."""
    try:
        verified = check(forge(CLAIMS | {name: value}))
    except TokenError:
        return
    assert type(value) is type(CLAIMS[name]) or (name == "challenge_age" and type(value) is float)
    assert isinstance(verified.over, bool)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_edited_token_is_refused(data: st.DataObject) -> None:
    """Cuts, repeats and insertions anywhere in a good token never leave it good."""
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, len(GOOD)))
    edited = GOOD[:start] + data.draw(st.text("AQgw-_.=9 ", max_size=8)) + GOOD[end:]
    if edited != GOOD:
        with pytest.raises(TokenError):
            check(edited)


def test_the_reference_describes_every_claim_and_fault() -> None:
    """docs/reference/token.md lists the claims and faults that the code knows, all of them."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "token.md"
    text = page.read_text(encoding="utf-8")
    for name in CLAIMS:
        assert f"| `{name.replace('18', 'NN')}` |" in text
    for fault in TokenFault:
        assert f"`{fault.name}`" in text

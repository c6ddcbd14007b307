"""A token's claims: complete, each once, of one type and in its range."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agecheck.errors import TokenFault
from relying_party.forging import AUDIENCE as SHOP
from relying_party.forging import ISSUED_S, forge
from unit.token_checks import CLAIMS, NONCE, fault_of


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

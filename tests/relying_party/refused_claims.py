"""Tokens refused for what they claim, or for what was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from relying_party.forging import (
    AUDIENCE,
    CLAIMS,
    ISSUED_S,
    KEY,
    NONCE,
    claims,
    forge,
    thumbprint_of,
    without,
)
from relying_party.vectors import GOOD, GOOD_TEXT, Vector, vector


def refused() -> Iterator[Vector]:
    yield from _json()
    yield from _claims()
    yield from _unicode()
    yield from _asked()
    yield from _times()


def _json() -> Iterator[Vector]:
    """Payloads that two JSON parsers might read in two ways."""
    for name in CLAIMS:
        member = json.dumps({name: CLAIMS[name]}, separators=(",", ":"))[1:-1]
        yield vector(f"json: {name} twice", "BAD_CLAIMS", forge("{" + member + "," + GOOD_TEXT[1:]))
    texts: dict[str, str | bytes] = {
        "false, then true": GOOD_TEXT.replace('"age_over_18"', '"age_over_18":false,"age_over_18"'),
        "twice, once escaped": GOOD_TEXT.replace('"aud"', '"\\u0061ud":"x","aud"'),
        "null": "null",
        "a list": "[" + GOOD_TEXT + "]",
        "a text": json.dumps(GOOD_TEXT),
        "a number": "1",
        "an object behind": GOOD_TEXT + "{}",
        "a line of text behind": GOOD_TEXT + "\nx",
        "a NUL behind": GOOD_TEXT + "\0",
        "cut off": GOOD_TEXT[:-1],
        "a comma behind": GOOD_TEXT[:-1] + ",}",
        "a comma before": "{," + GOOD_TEXT[1:],
        "a comment": "/**/" + GOOD_TEXT,
        "a name without quotes": GOOD_TEXT.replace('"v"', "v"),
        "NaN": GOOD_TEXT.replace(":25,", ":NaN,"),
        "Infinity": GOOD_TEXT.replace(":25,", ":Infinity,"),
        "1e999": GOOD_TEXT.replace(":25,", ":1e999,"),
        "a leading zero": GOOD_TEXT.replace(":25,", ":025,"),
        "a plus sign": GOOD_TEXT.replace(":25,", ":+25,"),
        "a bare decimal point": GOOD_TEXT.replace(":25,", ":25.,"),
        "hexadecimal": GOOD_TEXT.replace(":25,", ":0x19,"),
        "an underscore in a number": GOOD_TEXT.replace(":25,", ":2_5,"),
        "2,000 digits": GOOD_TEXT.replace(f":{ISSUED_S},", ":" + "9" * 2000 + ","),
        "True": GOOD_TEXT.replace("true", "True"),
        "a tab in a text": GOOD_TEXT.replace("over-18/", "over-18\t"),
        "an unknown escape": GOOD_TEXT.replace("over-18", "\\x6fver-18"),
        "half an escape": GOOD_TEXT.replace("over-18", "\\u00"),
        "nested 500 deep": '{"a":' * 500,
        "nested in a claim": GOOD_TEXT.replace(":3,", ":" + '{"a":' * 90 + "3" + "}" * 90 + ","),
        "UTF-16": GOOD_TEXT.encode("utf-16"),
        "UTF-32": GOOD_TEXT.encode("utf-32-le")[:2800],
        "a byte order mark": b"\xef\xbb\xbf" + GOOD_TEXT.encode(),
        "not UTF-8": GOOD_TEXT.encode().replace(b"over-18/", b"over-18\xff"),
        "an overlong slash": GOOD_TEXT.encode().replace(b"over-18/", b"over-18\xc0\xaf"),
        "a surrogate in UTF-8": GOOD_TEXT.encode().replace(b"over-18/", b"over-18\xed\xa0\x80"),
        "a form feed": GOOD_TEXT + "\f",
        "a line separator": GOOD_TEXT + "\u2028",
    }
    for name, text in texts.items():
        yield vector(f"json: {name}", "BAD_CLAIMS", forge(text))


def _claims() -> Iterator[Vector]:
    for name in CLAIMS:
        yield vector(f"claims: no {name}", "BAD_CLAIMS", forge(without(name)))
    for name, value in CLAIMS.items():
        other_types: list[object] = [None, [value], {"value": value}]
        other_types += [1, 0] if isinstance(value, bool) else [True]
        other_types += [7] if isinstance(value, str) else [json.dumps(value)]
        for other in other_types:
            label = json.dumps(other, separators=(",", ":"))[:24]
            yield vector(f"claims: {name} is {label}", "BAD_CLAIMS", forge(claims(**{name: other})))
    added: dict[str, Any] = {
        "sub": "person",
        "age": 31,
        "nbf": ISSUED_S,
        "age_over_21": True,
        "": 0,
    }
    added |= {"__proto__": 1, "constructor": 1, "toString": 1, "AUD": AUDIENCE, "attempt": 2}
    for name, value in added.items():
        yield vector(f"claims: also {name!r}", "BAD_CLAIMS", forge(CLAIMS | {name: value}))
    out_of_range: list[tuple[str, object]] = [
        ("v", 0), ("v", 2), ("v", 1.0), ("v", -1), ("method", "document"), ("method", ""),
        ("challenge_age", 18), ("challenge_age", 17.9), ("challenge_age", 80.1),
        ("challenge_age", -25), ("challenge_age", 25.05), ("challenge_age", 0),
        ("policy", ""), ("policy", "p" * 129), ("policy", "over-18\n"), ("policy", "over 18"),
        ("bundle", "A" * 64), ("bundle", "a" * 63), ("bundle", "a" * 65),
        ("bundle", "a" * 64 + "\n"), ("seal", "closed"), ("seal", "SEALED"),
        ("liveness", "None"), ("input", "camera"),
        ("seal", "__proto__"), ("max_attempts", 0), ("max_attempts", 11), ("max_attempts", 3.0),
        ("max_attempts", 2.5), ("aud", ""), ("aud", "a" * 256), ("aud", AUDIENCE + " "),
        ("nonce", "short"), ("nonce", "n" * 129), ("nonce", NONCE + "="), ("nonce", NONCE + "\n"),
        ("iss", "A" * 42), ("iss", "A" * 42 + "B"), ("iss", thumbprint_of(KEY) + "="),
        ("jti", "A" * 21), ("jti", "A" * 21 + "B"), ("jti", "A" * 43), ("jti", "-" * 22 + "\n"),
        ("iat", ISSUED_S + 0.0), ("iat", ISSUED_S + 1), ("iat", -60), ("iat", ISSUED_S + 300),
        ("iat", 10**30), ("exp", ISSUED_S), ("exp", ISSUED_S - 60), ("exp", ISSUED_S + 301),
        ("exp", ISSUED_S + 300.0), ("exp", ISSUED_S + 0.5), ("exp", 253_402_300_800),
    ]  # fmt: skip
    for name, value in out_of_range:
        shown = json.dumps(value)
        label = shown if len(shown) < 40 else f"{shown[:12]}…{shown[-4:]} ({len(str(value))})"
        yield vector(f"claims: {name} {label}", "BAD_CLAIMS", forge(claims(**{name: value})))
    for text in ("1e0", "10e-1"):
        spelt = GOOD_TEXT.replace('"v":1,', f'"v":{text},')
        yield vector(f"claims: v as {text}", "BAD_CLAIMS", forge(spelt))
    names = [
        "age_over_018",
        "age_over_0",
        "age_over_81",
        "age_over_100",
        "age_over_",
        "age_over_-1",
    ]
    names += [
        "AGE_OVER_18",
        "age_under_18",
        "age_over_1e1",
        "age_over_18\n",
        "age_over_18.0",
        "age",
    ]
    for name in names:
        forged = forge(without("age_over_18", challenge_age=80, **{name: True}))
        yield vector(f"claims: {name!r} for the age", "BAD_CLAIMS", forged, age_limit=None)


def _unicode() -> Iterator[Vector]:
    """Texts that look alike, or are equal only after a normalisation that nobody may apply."""
    values: dict[str, tuple[str, str]] = {
        "a Cyrillic o in aud": ("aud", AUDIENCE.replace("o", "\u043e")),
        "a full-width colon in aud": ("aud", AUDIENCE.replace(":", "\uff1a")),
        "a zero-width joiner in aud": ("aud", AUDIENCE + "\u200d"),
        "a right-to-left override in aud": ("aud", "\u202e" + AUDIENCE),
        "a NUL in aud": ("aud", AUDIENCE + "\0"),
        "a lone surrogate in aud": ("aud", AUDIENCE + "\ud800"),
        "a surrogate pair in aud": ("aud", AUDIENCE + "\U0001f600"),
        "a combining mark in policy": ("policy", "o\u0308ver-18"),
        "full-width digits in policy": ("policy", "over-\uff11\uff18"),
        "a Kelvin sign in nonce": ("nonce", NONCE[:-1] + "\u212a"),
        "a long s in seal": ("seal", "\u017fealed"),
        "a dotless i in input": ("input", "dev\u0131ce"),
        "Arabic digits in bundle": ("bundle", "\u0661" * 64),
    }
    for name, (claim, value) in values.items():
        yield vector(f"unicode: {name}", "BAD_CLAIMS", forge(claims(**{claim: value})))
    for name in (
        "age_over_\u0661\u0668",
        "age_over_\uff11\uff18",
        "\u0430ge_over_18",
        "age_over_18\u200b",
    ):
        forged = forge(without("age_over_18", **{name: True}))
        yield vector(f"unicode: {name!a} for the age", "BAD_CLAIMS", forged, age_limit=None)


def _asked() -> Iterator[Vector]:
    """Well-formed answers to something else."""
    audiences = ["https://shop.example/", "https://shop.example:443", "http://shop.example"]
    audiences += [
        "https://SHOP.example",
        "https://shop.example.evil.example",
        "https://evil.example",
    ]
    audiences += ["https://shop.example@evil.example", "https://shop%2Eexample", "shop.example"]
    for audience in audiences:
        yield vector(f"asked: aud {audience}", "WRONG_AUDIENCE", forge(claims(aud=audience)))
    for name, nonce in {
        "longer": NONCE + "A",
        "shorter": NONCE[:-1],
        "in another case": NONCE.swapcase(),
        "of another challenge": "A" * len(NONCE),
    }.items():
        yield vector(f"asked: a nonce {name}", "WRONG_NONCE", forge(claims(nonce=nonce)))
    for age_limit in (1, 17, 21):
        forged = forge(without("age_over_18", **{f"age_over_{age_limit}": True}))
        yield vector(f"asked: age {age_limit}", "WRONG_AGE_LIMIT", forged)
    yield vector("asked: not under 18 is not over 21", "WRONG_AGE_LIMIT", GOOD, age_limit=21)
    yield vector("asked: a file", "INPUT_REFUSED", forge(claims(input="file")))
    yield vector(
        "asked: a device only",
        "INPUT_REFUSED",
        forge(claims(input="browser")),
        accept_inputs=["device"],
    )


def _times() -> Iterator[Vector]:
    early, late = "NOT_YET_VALID", "EXPIRED"
    yield vector("time: just beyond the leeway", early, GOOD, now_s=ISSUED_S - 30.001)
    yield vector("time: no leeway", early, GOOD, now_s=ISSUED_S - 1, leeway_s=0)
    yield vector("time: the epoch", early, GOOD, now_s=0)
    yield vector("time: at expiry", late, GOOD, now_s=ISSUED_S + 300)
    yield vector(
        "time: leeway does not lengthen a life", late, GOOD, now_s=ISSUED_S + 301, leeway_s=300
    )
    yield vector("time: a year later", late, GOOD, now_s=ISSUED_S + 31_536_000)
    yield vector("time: a short life", late, forge(claims(exp=ISSUED_S + 1)))
    future = claims(iat=ISSUED_S + 120, exp=ISSUED_S + 420)
    yield vector("time: made for later", early, forge(future))
    milliseconds = claims(iat=ISSUED_S * 1000, exp=ISSUED_S * 1000 + 300)
    yield vector("time: milliseconds", "BAD_CLAIMS", forge(milliseconds))
    last = claims(iat=253_402_300_740, exp=253_402_300_799)
    yield vector("time: the year 9999", early, forge(last))
    first = claims(iat=0, exp=300)
    yield vector("time: 1970", late, forge(first))

"""The tokens that every verifier refuses, and how: the source of the published vectors.

    python -m relying_party.make_refusals     writes docs/reference/vectors/refusals-v1.json

Each one differs from an acceptable token in one thing, and its signature is good unless the
signature is that thing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from relying_party.forging import (
    AUDIENCE,
    CLAIMS,
    HEADER,
    ISSUED_S,
    KEY,
    NONCE,
    NOW_S,
    OTHER_KEY,
    claims,
    encoded,
    forge,
    json_bytes,
    jwk_of,
    thumbprint_of,
    without,
)

Vector = dict[str, Any]

UNUSABLE_KEY = "UNUSABLE_KEY"
"""In place of a token's fault: the verifier refuses the key that it is set up with."""

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
FIELD_PRIME = 2**255 - 19
GOOD = forge()
GOOD_HEADER, GOOD_PAYLOAD, GOOD_SIGNATURE = GOOD.split(".")
GOOD_TEXT = json_bytes(CLAIMS).decode("ascii")
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
    refused = [
        *_forms(),
        *_headers(),
        *_signatures(),
        *_keys(),
        *_json(),
        *_claims(),
        *_unicode(),
        *_asked(),
        *_times(),
    ]
    return {
        "about": (
            "agecheck token schema v1: every verifier takes those under `accepted` and refuses "
            "those under `refused` with that fault. A vector's `given` replaces `defaults`. "
            "`repeat` stands for a text repeated. Keys are public: for tests only."
        ),
        "defaults": DEFAULTS,
        "accepted": list(_accepted()),
        "refused": refused,
    }


def _vector(name: str, fault: str, token: object, **given: object) -> Vector:
    return {"name": name, "fault": fault, "token": token, **({"given": given} if given else {})}


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
    yield vector("as large as can be", _of_length(4096))


def _of_length(length: int) -> str:
    for spaces in range(4096):
        token = forge(GOOD_TEXT + " " * spaces)
        if len(token) >= length:
            return token
    raise ValueError("no token of that length")


def _forms() -> Iterator[Vector]:
    malformed: dict[str, object] = {
        "empty": "",
        "two dots": "..",
        "two parts": GOOD.rsplit(".", 1)[0],
        "four parts": GOOD + ".AAAA",
        "five parts, as in encryption": GOOD + "..",
        "a dot behind": GOOD + ".",
        "a leading space": " " + GOOD,
        "a line break behind": GOOD + "\n",
        "a line break within": GOOD[:50] + "\n" + GOOD[50:],
        "a NUL within": GOOD[:50] + "\0" + GOOD[50:],
        "padding behind the signature": GOOD + "==",
        "padding behind the header": f"{GOOD_HEADER}=.{GOOD_PAYLOAD}.{GOOD_SIGNATURE}",
        "the other base64 alphabet": f"{GOOD_HEADER}.{GOOD_PAYLOAD}.+/{GOOD_SIGNATURE[2:]}",
        "stray bits in the signature": _stray_bits(GOOD),
        "stray bits in the payload": ".".join(
            (
                GOOD_HEADER,
                _stray_bits(encoded(GOOD_TEXT.encode() + b" " * _to_stray())),
                GOOD_SIGNATURE,
            )
        ),
        "one character of base64 too many": GOOD_HEADER
        + "AAA."
        + GOOD_PAYLOAD
        + "."
        + GOOD_SIGNATURE,
        "percent-encoded": GOOD.replace(".", "%2E"),
        "a Bearer scheme before it": "Bearer " + GOOD,
        "JSON serialisation": json.dumps(
            {"protected": GOOD_HEADER, "payload": GOOD_PAYLOAD, "signature": GOOD_SIGNATURE}
        ),
        "not ASCII": GOOD[:50] + "é" + GOOD[51:],
        "a full-width letter": GOOD[:50] + "\uff21" + GOOD[51:],
        "a zero-width space": GOOD[:50] + "\u200b" + GOOD[50:],
        "a full-width dot": GOOD.replace(".", "\uff0e"),
        "null": None,
        "a number": 7,
        "true": True,
        "a list": [GOOD],
        "an object": {"token": GOOD},
    }
    for name, token in malformed.items():
        yield _vector(f"form: {name}", "MALFORMED", token)
    yield _vector("form: one character too long", "TOO_LARGE", _of_length(4097))
    yield _vector("form: ten million characters", "TOO_LARGE", {"repeat": "A", "count": 10_000_000})
    yield _vector("form: a million dots", "TOO_LARGE", {"repeat": ".", "count": 1_000_000})
    yield _vector("form: 5,000 letters not ASCII", "TOO_LARGE", {"repeat": "é", "count": 5_000})
    yield _vector("form: 4,096 dots", "MALFORMED", {"repeat": ".", "count": 4096})
    # UTF-16 counts two for each of these; a character is one.
    yield _vector("form: 3,000 emoji", "MALFORMED", {"repeat": "\U0001f9d2", "count": 3000})


def _to_stray() -> int:
    """Spaces behind the payload so that its last character of base64url has bits to spare."""
    return next(spaces for spaces in range(3) if (len(GOOD_TEXT) + spaces) % 3 == 1)


def _stray_bits(text: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def _headers() -> Iterator[Vector]:
    for algorithm in (
        "none",
        "None",
        "HS256",
        "ES256",
        "Ed25519",
        "eddsa",
        "EdDSA ",
        "",
        None,
        1,
        True,
    ):
        name = f"header: alg {json.dumps(algorithm)}"
        yield _vector(name, "WRONG_ALGORITHM", forge(header=HEADER | {"alg": algorithm}))
    unsigned = f"{encoded(json_bytes(HEADER | {'alg': 'none'}))}.{GOOD_PAYLOAD}."
    yield _vector("header: alg none, unsigned", "WRONG_ALGORITHM", unsigned)
    yield _vector("header: no alg", "WRONG_ALGORITHM", forge(header={"typ": "agecheck+jwt"}))
    yield _vector("header: empty", "WRONG_ALGORITHM", forge(header={}))
    yield _vector(
        "header: HS256 keyed with the public key", "WRONG_ALGORITHM", _public_key_as_secret("HS256")
    )
    yield _vector("header: EdDSA over HMAC", "BAD_SIGNATURE", _public_key_as_secret("EdDSA"))
    kinds = (
        "JWT",
        "agecheck",
        "AGECHECK+JWT",
        "application/agecheck+jwt",
        "agecheck-enrolment+jwt",
        "",
        None,
        1,
    )
    for kind in kinds:
        name = f"header: typ {json.dumps(kind)}"
        yield _vector(name, "WRONG_TYPE", forge(header=HEADER | {"typ": kind}))
    yield _vector("header: no typ", "WRONG_TYPE", forge(header={"alg": "EdDSA"}))
    further: dict[str, dict[str, Any]] = {
        "kid": {"kid": thumbprint_of(KEY)},
        "kid with a path": {"kid": "../../dev/null"},
        "jku": {"jku": "https://evil.example/keys"},
        "x5u": {"x5u": "https://evil.example/cert"},
        "crit that is empty": {"crit": ""},
        "b64 true": {"b64": True},
        "cty": {"cty": "JWT"},
        "zip": {"zip": "DEF"},
        "a member without a name": {"": 0},
        "__proto__": {"__proto__": 1},
        "ALG beside alg": {"ALG": "none"},
        "jwk of another key": {"jwk": jwk_of(OTHER_KEY)},
        "x5c": {"x5c": ["AAAA"]},
        "crit exp": {"crit": ["exp"]},
        "crit b64 false": {"crit": ["b64"], "b64": False},
    }
    for name, members in further.items():
        yield _vector(f"header: {name}", "MALFORMED", forge(header=HEADER | members))
    yield _vector(
        "header: jwk of the key that signed",
        "MALFORMED",
        forge(header=HEADER | {"jwk": jwk_of(OTHER_KEY)}, key=OTHER_KEY),
    )
    yield _vector("header: b64 false, payload as it is", "MALFORMED", _unencoded_payload())
    texts: dict[str, str | bytes] = {
        "alg twice": '{"alg":"none","alg":"EdDSA","typ":"agecheck+jwt"}',
        "alg twice, once escaped": '{"alg":"EdDSA","typ":"agecheck+jwt","\\u0061lg":"none"}',
        "typ twice": '{"alg":"EdDSA","typ":"JWT","typ":"agecheck+jwt"}',
        "no JSON": "EdDSA",
        "nothing": "",
        "null": "null",
        "a list": "[]",
        "a text": '"EdDSA"',
        "an object behind": '{"alg":"EdDSA","typ":"agecheck+jwt"}{}',
        "a comma behind": '{"alg":"EdDSA","typ":"agecheck+jwt",}',
        "single quotes": "{'alg':'EdDSA','typ':'agecheck+jwt'}",
        "a comment": '{"alg":"EdDSA",/**/"typ":"agecheck+jwt"}',
        "NaN": '{"alg":NaN,"typ":"agecheck+jwt"}',
        "alg as an object": '{"alg":{"EdDSA":1},"typ":"agecheck+jwt"}',
        "UTF-16": json.dumps(HEADER).encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + json_bytes(HEADER),
        "not UTF-8": b'{"alg":"EdDSA","typ":"agecheck+jwt\xff"}',
        "nested 1,500 deep": "[" * 1500,
        "a no-break space": '{"alg":"EdDSA",\u00a0"typ":"agecheck+jwt"}',
    }
    for name, text in texts.items():
        yield _vector(f"header: {name}", "MALFORMED", forge(header=text))


def _public_key_as_secret(algorithm: str) -> str:
    signing_input = f"{encoded(json_bytes(HEADER | {'alg': algorithm}))}.{GOOD_PAYLOAD}"
    secret = KEY.public_key().public_bytes_raw()
    return f"{signing_input}.{encoded(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"


def _unencoded_payload() -> str:
    header = encoded(json_bytes(HEADER | {"b64": False, "crit": ["b64"]}))
    signature = KEY.sign(f"{header}.{GOOD_TEXT}".encode("ascii"))
    return f"{header}.{GOOD_PAYLOAD}.{encoded(signature)}"


def _signatures() -> Iterator[Vector]:
    raw = _signature_bytes()
    r, s = raw[:32], int.from_bytes(raw[32:], "little")
    others: dict[str, bytes] = {
        "none": b"",
        "all zeros": bytes(64),
        "one bit flipped in R": bytes([raw[0] ^ 1]) + raw[1:],
        "one bit flipped in S": raw[:32] + bytes([raw[32] ^ 1]) + raw[33:],
        "S plus the group's order": r + (s + GROUP_ORDER).to_bytes(32, "little"),
        "S negated": r + (GROUP_ORDER - s).to_bytes(32, "little"),
        "63 bytes": raw[:63],
        "65 bytes": raw + b"\0",
        "twice": raw + raw,
        "R and S exchanged": raw[32:] + raw[:32],
        "by another key": OTHER_KEY.sign(f"{GOOD_HEADER}.{GOOD_PAYLOAD}".encode("ascii")),
        "of the payload alone": KEY.sign(GOOD_TEXT.encode("ascii")),
        "of a hash of the message": KEY.sign(
            hashlib.sha512(f"{GOOD_HEADER}.{GOOD_PAYLOAD}".encode("ascii")).digest()
        ),
    }
    for name, signature in others.items():
        token = f"{GOOD_HEADER}.{GOOD_PAYLOAD}.{encoded(signature)}"
        yield _vector(f"signature: {name}", "BAD_SIGNATURE", token)
    under = encoded(json_bytes(claims(age_over_18=False)))
    swapped = f"{GOOD_HEADER}.{under}.{GOOD_SIGNATURE}"
    yield _vector("signature: of another payload", "BAD_SIGNATURE", swapped)
    reordered = encoded(b'{"typ":"agecheck+jwt","alg":"EdDSA"}')
    yield _vector(
        "signature: of another spelling of the header",
        "BAD_SIGNATURE",
        f"{reordered}.{GOOD_PAYLOAD}.{GOOD_SIGNATURE}",
    )
    yield _vector("signature: no payload", "BAD_SIGNATURE", f"{GOOD_HEADER}..{GOOD_SIGNATURE}")


def _signature_bytes() -> bytes:
    return KEY.sign(f"{GOOD_HEADER}.{GOOD_PAYLOAD}".encode("ascii"))


def _keys() -> Iterator[Vector]:
    swapped = jwk_of(OTHER_KEY)
    yield _vector("key: another", "BAD_SIGNATURE", GOOD, public_jwk=swapped)
    yield _vector("key: another signed", "BAD_SIGNATURE", forge(key=OTHER_KEY))
    as_other = forge(claims(iss=thumbprint_of(OTHER_KEY)))
    yield _vector("key: issuer names another", "WRONG_ISSUER", as_other)
    off_curve = {"kty": "OKP", "crv": "Ed25519", "x": encoded(b"\x02" + bytes(31))}
    yield _vector("key: off the curve", "BAD_SIGNATURE", GOOD, public_jwk=off_curve)
    # With the neutral element as key, S = 1 and R = the base point fit every message.
    base_point = bytes([0x58]) + b"\x66" * 31
    anyones = f"{GOOD_HEADER}.{GOOD_PAYLOAD}.{encoded(base_point + bytes([1]) + bytes(31))}"
    sign = 1 << 255
    small = {
        "order 1, under which anybody can sign": 1,
        "order 2": FIELD_PRIME - 1,
        "order 4": 0,
        "order 4, other sign": sign,
        "order 8": 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        "order 8, other": 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        "order 4, written as p": FIELD_PRIME,
        "order 1, written as p + 1": FIELD_PRIME + 1,
        "order 1, with a sign": 1 + sign,
        "y above p": FIELD_PRIME + 18,
    }
    for name, y in small.items():
        key = {"kty": "OKP", "crv": "Ed25519", "x": encoded(y.to_bytes(32, "little"))}
        yield _vector(f"key: {name}", UNUSABLE_KEY, anyones, public_jwk=key)
    good = jwk_of(KEY)
    unusable: dict[str, Any] = {
        "null": None,
        "a text": json.dumps(good),
        "a list": [good],
        "a set of keys": {"keys": [good]},
        "private": good | {"d": encoded(bytes(32))},
        "symmetric": {"kty": "oct", "k": encoded(bytes(32))},
        "on another curve": good | {"crv": "X25519"},
        "of another type": good | {"kty": "EC"},
        "short": good | {"x": encoded(bytes(31))},
        "padded": good | {"x": good["x"] + "="},
        "a number": good | {"x": 5},
        "for encryption": good | {"use": "enc"},
        "for another algorithm": good | {"alg": "HS256"},
        "with alg null": good | {"alg": None},
    }
    for name, key in unusable.items():
        yield _vector(f"key: {name}", UNUSABLE_KEY, GOOD, public_jwk=key)


def _json() -> Iterator[Vector]:
    """Payloads that two JSON parsers might read in two ways."""
    for name in CLAIMS:
        member = json.dumps({name: CLAIMS[name]}, separators=(",", ":"))[1:-1]
        yield _vector(
            f"json: {name} twice", "BAD_CLAIMS", forge("{" + member + "," + GOOD_TEXT[1:])
        )
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
        yield _vector(f"json: {name}", "BAD_CLAIMS", forge(text))


def _claims() -> Iterator[Vector]:
    for name in CLAIMS:
        yield _vector(f"claims: no {name}", "BAD_CLAIMS", forge(without(name)))
    for name, value in CLAIMS.items():
        other_types: list[object] = [None, [value], {"value": value}]
        other_types += [1, 0] if isinstance(value, bool) else [True]
        other_types += [7] if isinstance(value, str) else [json.dumps(value)]
        for other in other_types:
            label = json.dumps(other, separators=(",", ":"))[:24]
            yield _vector(
                f"claims: {name} is {label}", "BAD_CLAIMS", forge(claims(**{name: other}))
            )
    added: dict[str, Any] = {
        "sub": "person",
        "age": 31,
        "nbf": ISSUED_S,
        "age_over_21": True,
        "": 0,
    }
    added |= {"__proto__": 1, "constructor": 1, "toString": 1, "AUD": AUDIENCE, "attempt": 2}
    for name, value in added.items():
        yield _vector(f"claims: also {name!r}", "BAD_CLAIMS", forge(CLAIMS | {name: value}))
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
        yield _vector(f"claims: {name} {label}", "BAD_CLAIMS", forge(claims(**{name: value})))
    for text in ("1e0", "10e-1"):
        spelt = GOOD_TEXT.replace('"v":1,', f'"v":{text},')
        yield _vector(f"claims: v as {text}", "BAD_CLAIMS", forge(spelt))
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
        yield _vector(f"claims: {name!r} for the age", "BAD_CLAIMS", forged, age_limit=None)


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
        yield _vector(f"unicode: {name}", "BAD_CLAIMS", forge(claims(**{claim: value})))
    for name in (
        "age_over_\u0661\u0668",
        "age_over_\uff11\uff18",
        "\u0430ge_over_18",
        "age_over_18\u200b",
    ):
        forged = forge(without("age_over_18", **{name: True}))
        yield _vector(f"unicode: {name!a} for the age", "BAD_CLAIMS", forged, age_limit=None)


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
        yield _vector(f"asked: aud {audience}", "WRONG_AUDIENCE", forge(claims(aud=audience)))
    for name, nonce in {
        "longer": NONCE + "A",
        "shorter": NONCE[:-1],
        "in another case": NONCE.swapcase(),
        "of another challenge": "A" * len(NONCE),
    }.items():
        yield _vector(f"asked: a nonce {name}", "WRONG_NONCE", forge(claims(nonce=nonce)))
    for age_limit in (1, 17, 21):
        forged = forge(without("age_over_18", **{f"age_over_{age_limit}": True}))
        yield _vector(f"asked: age {age_limit}", "WRONG_AGE_LIMIT", forged)
    yield _vector("asked: not under 18 is not over 21", "WRONG_AGE_LIMIT", GOOD, age_limit=21)
    yield _vector("asked: a file", "INPUT_REFUSED", forge(claims(input="file")))
    yield _vector(
        "asked: a device only",
        "INPUT_REFUSED",
        forge(claims(input="browser")),
        accept_inputs=["device"],
    )


def _times() -> Iterator[Vector]:
    early, late = "NOT_YET_VALID", "EXPIRED"
    yield _vector("time: just beyond the leeway", early, GOOD, now_s=ISSUED_S - 30.001)
    yield _vector("time: no leeway", early, GOOD, now_s=ISSUED_S - 1, leeway_s=0)
    yield _vector("time: the epoch", early, GOOD, now_s=0)
    yield _vector("time: at expiry", late, GOOD, now_s=ISSUED_S + 300)
    yield _vector(
        "time: leeway does not lengthen a life", late, GOOD, now_s=ISSUED_S + 301, leeway_s=300
    )
    yield _vector("time: a year later", late, GOOD, now_s=ISSUED_S + 31_536_000)
    yield _vector("time: a short life", late, forge(claims(exp=ISSUED_S + 1)))
    future = claims(iat=ISSUED_S + 120, exp=ISSUED_S + 420)
    yield _vector("time: made for later", early, forge(future))
    milliseconds = claims(iat=ISSUED_S * 1000, exp=ISSUED_S * 1000 + 300)
    yield _vector("time: milliseconds", "BAD_CLAIMS", forge(milliseconds))
    last = claims(iat=253_402_300_740, exp=253_402_300_799)
    yield _vector("time: the year 9999", early, forge(last))
    first = claims(iat=0, exp=300)
    yield _vector("time: 1970", late, forge(first))

"""Tokens refused for their form, header, signature or key."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

from relying_party.forging import (
    HEADER,
    KEY,
    OTHER_KEY,
    claims,
    encoded,
    forge,
    json_bytes,
    jwk_of,
    thumbprint_of,
)
from relying_party.vectors import (
    FIELD_PRIME,
    GOOD,
    GOOD_HEADER,
    GOOD_PAYLOAD,
    GOOD_SIGNATURE,
    GOOD_TEXT,
    GROUP_ORDER,
    UNUSABLE_KEY,
    Vector,
    of_length,
    vector,
)


def refused() -> Iterator[Vector]:
    yield from _forms()
    yield from _headers()
    yield from _signatures()
    yield from _keys()


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
        yield vector(f"form: {name}", "MALFORMED", token)
    yield vector("form: one character too long", "TOO_LARGE", of_length(4097))
    yield vector("form: ten million characters", "TOO_LARGE", {"repeat": "A", "count": 10_000_000})
    yield vector("form: a million dots", "TOO_LARGE", {"repeat": ".", "count": 1_000_000})
    yield vector("form: 5,000 letters not ASCII", "TOO_LARGE", {"repeat": "é", "count": 5_000})
    yield vector("form: 4,096 dots", "MALFORMED", {"repeat": ".", "count": 4096})
    # UTF-16 counts two for each of these; a character is one.
    yield vector("form: 3,000 emoji", "MALFORMED", {"repeat": "\U0001f9d2", "count": 3000})


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
        yield vector(name, "WRONG_ALGORITHM", forge(header=HEADER | {"alg": algorithm}))
    unsigned = f"{encoded(json_bytes(HEADER | {'alg': 'none'}))}.{GOOD_PAYLOAD}."
    yield vector("header: alg none, unsigned", "WRONG_ALGORITHM", unsigned)
    yield vector("header: no alg", "WRONG_ALGORITHM", forge(header={"typ": "agecheck+jwt"}))
    yield vector("header: empty", "WRONG_ALGORITHM", forge(header={}))
    yield vector(
        "header: HS256 keyed with the public key", "WRONG_ALGORITHM", _public_key_as_secret("HS256")
    )
    yield vector("header: EdDSA over HMAC", "BAD_SIGNATURE", _public_key_as_secret("EdDSA"))
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
        yield vector(name, "WRONG_TYPE", forge(header=HEADER | {"typ": kind}))
    yield vector("header: no typ", "WRONG_TYPE", forge(header={"alg": "EdDSA"}))
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
        yield vector(f"header: {name}", "MALFORMED", forge(header=HEADER | members))
    yield vector(
        "header: jwk of the key that signed",
        "MALFORMED",
        forge(header=HEADER | {"jwk": jwk_of(OTHER_KEY)}, key=OTHER_KEY),
    )
    yield vector("header: b64 false, payload as it is", "MALFORMED", _unencoded_payload())
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
        yield vector(f"header: {name}", "MALFORMED", forge(header=text))


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
        yield vector(f"signature: {name}", "BAD_SIGNATURE", token)
    under = encoded(json_bytes(claims(age_over_18=False)))
    swapped = f"{GOOD_HEADER}.{under}.{GOOD_SIGNATURE}"
    yield vector("signature: of another payload", "BAD_SIGNATURE", swapped)
    reordered = encoded(b'{"typ":"agecheck+jwt","alg":"EdDSA"}')
    yield vector(
        "signature: of another spelling of the header",
        "BAD_SIGNATURE",
        f"{reordered}.{GOOD_PAYLOAD}.{GOOD_SIGNATURE}",
    )
    yield vector("signature: no payload", "BAD_SIGNATURE", f"{GOOD_HEADER}..{GOOD_SIGNATURE}")


def _signature_bytes() -> bytes:
    return KEY.sign(f"{GOOD_HEADER}.{GOOD_PAYLOAD}".encode("ascii"))


def _keys() -> Iterator[Vector]:
    swapped = jwk_of(OTHER_KEY)
    yield vector("key: another", "BAD_SIGNATURE", GOOD, public_jwk=swapped)
    yield vector("key: another signed", "BAD_SIGNATURE", forge(key=OTHER_KEY))
    as_other = forge(claims(iss=thumbprint_of(OTHER_KEY)))
    yield vector("key: issuer names another", "WRONG_ISSUER", as_other)
    off_curve = {"kty": "OKP", "crv": "Ed25519", "x": encoded(b"\x02" + bytes(31))}
    yield vector("key: off the curve", "BAD_SIGNATURE", GOOD, public_jwk=off_curve)
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
        yield vector(f"key: {name}", UNUSABLE_KEY, anyones, public_jwk=key)
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
        yield vector(f"key: {name}", UNUSABLE_KEY, GOOD, public_jwk=key)
